"""Russian: cardinals and ordinals in every case.

    двадцать пять, двадцати пяти, двадцатью пятью     25
    в две тысячи двадцать четвёртом году              в 2024 году
    двадцать первый век, 21-й век                     21 век        an ordinal is its number
    три целых пять десятых, 3,5                       3.5

Source: the declension of numerals in Зализняк's Грамматический словарь; rules of our own. ё is е here.
"""

from __future__ import annotations

import re
from functools import cache

from avmeter.text.numbers.additive import Lexicon, words_in_digits

_CARDINALS = """
0 ноль нуль ноля нуля нолю нулю нулем нолем нуле
1 один одна одно одного одной одному одним одном одну одною
2 два две двух двум двумя
3 три трех трем тремя
4 четыре четырех четырем четырьмя
5 пять пяти пятью
6 шесть шести шестью
7 семь семи семью
8 восемь восьми восемью восьмью
9 девять девяти девятью
10 десять десяти десятью
11 одиннадцат 12 двенадцат 13 тринадцат 14 четырнадцат 15 пятнадцат 16 шестнадцат 17 семнадцат 18 восемнадцат
19 девятнадцат 20 двадцат 30 тридцат
40 сорок сорока
50 пятьдесят пятидесяти пятьюдесятью
60 шестьдесят шестидесяти шестьюдесятью
70 семьдесят семидесяти семьюдесятью
80 восемьдесят восьмидесяти восемьюдесятью
90 девяносто девяноста
100 сто ста
200 двести двухсот двумстам двумястами двухстах
300 триста трехсот тремстам тремястами трехстах
400 четыреста четырехсот четыремстам четырьмястами четырехстах
500 пятьсот пятисот пятистам пятьюстами пятистах
600 шестьсот шестисот шестистам шестьюстами шестистах
700 семьсот семисот семистам семьюстами семистах
800 восемьсот восьмисот восьмистам восемьюстами восьмистах
900 девятьсот девятисот девятистам девятьюстами девятистах
"""
_ORDINALS = """
1 перв 2 втор 4 четверт 5 пят 6 шест 7 седьм 8 восьм 9 девят 10 десят 11 одиннадцат 12 двенадцат 13 тринадцат
14 четырнадцат 15 пятнадцат 16 шестнадцат 17 семнадцат 18 восемнадцат 19 девятнадцат 20 двадцат 30 тридцат 40 сороков
50 пятидесят 60 шестидесят 70 семидесят 80 восьмидесят 90 девяност 100 сот 200 двухсот 300 трехсот 400 четырехсот
500 пятисот 600 шестисот 700 семисот 800 восьмисот 900 девятисот
"""
_HARD = "ый ой ая ое ые ого ому ым ом ую ою ых ыми"
_SOFT = "ий ья ье ьи ьего ьей ьему ьим ьем ью ьих ьими"
_SUFFIX = re.compile(r"(?<=\d)-(?:ый|ой|ий|ая|ое|ее|ые|ого|его|ому|ему|ым|ую|ых|ыми|ом|ем|й|я|е|го|му|м|х|ми|ю)(?!\w)")
_FRACTION = re.compile(r"(?<![\w.])(\d+|один|одна) цел(?:ых|ая|ой) (?:и )?(\d{1,3}|один|одна) (10|100|1000)(?!\w)")
_PERCENT = re.compile(r"\bпроцент(?:а|у|ом|е|ы|ам|ами|ах)?(?!\w)")


def russian_in_digits(text: str) -> str:
    """Numbers of a lower-case Russian text, ё written as е, in digits; everything else unchanged."""
    text = _PERCENT.sub("процентов", text.replace("%", " процентов "))
    return _FRACTION.sub(_decimal, words_in_digits(_SUFFIX.sub("", text), _lexicon()))


def _decimal(match: re.Match[str]) -> str:
    whole, part = ("1" if word in ("один", "одна") else word for word in match.group(1, 2))
    return f"{whole}.{part.zfill(len(match[3]) - 1)}"


@cache
def _lexicon() -> Lexicon:
    small: dict[tuple[str, ...], int] = {}
    value = 0
    for word in _CARDINALS.split():
        if word.isdigit():
            value = int(word)
        elif 11 <= value <= 30:
            small |= {(f"{word}{ending}",): value for ending in ("ь", "и", "ью")}
        else:
            small[(word,)] = value
    for word in _ORDINALS.split():
        if word.isdigit():
            value = int(word)
        else:
            small |= {(f"{word}{ending}",): value for ending in _HARD.split() if (f"{word}{ending}",) not in small}
    small |= {(f"трет{ending}",): 3 for ending in _SOFT.split()}
    return Lexicon(
        small=small,
        thousand=frozenset(
            ["тысяча", "тысячи", "тысяч", "тысяче", "тысячу", "тысячей", "тысячам", "тысячами", "тысячах"]
        ),
        scales={
            f"{stem}{ending}": 1000**power
            for power, stem in enumerate(("миллион", "миллиард", "триллион"), start=2)
            for ending in ("", "а", "у", "ом", "е", "ы", "ов", "ам", "ами", "ах")
        },
        bare_scales=frozenset(["миллион", "миллиард", "триллион"]),
        one="один",
        ones=frozenset(["один"]),
        adds=True,
    )
