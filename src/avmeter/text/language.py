"""Languages: what a hint means, and whether its text is scored by word or by character.

Word error rates need words with spaces between them. Chinese (all of its languages), Japanese, Thai, Lao, Burmese and
Khmer are written without; Korean spaces its words but writers and recognisers disagree where, so it is scored by
character as well, as published harnesses do.

Sources: ISO 639-1 and 639-3, BCP 47 (RFC 5646) for the form of tags; `whisper/tokenizer.py` of openai/whisper for the
codes that its models know. Differs from FastVideo's `wer/metric.py`, which looks for "zh", "ja", "en" ... anywhere in
the hint: there "chinese" is scored by word (it contains "es"), "javanese" by character (it contains "ja"), and
"Mandarin" is not understood.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from avmeter.errors import UnknownNameError, UsageError
from avmeter.text.tokens import is_unspaced, tokens

CHAR_LEVEL_SHARE = 0.2
"""A text without a hint is scored by character from this share of unspaced characters among its tokens on."""

_CHAR_LEVEL = frozenset(["zh", "ja", "ko", "yue", "th", "lo", "my", "km", "wuu", "nan", "hak", "lzh"])
_UNDECIDED = frozenset(["", "auto", "und"])
_WHISPER_CODES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue"
)
_WHISPER = frozenset(_WHISPER_CODES.split())
_WHISPER_SPELLING: Mapping[str, str] = MappingProxyType({"jv": "jw", "nb": "no"})
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ja", re.compile("[\u3041-\u30ff\uff66-\uff9d]")),
    ("zh", re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
    ("ko", re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ar", re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufeff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
)
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language as this package names it.

    `tag` is the shortest BCP 47 tag that says what matters here: the language ("zh", "yue"), and the script only
    where text in it is spaced although the language usually is not ("zh-Latn"). Regions are left out, so that
    "zh-CN" and "Chinese" are one language in every table.
    """

    tag: str
    name: str
    char_level: bool

    @property
    def code(self) -> str:
        """The language alone: ISO 639-1 where there is one, else ISO 639-3."""
        return self.tag.partition("-")[0]

    @property
    def whisper(self) -> str | None:
        """Code of this language in Whisper's vocabulary; None where Whisper does not know it.

        "yue" exists from large-v3 on only.
        """
        code = _WHISPER_SPELLING.get(self.code, self.code)
        return code if code in _WHISPER else None


def parse_language(hint: object) -> Language | None:
    """The language that a hint names: English name, own name, BCP 47 tag, ISO 639-1 or 639-3 code, in any case.

    Returns:
        None for no hint: None, "", "auto" and "und" (undetermined).

    Raises:
        UnknownNameError: The hint is text, but names no language.
        UsageError: The hint is not text.
    """
    if hint is None:
        return None
    if not isinstance(hint, str):
        raise UsageError(
            f"language hint is {type(hint).__name__}, not text", hint='give a name or a tag: "English", "zh-CN"'
        )
    folded = _folded(hint)
    if folded in _UNDECIDED:
        return None
    known = _languages()
    if folded in known:
        return known[folded]
    if _TAG.fullmatch(hint.strip()):
        language = _from_tag(re.split("[-_]", hint.strip().lower()))
        if language is not None:
            return language
    raise UnknownNameError(f"unknown language `{hint}`", hint=_suggestion(folded))


def detect_char_level(text: str) -> bool:
    """Whether a text without a language hint is scored by character.

    True where characters of unspaced scripts (Han, kana, Hangul, Thai, Lao, Burmese, Khmer) make at least
    `CHAR_LEVEL_SHARE` of its tokens, a word of any other script counting as one token. Differs from FastVideo, where
    a single Han, kana or Hangul character is enough and Thai, Lao, Burmese and Khmer never are.
    """
    units = tokens(text, char_level=True)
    unspaced = sum(is_unspaced(unit) for unit in units)
    return unspaced > 0 and unspaced >= CHAR_LEVEL_SHARE * len(units)


def language_of_script(text: str) -> Language | None:
    """The language whose rules fit a text without a hint, by its script alone; None for Latin letters and for none.

    One language stands for all that share its script: Japanese for kana, Chinese for Han, Korean for Hangul, Thai,
    Arabic, Hindi for Devanagari, Russian for Cyrillic, Hebrew. Where words are spaced, the script of most letters
    counts.
    """
    found = dict.fromkeys([*(code for code, _ in _SCRIPTS), ""], 0)
    for char in text:
        if char.isalpha():
            found[next((code for code, pattern in _SCRIPTS if pattern.match(char)), "")] += 1
    if detect_char_level(text):
        # Kana decide: Japanese is written with more Han than kana at times, Chinese with none.
        unspaced = {code: count for code, count in found.items() if code in _CHAR_LEVEL and count}
        code = "ja" if "ja" in unspaced else max(unspaced, key=lambda code: unspaced[code], default="")
    else:
        code = max(found, key=lambda code: found[code])
    return _languages()[code] if code and found[code] else None


def _from_tag(subtags: list[str]) -> Language | None:
    known = _languages()
    language = known.get(subtags[0])
    if language is None or len(subtags[0]) > 3:
        return None
    # RFC 5646, 2.2.2: "zh-yue" is the older form of "yue".
    extended = known.get(subtags[1]) if len(subtags) > 1 and len(subtags[1]) == 3 else None
    if extended is not None and language.code == "zh":
        language = extended
    if language.char_level and "latn" in subtags[1:]:
        return Language(tag=f"{language.tag}-Latn", name=f"{language.name} (Latin script)", char_level=False)
    return language


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().replace("_", " ").split())


def _suggestion(folded: str) -> str:
    # A code of two letters is near to dozens of others: only names are worth a guess.
    names = {language.name.casefold() for language in _languages().values()}
    near = difflib.get_close_matches(folded, names, n=3, cutoff=0.6) if len(folded) > 3 else []
    if near:
        return f"did you mean {' or '.join(f'`{name}`' for name in near)}?"
    return 'give an English name ("German"), an ISO 639 code ("de", "deu") or a tag ("de-AT"); or none, to detect it'


@cache
def _languages() -> Mapping[str, Language]:
    """Every spelling of every language, from `languages.tsv`."""
    table: dict[str, Language] = {}
    lines = resources.files("avmeter.text").joinpath("languages.tsv").read_text("utf-8").splitlines()
    for line in lines[2:]:
        code, iso3, name, aliases = line.split("\t")
        language = Language(tag=code, name=name, char_level=code in _CHAR_LEVEL)
        for spelling in (code, *iso3.split("|"), name, *aliases.split("|")):
            if spelling:
                table[_folded(spelling)] = language
    return MappingProxyType(table)
