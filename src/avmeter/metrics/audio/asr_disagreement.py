"""Disagreement of recognisers: do two speech recognisers hear the same words in a clip?

    edits between both transcripts / words of the longer one

0 is the same words, 1 nothing in common. Needs no text: it says how far a WER of these clips can be trusted, and where
speech is so unclear that a recogniser guesses. Two recognisers that err alike agree; a small one that errs more raises
it. Both transcripts go through one normaliser. A clip in which neither hears a word is skipped.

A good value: that of real recordings of the same kind by the same two recognisers.
Not seen: whether the words are the ones that should be said (`audio.wer`), voice, quality.

Source: ours; the edit distance of `audio.wer`, in whose details it stands as well (`second_backend`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.recognisers import GIVEN, assumed_language, find_recogniser, recogniser_choices, transcript_needs
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.text.directions import transcribed_words
from avmeter.text.error_rate import align
from avmeter.text.language import detect_char_level, language_of_script, parse_language
from avmeter.text.normalise import NORMALISERS, normalise
from avmeter.text.tokens import tokens


@register("audio.asr_disagreement")
class AsrDisagreement(Metric):
    """Edits between the transcripts of two recognisers, 0 to 1; lower is better.

    Args:
        asr_backend: Speech recogniser.
        model_name: Size, hub name or folder of its model; None is its default ("base" for Whisper).
        second_backend: The other one.
        second_model_name: Its model.
        normalizer: Normaliser of both transcripts, see `avmeter.text.normalise`.
        protocol: Both protocols are the same here.
    """

    direction = "lower"
    optional_texts = ("language",)
    unit = "edits per word"
    range = (0.0, 1.0)

    def __init__(
        self,
        *,
        asr_backend: str = "whisper",
        model_name: str | None = None,
        second_backend: str = "whisper",
        second_model_name: str | None = "tiny",
        normalizer: str = "magihuman",
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(protocol=protocol)
        if normalizer not in NORMALISERS:
            raise UnknownNameError.among("normalizer", normalizer, NORMALISERS)
        if GIVEN in (asr_backend, second_backend):
            raise UsageError("both transcripts are of recognisers", hint='audio.wer takes asr_backend="given"')
        if (asr_backend, model_name) == (second_backend, second_model_name):
            raise UsageError("a recogniser does not disagree with itself", hint="give another second_model_name")
        self.asr_backend, self.model_name = asr_backend, model_name
        self.second_backend, self.second_model_name = second_backend, second_model_name
        self.normalizer = normalizer
        self._recognisers = find_recogniser(asr_backend), find_recogniser(second_backend)

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        found = recogniser_choices()
        backends = tuple(backend for backend in found["asr_backend"] if backend != GIVEN)
        return {**super().choices(), "asr_backend": backends, "second_model_name": found["model_name"]}

    def options(self) -> Mapping[str, Any]:
        names = ("asr_backend", "model_name", "second_backend", "second_model_name", "normalizer")
        return {**super().options(), **{name: getattr(self, name) for name in names}}

    @property
    def needs(self) -> tuple[Need, ...]:
        one, other = self._recognisers
        return transcript_needs("transcript", one, {"model_name": self.model_name}) + transcript_needs(
            "second", other, {"model_name": self.second_model_name}
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        raw = [features[name].facts["text"] for name in ("transcript", "second")]
        spoken = [transcribed_words(text).text if self._drops_directions else text for text in raw]
        hint = parse_language(sample.text("language"))
        script = spoken[0] or spoken[1]
        language = hint or language_of_script(script)
        texts = [normalise(text, self.normalizer, language) for text in spoken]
        char_level = hint.char_level if hint else detect_char_level(texts[0] or texts[1])
        between = align(*(tokens(text, char_level) for text in texts))
        longest = max(between.num_reference, between.num_hypothesis)
        if not longest:
            raise SkipError(SkipCode.NO_SPEECH, f"{sample.id}: neither recogniser hears a word")
        details = {
            **assumed_language(*(features[name].facts for name in ("transcript", "second"))),
            "transcription": texts[0],
            "second_transcription": texts[1],
            "edits": between.edits,
            "words": longest,
            "normalizer": self.normalizer,
        }
        return MetricResult(self.name, between.edits / longest, details)

    @property
    def _drops_directions(self) -> bool:
        return NORMALISERS[self.normalizer].drops_directions
