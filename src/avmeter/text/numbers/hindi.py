"""Hindi: the hundred words below सौ, and the Indian scales लाख (100,000) and करोड़ (10,000,000).

    पैंतीस, ३५                          35
    दो हज़ार चौबीस, उन्नीस सौ चौरासी       2024, 1984
    डेढ़ लाख                            stays: halves have words of their own

Source: the numerals of Standard Hindi as listed by the Central Hindi Directorate; spellings with candrabindu or
anusvara, with and without nukta, are one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from avmeter.text.numbers.additive import Lexicon, Words, words_in_digits

_BELOW_HUNDRED = """
शून्य एक दो तीन चार पांच|पाँच छह|छः|छ|छे सात आठ नौ
दस ग्यारह बारह तेरह चौदह पंद्रह|पन्द्रह सोलह सत्रह अठारह|अट्ठारह उन्नीस
बीस इक्कीस बाईस|बाइस तेईस|तेइस चौबीस पच्चीस छब्बीस सत्ताईस|सत्ताइस अट्ठाईस|अट्ठाइस|अठाईस उनतीस|उन्तीस
तीस इकतीस|इकत्तीस बत्तीस तैंतीस|तेंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस|उन्तालीस
चालीस इकतालीस बयालीस|बयालिस तैंतालीस|तिरतालीस चौवालीस|चवालीस|चौंवालीस पैंतालीस छियालीस|छयालीस सैंतालीस अड़तालीस उनचास|उन्चास
पचास इक्यावन बावन तिरपन|तिरेपन चौवन|चौअन पचपन छप्पन सत्तावन अट्ठावन|अठावन उनसठ
साठ इकसठ बासठ तिरसठ|तिरेसठ चौंसठ|चौसठ पैंसठ छियासठ|छयासठ सड़सठ|सरसठ अड़सठ उनहत्तर
सत्तर इकहत्तर|इकत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी|उनासी|उन्नासी
अस्सी इक्यासी बयासी तिरासी|तेरासी चौरासी पचासी छियासी सत्तासी|सतासी अट्ठासी|अठासी नवासी
नब्बे इक्यानवे|इक्यानबे बानवे|बानबे तिरानवे|तिरानबे चौरानवे|चौरानबे पंचानवे|पचानवे|पंचानबे|पचानबे
छियानवे|छियानबे सत्तानवे|सत्तानबे अट्ठानवे|अट्ठानबे|अठानवे निन्यानवे|निन्यानबे
"""
_NUKTA = "\u093c"


def hindi_in_digits(text: str) -> str:
    """Numbers of a lower-case Hindi text in digits; everything else unchanged."""
    text = text.replace("%", " प्रतिशत ")
    return words_in_digits(re.sub("(?:फीसदी|फ़ीसदी)", "प्रतिशत", text), _lexicon())


@cache
def _lexicon() -> Lexicon:
    small: dict[Words, int] = {
        (spelling,): number
        for number, words in enumerate(unicodedata.normalize("NFKC", _BELOW_HUNDRED).split())
        for word in words.split("|")
        for spelling in (word, word.replace(_NUKTA, ""), word.replace("ं", "ँ"))
    }
    return Lexicon(
        small=small,
        hundred=frozenset(["सौ"]),
        thousand=frozenset([f"हज{_NUKTA}ार", "हजार"]),
        scales={"लाख": 10**5, f"करोड{_NUKTA}": 10**7, "करोड": 10**7, "अरब": 10**9, "खरब": 10**11},
        decimals=frozenset(["दशमलव"]),
        one="एक",
        ones=frozenset(["एक"]),
    )
