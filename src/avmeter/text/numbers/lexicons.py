"""Lexicons made from num2words: its words for 0 to 999, with the forms that it leaves out, and scales of our own.

num2words writes one form of each number. Forms of gender and case, spellings of other countries and the words with
which numbers are joined are added here. What it writes for larger numbers is not used: a test reads it back.

Source: num2words (savoirfairelinux/num2words, LGPL), languages as given below.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType

from avmeter.text.numbers.additive import Lexicon, Words
from avmeter.text.signs import without_optional_signs

PACKAGE = "num2words"


@dataclass(frozen=True, kw_only=True)
class _Language:
    """What a lexicon needs beside the library; words are separated by spaces.

    Attributes:
        library: Its names in num2words, dialects included.
        variants: A number as num2words writes it -> other writings.
        scales: "word word" per power of 1000, from a million on.
        bare_scales: The first word of each stands for one of it.
    """

    library: tuple[str, ...]
    thousand: str
    scales: tuple[str, ...]
    ones: str
    hundred: str = ""
    joiners: str = ""
    decimals: str = ""
    adds: bool = False
    hundred_stems: tuple[str, ...] = ()
    thousand_stems: tuple[str, ...] = ()
    inner_joiner: str = ""
    bare_scales: bool = False
    variants: Callable[[str], Iterable[str]] = lambda words: ()


def additive_languages() -> tuple[str, ...]:
    """Return the codes of the languages with a lexicon."""
    return tuple(_LANGUAGES)


def is_installed() -> bool:
    """Return whether num2words is here."""
    return find_spec(PACKAGE) is not None


@cache
def lexicon_of(code: str) -> Lexicon:
    """Return the lexicon of a language; num2words must be installed."""
    language = _LANGUAGES[code]

    def split(words: str) -> list[str]:
        return without_optional_signs(words, code).split()

    small: dict[Words, int] = {}
    for dialect in language.library:
        for number in range(1000):
            for words in _spellings(number, dialect, language):
                small.setdefault(tuple(split(words)), number)
    ones = split(language.ones)
    return Lexicon(
        small=MappingProxyType({**small, **{(word,): 1 for word in ones}}),
        hundred=frozenset(split(language.hundred)),
        thousand=frozenset(split(language.thousand)),
        scales={word: 1000**power for power, forms in enumerate(language.scales, start=2) for word in split(forms)},
        bare_scales=frozenset(forms.split()[0] for forms in language.scales if forms and language.bare_scales),
        joiners=frozenset(split(language.joiners)),
        decimals=frozenset(split(language.decimals)),
        one=ones[0],
        ones=frozenset(ones),
        adds=language.adds,
        hundred_stems=language.hundred_stems,
        thousand_stems=language.thousand_stems,
        inner_joiner=language.inner_joiner,
    )


def _spellings(number: int, dialect: str, language: _Language) -> Iterator[str]:
    from num2words import num2words

    written = unicodedata.normalize("NFKC", num2words(number, lang=dialect).lower().replace("-", " "))
    for words in (written, *language.variants(written)):
        yield from (words, _without_accents(words))


def _without_accents(words: str) -> str:
    # Of Latin letters: recognisers and writers leave them out in "veintitres". Not of others (й is a letter).
    decomposed = unicodedata.normalize("NFD", words)
    return unicodedata.normalize("NFC", re.sub(r"(?<=[a-z])[\u0300\u0301\u0308]", "", decomposed))


def _spanish(words: str) -> Iterator[str]:
    for form in (words, words.replace("cientos", "cientas")):
        yield form
        if form.endswith("uno"):
            yield from (f"{form[:-1]}", f"{form[:-1]}a", f"{form[:-3]}ún")


def _portuguese(words: str) -> Iterator[str]:
    for form in (words, words.replace("entos", "entas")):
        yield from (form, re.sub(r"\bum$", "uma", form), re.sub(r"\bdois$", "duas", form))
    yield words.replace("catorze", "quatorze")


def _french(words: str) -> Iterator[str]:
    singular = words.replace("cents", "cent").replace("vingts", "vingt")
    for form in (singular, re.sub(r"\bun$", "une", singular)):
        yield from (form, re.sub(r"(?<=\w )cent\b", "cents", form), form.replace("quatre vingt", "quatre vingts"))
        yield form.replace("huitante", "octante")


def _italian(words: str) -> Iterator[str]:
    for form in (words, words.replace("centoo", "cento"), words.replace("centou", "centu")):
        yield form
        if form.endswith("uno"):
            yield form[:-1]
        if form.endswith("tre"):
            yield f"{form[:-1]}é"


def _german(words: str) -> Iterator[str]:
    if words == "eins":
        yield from ("ein", "eine", "einen", "einem", "einer", "eines")
    for form in (words, words.replace("ß", "ss"), words.replace("zwei", "zwo")):
        yield from (form, form.replace("ü", "ue").replace("ö", "oe"))
        yield from _german_ordinals(form)


def _german_ordinals(words: str) -> Iterator[str]:
    # Dates and centuries are written in digits ("3. Mai"): so must "dritten" be. "ersten" stays a word, as "eins" does.
    irregular = {"drei": "dritt", "sieben": "siebt", "acht": "acht"}
    ending = re.search(r"(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf)$", words)
    if words in ("null", "eins"):
        return
    if ending is None:
        stem = f"{words}st"
    else:
        stem = words.removesuffix(ending[0]) + irregular.get(ending[0], f"{ending[0]}t")
    yield from (f"{stem}{case}" for case in ("e", "en", "er", "es", "em"))


def _swedish(words: str) -> Iterator[str]:
    yield from (words.replace("etthundra", "hundra"), re.sub(r"ett$", "en", words))


def _danish(words: str) -> Iterator[str]:
    yield from (words.replace("ethundrede", "hundrede"), words.replace("ethundrede", "et hundrede"))


def _norwegian(words: str) -> Iterator[str]:
    for form in (words, words.replace("en hundre", "ett hundre"), words.replace("en hundre", "hundre")):
        yield from (form, re.sub(r"en$", "ett", form))


def _hungarian(words: str) -> Iterator[str]:
    yield re.sub("kettő$", "két", words)


def _polish(words: str) -> Iterator[str]:
    yield re.sub(r"\bdwa$", "dwie", words)


def _czech(words: str) -> Iterator[str]:
    for form in (words, words.replace("dvěstě", "dvě stě")):
        yield from (form, re.sub(r"\bdva$", "dvě", form), re.sub(r"\bjedna$", "jeden", form))
        yield from (re.sub(r"(\w+)(sta|set)\b", r"\1 \2", form),)


def _ukrainian(words: str) -> Iterator[str]:
    yield from (re.sub(r"\bдва$", "дві", words), re.sub(r"\bодин$", "одна", words))


def _vietnamese(words: str) -> Iterator[str]:
    for form in (words, words.replace("lẻ", "linh"), words.replace("mươi ", "") if words.count(" ") == 2 else words):
        yield from (form, re.sub(r"\bbốn$", "tư", form))
    if "trăm" not in words and words != "không":
        # Behind a thousand: "two thousand, no hundred and twenty-four".
        yield from (f"không trăm {joint}{words}" for joint in ("", "linh ", "lẻ "))


_LANGUAGES: Mapping[str, _Language] = MappingProxyType(
    {
        "es": _Language(
            library=("es",), thousand="mil", joiners="y", decimals="coma punto", ones="un uno", variants=_spanish,
            scales=("millón millon millones", "", "billón billon billones"),
        ),
        "fr": _Language(
            library=("fr", "fr_BE", "fr_CH"), hundred="cent cents", thousand="mille", joiners="et", decimals="virgule",
            ones="un", scales=("million millions", "milliard milliards", "billion billions"), variants=_french,
        ),
        "it": _Language(
            library=("it",), thousand="mille mila", joiners="e", decimals="virgola", ones="un uno", variants=_italian,
            thousand_stems=("mila", "mille"), scales=("milione milioni", "miliardo miliardi", "bilione bilioni"),
        ),
        "pt": _Language(
            library=("pt_BR", "pt"), thousand="mil", joiners="e", decimals="vírgula virgula", ones="um",
            scales=("milhão milhao milhões milhoes", "bilhão bilhões bilhoes", "trilhão trilhões trilhoes"),
            variants=_portuguese,
        ),
        "de": _Language(
            library=("de",), hundred="hundert", thousand="tausend", joiners="und", decimals="komma", ones="ein eins",
            hundred_stems=("hundert",), thousand_stems=("tausend",), inner_joiner="und", variants=_german,
            scales=("million millionen", "milliarde milliarden", "billion billionen"),
        ),
        "nl": _Language(
            library=("nl",), hundred="honderd", thousand="duizend", joiners="en", decimals="komma", ones="een één",
            hundred_stems=("honderd",), thousand_stems=("duizend",), inner_joiner="en",
            scales=("miljoen", "miljard", "biljoen"),
        ),
        "sv": _Language(
            library=("sv",), hundred="hundra", thousand="tusen", joiners="och", decimals="komma", ones="en ett",
            hundred_stems=("hundra",), thousand_stems=("tusen",), variants=_swedish,
            scales=("miljon miljoner", "miljard miljarder", "biljon biljoner"),
        ),
        "da": _Language(
            library=("da",), hundred="hundrede", thousand="tusind tusinde ettusind ettusinde", joiners="og",
            decimals="komma", ones="en et", hundred_stems=("hundrede",), thousand_stems=("tusinde", "tusind"),
            scales=("million millioner", "milliard milliarder", "billion billioner"), variants=_danish,
        ),
        "no": _Language(
            library=("no",), hundred="hundre", thousand="tusen", joiners="og", decimals="komma", ones="en ett",
            hundred_stems=("hundre",), thousand_stems=("tusen",), variants=_norwegian,
            scales=("million millioner", "milliard milliarder", "billion billioner"),
        ),
        "pl": _Language(
            library=("pl",), bare_scales=True, thousand="tysiąc tysiące tysięcy", decimals="przecinek",
            ones="jeden", variants=_polish,
            scales=("milion miliony milionów", "miliard miliardy miliardów", "bilion biliony bilionów"),
        ),
        "cs": _Language(
            library=("cs",), bare_scales=True, thousand="tisíc tisíce", ones="jeden jedna", variants=_czech,
            scales=("milion miliony milionů", "miliarda miliardy miliard", "bilion biliony bilionů"),
        ),
        "uk": _Language(
            library=("uk",), bare_scales=True, thousand="тисяча тисячі тисяч", ones="один", variants=_ukrainian,
            scales=("мільйон мільйони мільйонів", "мільярд мільярди мільярдів", "трильйон трильйони трильйонів"),
        ),
        "tr": _Language(
            library=("tr",), hundred="yüz", thousand="bin", decimals="virgül", ones="bir", adds=True,
            hundred_stems=("yüz",), thousand_stems=("bin",), scales=("milyon", "milyar", "trilyon"),
        ),
        "ca": _Language(
            library=("ca",), hundred="cent cents", thousand="mil", joiners="i", decimals="coma", ones="un u",
            scales=("milió milions", "", "bilió bilions"),
        ),
        "fi": _Language(
            library=("fi",), hundred="sata sataa", thousand="tuhat tuhatta", decimals="pilkku", ones="yksi",
            hundred_stems=("sataa", "sata"), thousand_stems=("tuhatta", "tuhat"),
            scales=("miljoona miljoonaa", "miljardi miljardia", "biljoona biljoonaa"),
        ),
        "hu": _Language(
            library=("hu",), hundred="száz", thousand="ezer", decimals="egész", ones="egy",
            hundred_stems=("száz",), thousand_stems=("ezer",), variants=_hungarian,
            scales=("millió", "milliárd", "billió"),
        ),
        "id": _Language(
            library=("id",), thousand="ribu seribu", decimals="koma", ones="satu",
            scales=("juta sejuta", "miliar semiliar", "triliun"),
        ),
        "fa": _Language(
            library=("fa",), thousand="هزار", joiners="و", decimals="ممیز", ones="یک",
            scales=("میلیون", "میلیارد", "تریلیون"),
        ),
        "vi": _Language(
            library=("vi",), thousand="nghìn ngàn", joiners="lẻ linh", decimals="phẩy", ones="một",
            scales=("triệu", "tỷ tỉ"), variants=_vietnamese,
        ),
    }
)  # fmt: skip
