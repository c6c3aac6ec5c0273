"""Word error rate of what is said in a clip against what should be said.

    WER = (substitutions + deletions + insertions) / words of the reference

Per clip, and over the corpus (all edits over all words), which is what papers report. The transcript comes from a
speech recogniser, so its own errors are part of the number: compare only scores of one recogniser, and one
normaliser of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.registry import register
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample
from avmeter.text.dialogue import plain_text
from avmeter.text.error_rate import Alignment, align
from avmeter.text.language import detect_char_level, parse_language
from avmeter.text.normalise import NORMALISERS, normalise
from avmeter.text.tokens import tokens

_BACKENDS = {"whisper": "whisper"}


@dataclass
class WerState:
    """Edits and reference words, in all and by language; clips with speech where none was wanted."""

    edits: int = 0
    words: int = 0
    rates: list[float] = field(default_factory=list)
    unwanted_speech: int = 0
    by_language: dict[str, list[int]] = field(default_factory=dict)


@register("audio.wer")
class Wer(CorpusMetric):
    """Word (or character) error rate; 0 is perfect, above 1 is possible; lower is better.

    Args:
        asr_backend: Recogniser: "whisper".
        model_name: Size, hub name or folder of the recogniser's model; None is its default ("base").
        normalizer: Normaliser of both texts, see `avmeter.text.normalise`.
        numbers: Let "fifty" equal "50" (English).
        protocol: Both protocols are the same here.
    """

    name = "audio.wer"
    direction = "lower"
    unit = "edits per word"
    range = (0.0, None)
    per_sample = True
    takes_references = False

    def __init__(
        self,
        *,
        asr_backend: str = "whisper",
        model_name: str | None = None,
        normalizer: str = "magihuman",
        numbers: bool = True,
        protocol: str = "fastvideo",
    ) -> None:
        super().__init__(protocol=protocol)
        if asr_backend not in _BACKENDS:
            raise UnknownNameError.among("asr_backend", asr_backend, _BACKENDS)
        if normalizer not in NORMALISERS:
            raise UnknownNameError.among("normalizer", normalizer, NORMALISERS)
        self.asr_backend = asr_backend
        self.model_name = model_name
        self.normalizer = normalizer
        self.numbers = numbers

    def options(self) -> Mapping[str, Any]:
        return {
            **super().options(),
            "asr_backend": self.asr_backend,
            "model_name": self.model_name,
            "normalizer": self.normalizer,
            "numbers": self.numbers,
        }

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(
                name="transcript",
                field="audio",
                extractor=_BACKENDS[self.asr_backend],
                options={"model_name": self.model_name},
                options_from={"language": "language"},
            ),
        )

    def check(self, sample: Sample) -> Skip | None:
        if sample.text("reference_text") is None and sample.text("text_prompt") is None:
            return Skip(
                code=SkipCode.MISSING_INPUT,
                reason=f"{sample.id}: no `reference_text` (nor `text_prompt`) given",
                hint="give `reference_text=`, the words that should be heard",
            )
        try:
            parse_language(sample.text("language"))
            plain_text(_reference(sample)[0])
        except UsageError as error:
            return Skip(code=SkipCode.UNSUPPORTED, reason=f"{sample.id}: {error.message}", hint=error.hint)
        return None

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        heard = features["transcript"].facts
        reference, source = _reference(sample)
        reference = plain_text(reference)
        alignment, char_level = self._align(sample, reference, heard)
        language = parse_language(sample.text("language"))
        details: dict[str, Any] = {
            "transcription": self._normal(heard["text"], language),
            "reference_text": self._normal(reference, language),
            "raw_transcription": heard["text"],
            "asr_backend": self.asr_backend,
            "char_level": char_level,
            "reference_source": source,
            "normalizer": self.normalizer,
            "hits": alignment.hits,
            "substitutions": alignment.substitutions,
            "deletions": alignment.deletions,
            "insertions": alignment.insertions,
            "cer": self._character_error_rate(reference, heard["text"], language),
            "detected_language": heard["language"],
            "language_probability": heard["language_probability"],
            "speech_s": heard["speech_s"],
            "long_form": heard["long_form"],
            "no_speech_prob": max((s["no_speech_prob"] for s in heard["segments"]), default=None),
            "compression_ratio": max((s["compression_ratio"] for s in heard["segments"]), default=None),
            "diff": [[op.kind, op.reference, op.hypothesis] for op in alignment.ops],
        }
        if source == "text_prompt":
            details["note"] = "scored against text_prompt: a scene description is not a transcript"
        if alignment.error_rate is None:
            details["speech_where_none_was_wanted"] = alignment.insertions > 0
            skip = SkipError(
                SkipCode.EMPTY_TEXT,
                f"{sample.id}: the reference text is empty; {alignment.insertions} words were heard",
                hint="a rate needs words to divide by: see `insertions` in the details",
            )
            return MetricResult.skipped(self.name, skip, details=details)
        return MetricResult(self.name, alignment.error_rate, details)

    def _normal(self, text: str, language: Any) -> str:
        return normalise(text, self.normalizer, language, numbers=self.numbers)

    def _align(self, sample: Sample, reference: str, heard: Mapping[str, Any]) -> tuple[Alignment, bool]:
        language = parse_language(sample.text("language"))
        wanted, got = self._normal(reference, language), self._normal(heard["text"], language)
        char_level = language.char_level if language else detect_char_level(f"{wanted} {got}")
        return align(tokens(wanted, char_level), tokens(got, char_level)), char_level

    def _character_error_rate(self, reference: str, heard: str, language: Any) -> float | None:
        wanted, got = (list(self._normal(t, language).replace(" ", "")) for t in (reference, heard))
        return align(wanted, got).error_rate

    def start(self) -> WerState:
        return WerState()

    def update(self, state: WerState, sample: Sample, features: FeatureSet) -> WerState:
        heard = features["transcript"].facts
        alignment, _ = self._align(sample, plain_text(_reference(sample)[0]), heard)
        if alignment.error_rate is None:
            state.unwanted_speech += alignment.insertions > 0
            raise SkipError(SkipCode.EMPTY_TEXT, f"{sample.id}: the reference text is empty")
        language = parse_language(sample.text("language"))
        name = language.tag if language else (heard["language"] or "unknown")
        tally = state.by_language.setdefault(name, [0, 0])
        for counter, value in ((0, alignment.edits), (1, alignment.num_reference)):
            tally[counter] += value
        state.edits += alignment.edits
        state.words += alignment.num_reference
        state.rates.append(alignment.error_rate)
        return state

    def merge(self, a: WerState, b: WerState) -> WerState:
        merged = WerState(
            edits=a.edits + b.edits,
            words=a.words + b.words,
            rates=a.rates + b.rates,
            unwanted_speech=a.unwanted_speech + b.unwanted_speech,
            by_language={k: list(v) for k, v in a.by_language.items()},
        )
        for name, (edits, words) in b.by_language.items():
            tally = merged.by_language.setdefault(name, [0, 0])
            tally[0] += edits
            tally[1] += words
        return merged

    def finish(self, state: WerState) -> MetricResult:
        if not state.words:
            raise SkipError(SkipCode.TOO_FEW_SAMPLES, f"{self.name}: no clip with a reference text was transcribed")
        details = {
            "edits": state.edits,
            "words": state.words,
            "macro_wer": sum(state.rates) / len(state.rates),
            "speech_where_none_was_wanted": state.unwanted_speech,
            "by_language": {k: {"wer": e / w, "words": w} for k, (e, w) in sorted(state.by_language.items()) if w},
        }
        return MetricResult(self.name, state.edits / state.words, details)


def _reference(sample: Sample) -> tuple[Any, str]:
    stated = sample.text("reference_text")
    return (stated, "reference_text") if stated is not None else (sample.text("text_prompt"), "text_prompt")
