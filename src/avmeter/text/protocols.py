"""Normalisers of published harnesses, kept as they are, faults included, for figures that must compare with theirs."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from avmeter.errors import MissingDependencyError
from avmeter.telemetry import import_without_telemetry
from avmeter.text.language import Language, detect_char_level

_FASTVIDEO_GONE = str.maketrans("", "", string.punctuation + "，。！？、；：「」『』（）《》【】—…")

# `zhon.hanzi.punctuation` of zhon 2.1.1: East Asian full-width forms, CJK symbols, dashes and quotes, full stops.
_HANZI_PUNCTUATION = (
    "＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､\u3000、〃〈〉《》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟"
    "〰〾〿–—‘’‛“”„‟…‧﹏﹑﹔·．！？｡。"
)
_SEED_TTS_GONE = str.maketrans("", "", (_HANZI_PUNCTUATION + string.punctuation).replace("'", ""))

# Where the table of British and American spellings may already be on this machine.
_SPELLINGS = (("whisper_normalizer", "english.json"), ("whisper", "normalizers/english.json"))


def fastvideo(text: str) -> str:
    """As `fastvideo/eval/metrics/audio/wer/metric.py`: NFKC, lower case, ASCII and some CJK punctuation deleted."""
    text = unicodedata.normalize("NFKC", text).strip().lower().translate(_FASTVIDEO_GONE)
    return re.sub(r"\s+", " ", text)


def seed_tts(text: str, language: Language | None) -> str:
    """As `run_wer.py` of BytedanceSpeech/seed-tts-eval: punctuation but the apostrophe deleted; lower case in English.

    Any language but Chinese is treated as English is there. Left to the caller, as there: traditional characters of a
    recogniser to simplified ones (seed-tts-eval uses zhconv).
    """
    text = text.translate(_SEED_TTS_GONE).replace("  ", " ")
    chinese = language.code == "zh" if language else detect_char_level(text)
    return text if chinese else text.lower()


def whisper_basic(text: str) -> str:
    """As `BasicTextNormalizer()` of `whisper/normalizers/basic.py`: brackets go with their words, symbols are spaces.

    Combining marks that NFKC cannot merge count as symbols: vowel signs of Devanagari, Thai or Arabic cut words there.
    """
    text = re.sub(r"[<\[][^>\]]*[>\]]", "", text.lower())
    text = unicodedata.normalize("NFKC", re.sub(r"\(([^)]+?)\)", "", text))
    text = "".join(" " if unicodedata.category(char)[0] in "MSP" else char for char in text).lower()
    return re.sub(r"\s+", " ", text)


def whisper_english(text: str) -> str:
    """As `EnglishTextNormalizer` of openai/whisper, by the copy in transformers.

    Raises:
        MissingDependencyError: transformers is not installed.
    """
    return _english_normaliser()(text)


def whisper_english_caveats() -> tuple[str, ...]:
    """What `whisper_english` leaves undone on this machine."""
    if _spellings():
        return ()
    return (
        "British spellings are kept: the table `english.json` of Whisper is not on this machine"
        " (install `whisper-normalizer` or `openai-whisper`)",
    )


@cache
def _english_normaliser() -> Callable[[str], str]:
    try:
        whisper = import_without_telemetry("transformers.models.whisper.english_normalizer")
    except ImportError as error:
        raise MissingDependencyError(
            "the normaliser `whisper-english` needs transformers, which is not installed",
            hint="pip install 'avmeter[clap]', or use the normaliser `magihuman`",
        ) from error
    normaliser: Callable[[str], str] = whisper.EnglishTextNormalizer(dict(_spellings()))
    return normaliser


@cache
def _spellings() -> Mapping[str, str]:
    for package, path in _SPELLINGS:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            file = Path(folder, path)
            if file.is_file():
                return MappingProxyType(json.loads(file.read_text("utf-8")))
    return MappingProxyType({})
