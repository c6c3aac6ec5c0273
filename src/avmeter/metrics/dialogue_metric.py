"""What error rates of dialogues share: given turns against the turns that should be said, by speaker."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.metrics.word_errors import ClipErrors, RateKeys, WerState, counts, diff
from avmeter.protocols import FASTVIDEO
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample
from avmeter.text.dialogue import words_by_speaker
from avmeter.text.directions import spoken_words, transcribed_words
from avmeter.text.language import detect_char_level, language_of_script, parse_language
from avmeter.text.normalise import NORMALISERS, normalise
from avmeter.text.speaker_errors import DialogueErrors, align_dialogue

_FIELDS = ("reference_text", "given_transcript")


class DialogueMetric(CorpusMetric):
    """An error rate of dialogues with the fewest edits over assignments of speakers; see `audio.cpwer`."""

    direction = "lower"
    range = (0.0, None)
    requires = _FIELDS
    optional_texts = ("language",)
    keys: ClassVar[RateKeys]
    per_sample = True
    takes_references = False

    def __init__(self, *, normalizer: str = "magihuman", numbers: bool = True, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        if normalizer not in NORMALISERS:
            raise UnknownNameError.among("normalizer", normalizer, NORMALISERS)
        self.normalizer = normalizer
        self.numbers = numbers and NORMALISERS[normalizer].takes_numbers

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "normalizer": self.normalizer, "numbers": self.numbers}

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    def check(self, sample: Sample) -> Skip | None:
        for field in _FIELDS:
            if sample.text(field) is None:
                return Skip(
                    code=SkipCode.MISSING_INPUT,
                    reason=f"{sample.id}: no `{field}` given",
                    hint=f'give `{field}=[{{"speaker": "Ann", "text": "Hello."}}, ...]`',
                    field=field,
                )
        try:
            parse_language(sample.text("language"))
            for field in _FIELDS:
                words_by_speaker(sample.text(field))
        except UsageError as error:
            return Skip(code=SkipCode.UNSUPPORTED, reason=f"{sample.id}: {error.message}", hint=error.hint)
        return None

    @abc.abstractmethod
    def units(self, text: str, *, char_level: bool) -> list[str]:
        """Return what of a normalised text is counted."""

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        found = self._aligned(sample)
        rate = found.alignment.error_rate
        details = {
            **counts(found.alignment),
            "normalizer": self.normalizer,
            "num_speakers": sum(should is not None for should, _ in found.assignment),
            "num_transcribed_speakers": sum(heard is not None for _, heard in found.assignment),
            "assignment": [list(pair) for pair in found.assignment],
            "diff": diff(found.alignment),
        }
        if rate is None:
            return MetricResult.skipped(self.name, self._empty(sample), details=details)
        return MetricResult(self.name, rate, details)

    def start(self) -> WerState:
        return WerState()

    def update(self, state: WerState, sample: Sample, features: FeatureSet) -> WerState:
        alignment = self._aligned(sample).alignment
        if alignment.error_rate is None:
            state.add_unexpected(alignment.insertions)
            raise self._empty(sample)
        language = parse_language(sample.text("language"))
        name = language.tag if language else "unknown"
        state.add(ClipErrors(clip=sample.id, language=name, alignment=alignment), missing_counts=False)
        return state

    def merge(self, a: WerState, b: WerState) -> WerState:
        return a.merged(b)

    def finish(self, state: WerState) -> MetricResult:
        if not state.words:
            raise SkipError(
                SkipCode.TOO_FEW_SAMPLES,
                f"{self.name}: no clip has both turns that should be said and turns heard",
            )
        rate, details = state.summary(missing_counts=False, keys=self.keys)
        return MetricResult(self.name, rate, details)

    def _aligned(self, sample: Sample) -> DialogueErrors:
        should, heard = (words_by_speaker(sample.text(field)) for field in _FIELDS)
        if NORMALISERS[self.normalizer].drops_directions:
            should = {name: spoken_words(text).text for name, text in should.items()}
            heard = {name: transcribed_words(text).text for name, text in heard.items()}
        hint = parse_language(sample.text("language"))
        everything = " ".join(should.values()) or " ".join(heard.values())
        language = hint or language_of_script(everything)
        char_level = hint.char_level if hint else detect_char_level(everything)

        def tokens_of(dialogue: Mapping[str, str]) -> dict[str, list[str]]:
            texts = {
                name: normalise(text, self.normalizer, language, numbers=self.numbers)
                for name, text in dialogue.items()
            }
            return {name: self.units(text, char_level=char_level) for name, text in texts.items()}

        return align_dialogue(reference=tokens_of(should), transcript=tokens_of(heard))

    def _empty(self, sample: Sample) -> SkipError:
        return SkipError(
            SkipCode.EMPTY_TEXT,
            f"{sample.id}: no speaker of the reference text says anything",
            hint=f"a rate needs {self.keys.unit} to divide by: see `insertions` in the details",
        )
