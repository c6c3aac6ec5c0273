"""What word and character error rates share: a transcript against the words that should be said.

Both texts go through one normaliser; the default one also takes stage directions out (`text.directions`). A clip
without sound said none of its words. A metric of this kind says what is counted.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.metrics.recognisers import (
    GIVEN,
    assumed_language,
    default_engine,
    find_recogniser,
    recogniser_choices,
    transcript_needs,
)
from avmeter.metrics.word_errors import MISSING_CODES, ClipErrors, RateKeys, WerState, counts, diff
from avmeter.protocols import FASTVIDEO
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample
from avmeter.text.dialogue import plain_text
from avmeter.text.directions import Spoken, spoken_words, transcribed_words
from avmeter.text.error_rate import Alignment, align
from avmeter.text.language import Language, detect_char_level, language_of_script, parse_language
from avmeter.text.normalise import NORMALISERS, normalise
from avmeter.text.numbers.rules import number_caveats
from avmeter.text.repetition import COMPRESSION_RATIO_LIMIT, repeated_ngram_share
from avmeter.text.tokens import tokens

Missing = Literal["deletions", "leave_out"]
WordsFrom = Literal["reference_text", "text_prompt"]

_GIVEN_FACTS: Mapping[str, Any] = dict.fromkeys(("language", "language_probability", "speech_s", "long_form")) | {
    "segments": []
}

# Share of repeated trigrams that a text does not reach unless it goes in circles.
_LOOP_SHARE = 0.5


class TranscriptMetric(CorpusMetric):
    """An error rate of transcripts; see `audio.wer` for the options."""

    direction = "lower"
    range = (0.0, None)
    requires: tuple[str, ...] = ("reference_text",)
    optional_texts = ("language",)
    keys: ClassVar[RateKeys]
    per_sample = True
    takes_references = False

    def __init__(
        self,
        *,
        asr_backend: str = "whisper",
        engine: str | None = None,
        model_name: str | None = None,
        timestamps: bool = True,
        instruction: str | None = None,
        second_backend: str | None = None,
        second_model_name: str | None = None,
        words_from: WordsFrom = "reference_text",
        normalizer: str = "magihuman",
        numbers: bool = True,
        missing: Missing = "deletions",
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(protocol=protocol)
        if normalizer not in NORMALISERS:
            raise UnknownNameError.among("normalizer", normalizer, NORMALISERS)
        if words_from not in get_args(WordsFrom):
            raise UnknownNameError.among("words_from", words_from, get_args(WordsFrom))
        if missing not in get_args(Missing):
            raise UnknownNameError.among("policy for missing clips", missing, get_args(Missing))
        if instruction is not None and asr_backend != "glm_asr":
            raise UsageError(f'asr_backend="{asr_backend}" takes no instruction', hint='asr_backend="glm_asr" does')
        self._recogniser = find_recogniser(asr_backend, engine)
        self._second = find_recogniser(second_backend) if second_backend is not None else None
        if second_backend == GIVEN or (asr_backend == GIVEN and model_name is not None):
            raise UsageError(
                "a given transcript is of no model, and the first one",
                hint='asr_backend="given", and a recogniser as second_backend',
            )
        if self._second is None and second_model_name is not None:
            raise UsageError("second_model_name is given without second_backend", hint='second_backend="whisper"')
        self.asr_backend = asr_backend
        self.engine = engine or default_engine(asr_backend)
        self.model_name = model_name
        self.timestamps = timestamps
        self.instruction = instruction
        self.second_backend = second_backend
        self.second_model_name = second_model_name
        self.words_from: WordsFrom = words_from
        given: tuple[str, ...] = ("given_transcript",) if asr_backend == GIVEN else ()
        self.requires = (words_from, *given)
        self.normalizer = normalizer
        self.numbers = numbers and NORMALISERS[normalizer].takes_numbers
        self.missing: Missing = missing

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), **recogniser_choices()}

    def options(self) -> Mapping[str, Any]:
        used: dict[str, Any] = {
            "asr_backend": self.asr_backend,
            "engine": self.engine,
            "model_name": self.model_name,
            "words_from": self.words_from,
            "normalizer": self.normalizer,
            "missing": self.missing,
        }
        if NORMALISERS[self.normalizer].takes_numbers:
            used["numbers"] = self.numbers
        if "timestamps" in self._recogniser.own_options:
            used["timestamps"] = self.timestamps
        rare = ("instruction", "second_backend", "second_model_name")
        return {**super().options(), **used, **{k: v for k in rare if (v := getattr(self, k)) is not None}}

    @property
    def needs(self) -> tuple[Need, ...]:
        own = {name: getattr(self, name) for name in self._recogniser.own_options}
        transcript = transcript_needs("transcript", self._recogniser, {"model_name": self.model_name, **own})
        if self._second is None:
            return transcript
        options = {"model_name": self.second_model_name}
        return transcript + transcript_needs("second", self._second, options, optional=True)

    def check(self, sample: Sample) -> Skip | None:
        if sample.text(self.words_from) is None:
            return self._without_words(sample)
        try:
            parse_language(sample.text("language"))
            plain_text(sample.text(self.words_from))
            if self.asr_backend == GIVEN:
                plain_text(sample.text("given_transcript") or "")
        except UsageError as error:
            return Skip(code=SkipCode.UNSUPPORTED, reason=f"{sample.id}: {error.message}", hint=error.hint)
        return self._without_transcript(sample)

    def _without_transcript(self, sample: Sample) -> Skip | None:
        if self.asr_backend != GIVEN or sample.text("given_transcript") is not None:
            return None
        return Skip(
            code=SkipCode.MISSING_INPUT,
            reason=f"{sample.id}: no `given_transcript` given",
            hint="give `given_transcript=`, the words that were heard, or choose a recogniser as asr_backend",
            field="given_transcript",
        )

    def _transcript_facts(self, sample: Sample, features: FeatureSet) -> Mapping[str, Any]:
        """Return the facts of the transcript; those that a recogniser reports are None where it is given."""
        if self.asr_backend == GIVEN:
            return {**_GIVEN_FACTS, "text": plain_text(sample.text("given_transcript"))}
        facts: Mapping[str, Any] = features["transcript"].facts
        return facts

    def _without_words(self, sample: Sample) -> Skip:
        reason = f"{sample.id}: no `{self.words_from}` given"
        hint = "give `reference_text=`, the words that should be said"
        if self.words_from == "text_prompt":
            hint = "give `text_prompt=`, or score against `reference_text` (the default of words_from)"
        elif sample.text("text_prompt") is not None:
            reason += "; `words_from=text_prompt` scores its prompt"
            hint += f"; where the prompt is what should be said: --set {self.name}.words_from=text_prompt"
        return Skip(code=SkipCode.MISSING_INPUT, reason=reason, hint=hint, field=self.words_from)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        transcript = self._transcript_facts(sample, features)
        pair = self._pair(sample, transcript["text"])
        details: dict[str, Any] = {
            "transcription": pair.transcript,
            "reference_text": pair.reference,
            "raw_transcription": transcript["text"],
            "asr_backend": self.asr_backend,
            "engine": self.engine,
            "char_level": pair.char_level,
            "reference_source": self.words_from,
            "words_from": self.words_from,
            "normalizer": self.normalizer,
            **counts(pair.alignment),
            **self.other_rate(pair),
            "detected_language": transcript["language"],
            "language_probability": transcript["language_probability"],
            **assumed_language(transcript),
            "speech_s": transcript["speech_s"],
            "long_form": transcript["long_form"],
            "no_speech_prob": _most(transcript["segments"], "no_speech_prob"),
            **_repetition(pair, transcript["segments"]),
            **self._disagreement(sample, pair, features),
            "diff": diff(pair.alignment),
        }
        if NORMALISERS[self.normalizer].takes_numbers:
            details["numbers"] = self.numbers
        details |= self._remarks(pair, transcript["language"])
        rate = pair.alignment.error_rate
        if rate is None:
            details["speech_where_none_was_wanted"] = pair.alignment.insertions > 0
            return MetricResult.skipped(self.name, self._empty(sample, pair.alignment), details=details)
        return MetricResult(self.name, rate, details)

    @abc.abstractmethod
    def units(self, text: str, *, char_level: bool) -> list[str]:
        """Return what of a normalised text is counted."""

    def other_rate(self, pair: Pair) -> dict[str, float | None]:
        """Return rates that stand beside the score."""
        return {}

    def _pair(self, sample: Sample, transcribed: str) -> Pair:
        reference, heard = self._spoken(plain_text(sample.text(self.words_from)), transcribed)
        hint = parse_language(sample.text("language"))
        # Neither text chooses rules of its own: one language for both, and the transcript's only without letters.
        script = reference.text if any(map(str.isalpha, reference.text)) else heard.text
        language = hint or language_of_script(script)
        texts = [
            normalise(spoken.text, self.normalizer, language, numbers=self.numbers) for spoken in (reference, heard)
        ]
        # The transcript must not choose its own units, unless it is all there is.
        char_level = hint.char_level if hint else detect_char_level(texts[0] or texts[1])
        return Pair(
            reference=texts[0],
            transcript=texts[1],
            char_level=char_level,
            alignment=align(*(self.units(text, char_level=char_level) for text in texts)),
            language=language,
            directions=reference.removed,
            transcribed_directions=heard.removed,
        )

    def _spoken(self, reference: str, transcribed: str) -> tuple[Spoken, Spoken]:
        if NORMALISERS[self.normalizer].drops_directions:
            return spoken_words(reference), transcribed_words(transcribed)
        return Spoken(text=reference, removed=()), Spoken(text=transcribed, removed=())

    def _caveats(self, pair: Pair, detected: str | None) -> tuple[str, ...]:
        caveats = NORMALISERS[self.normalizer].caveats()
        texts = (pair.reference, pair.transcript)
        if not self.numbers:
            return caveats
        if pair.language is not None:
            return (*caveats, *number_caveats(pair.language, texts))
        if detected not in (None, "en") and any(char.isdecimal() for text in texts for char in text):
            return (*caveats, "without a language hint numbers are read as English: give `language`")
        return caveats

    def _remarks(self, pair: Pair, detected: str | None) -> dict[str, Any]:
        """Return what a reader of the score must know; no key for what is as usual."""
        remarks: dict[str, Any] = {}
        if pair.directions:
            remarks["stage_directions"] = list(pair.directions)
        if pair.transcribed_directions:
            remarks["transcribed_stage_directions"] = list(pair.transcribed_directions)
        notes = []
        if self.words_from == "text_prompt":
            notes.append("scored against text_prompt: a scene description is not a transcript")
        if pair.directions:
            notes.append(f"{len(pair.directions)} stage directions of the text are not counted as words")
        if notes:
            remarks["note"] = "; ".join(notes)
        caveats = self._caveats(pair, detected)
        return {**remarks, "caveats": list(caveats)} if caveats else remarks

    def _disagreement(self, sample: Sample, pair: Pair, features: FeatureSet) -> dict[str, Any]:
        """Return edits between both transcripts over the longer one's words: 0 equal, 1 nothing in common."""
        if self._second is None:
            return {}
        if "second" not in features:
            return {"second_skipped": features.skips["second"].reason}
        second = self._pair(sample, features["second"].facts["text"])
        texts = (pair.transcript, second.transcript)
        between = align(*(self.units(text, char_level=pair.char_level) for text in texts))
        longest = max(between.num_reference, between.num_hypothesis)
        return {
            "second_transcription": second.transcript,
            f"second_{self.keys.rate}": second.alignment.error_rate,
            "disagreement": between.edits / longest if longest else 0.0,
        }

    def start(self) -> WerState:
        return WerState()

    def update(self, state: WerState, sample: Sample, features: FeatureSet) -> WerState:
        transcript = self._transcript_facts(sample, features)
        pair = self._pair(sample, transcript["text"])
        if pair.alignment.error_rate is None:
            state.add_unexpected(pair.alignment.insertions)
            raise self._empty(sample, pair.alignment)
        clip = ClipErrors(
            clip=sample.id,
            language=_language_name(sample, transcript["language"]),
            alignment=pair.alignment,
            loop_suspected=_repetition(pair, transcript["segments"])["loop_suspected"],
            disagreement=self._disagreement(sample, pair, features).get("disagreement"),
            num_directions=len(pair.directions),
        )
        state.add(clip, missing_counts=self.missing == "deletions")
        return state

    def left_out(self, state: WerState, sample: Sample, skip: Skip) -> WerState:
        """Count all words of a clip without sound as deleted; one without a text has none."""
        if skip.code not in MISSING_CODES or self.check(sample) is not None:
            return state
        pair = self._pair(sample, "")
        if pair.alignment.num_reference:
            clip = ClipErrors(
                clip=sample.id, language=_language_name(sample, None), alignment=pair.alignment, missing=skip.code
            )
            state.add(clip, missing_counts=self.missing == "deletions")
        return state

    def merge(self, a: WerState, b: WerState) -> WerState:
        return a.merged(b)

    def finish(self, state: WerState) -> MetricResult:
        if not state.words:
            raise SkipError(
                SkipCode.TOO_FEW_SAMPLES,
                f"{self.name}: no clip with a reference text was transcribed"
                + (f"; {len(state.missing_words)} gave no sound" if state.missing_words else ""),
            )
        rate, details = state.summary(missing_counts=self.missing == "deletions", keys=self.keys)
        return MetricResult(self.name, rate, {**details, "words_from": self.words_from})

    def _empty(self, sample: Sample, alignment: Alignment) -> SkipError:
        return SkipError(
            SkipCode.EMPTY_TEXT,
            f"{sample.id}: the reference text is empty; the transcript has {alignment.insertions} {self.keys.unit}",
            hint=f"a rate needs {self.keys.unit} to divide by: see `insertions` in the details",
        )


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both texts as they are compared.

    Attributes:
        reference: Words that should be said, normalised.
        transcript: Words that the recogniser found, normalised.
        char_level: Characters of scripts without spaces are words.
        alignment: Of what is counted.
        language: Of the hint, or by the script; None for Latin letters without a hint.
        directions: Stage directions that the reference text has.
        transcribed_directions: Those that the recogniser wrote.
    """

    reference: str
    transcript: str
    char_level: bool
    alignment: Alignment
    language: Language | None
    directions: tuple[str, ...]
    transcribed_directions: tuple[str, ...]


def _language_name(sample: Sample, detected: str | None) -> str:
    language: Language | None = parse_language(sample.text("language"))
    return language.tag if language else (detected or "unknown")


def _most(segments: list[dict[str, Any]], key: str) -> float | None:
    return max((s[key] for s in segments if s[key] is not None), default=None)


def _repetition(pair: Pair, segments: list[dict[str, Any]]) -> dict[str, Any]:
    """Return signs of a recogniser, or a voice, that goes in circles. A text that repeats itself may be repeated."""
    found, expected = (
        repeated_ngram_share(tokens(text, pair.char_level)) or 0.0 for text in (pair.transcript, pair.reference)
    )
    ratio = _most(segments, "compression_ratio")
    circles = found >= _LOOP_SHARE or (ratio is not None and ratio > COMPRESSION_RATIO_LIMIT)
    return {
        "compression_ratio": ratio,
        "repeated_ngram_share": found,
        "loop_suspected": circles and found > expected + 0.1,
    }
