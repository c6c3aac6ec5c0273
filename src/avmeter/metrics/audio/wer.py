"""Word error rate: are the words that are said the ones that should be?

    WER = (substitutions + deletions + insertions) / words of the reference

Per clip, and over the corpus (all edits over all words), which is what papers report. The transcript comes from a
speech recogniser, so its own errors are part of the number: compare only scores of one recogniser, and one
normaliser of text.

A clip that has a text but gives no sound (the file is absent, damaged, has no sound track ...) said none of its
words: over the corpus they count as deletions, so that a model cannot gain by failing. `wer_scored_only` is the rate
without them. Clips that the run could not treat (no weights, out of memory) are left out, and counted by reason.

A good value: that of real recordings of the same texts by the same recogniser; 0 is perfect.
Not seen: voice, prosody, quality, lip movements; a recogniser guesses words that a person would not understand.

Source: the definition of NIST's speech evaluations; FastVideo audio.wer; seed-tts-eval run_wer.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.metrics.recognisers import default_engine, find_recogniser, recogniser_choices, transcript_need
from avmeter.metrics.word_errors import MISSING_CODES, ClipErrors, WerState, counts, diff
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample
from avmeter.text.dialogue import plain_text
from avmeter.text.error_rate import Alignment, align
from avmeter.text.language import Language, detect_char_level, parse_language
from avmeter.text.normalise import NORMALISERS, normalise
from avmeter.text.repetition import COMPRESSION_RATIO_LIMIT, repeated_ngram_share
from avmeter.text.tokens import characters, tokens

Missing = Literal["deletions", "leave_out"]


# Share of repeated trigrams that a text does not reach unless it goes in circles.
_LOOP_SHARE = 0.5


@register("audio.wer")
class Wer(CorpusMetric):
    """Word (or character) error rate; 0 is perfect, above 1 is possible; lower is better.

    Args:
        asr_backend: Speech recogniser.
        engine: Program that runs it; None is the backend's default. Whisper has two, "faster-whisper" and
            "transformers", which computes in batches.
        model_name: Size, hub name or folder of the recogniser's model; None is its default ("base" for Whisper).
        timestamps: Decode timestamps too, with engine="transformers"; FastVideo's harness does not, and finds fewer
            words.
        instruction: Request to GLM-ASR; None is its processor's own.
        second_backend: Another recogniser, for `disagreement`: words that two transcribe differently are uncertain.
        second_model_name: Its model.
        normalizer: Normaliser of both texts, see `avmeter.text.normalise`.
        numbers: Let "fifty" equal "50", for normalisers that leave it open and languages with rules.
        missing: How clips without sound count in the corpus rate: as "deletions" of all their words, or "leave_out".
        protocol: Both protocols are the same here.
    """

    direction = "lower"
    unit = "edits per word"
    range = (0.0, None)
    requires = ("reference_text",)
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
        normalizer: str = "magihuman",
        numbers: bool = True,
        missing: Missing = "deletions",
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(protocol=protocol)
        if normalizer not in NORMALISERS:
            raise UnknownNameError.among("normalizer", normalizer, NORMALISERS)
        if missing not in get_args(Missing):
            raise UnknownNameError.among("policy for missing clips", missing, get_args(Missing))
        if instruction is not None and asr_backend != "glm_asr":
            raise UsageError(f'asr_backend="{asr_backend}" takes no instruction', hint='asr_backend="glm_asr" does')
        self._recogniser = find_recogniser(asr_backend, engine)
        self._second = find_recogniser(second_backend) if second_backend is not None else None
        if self._second is None and second_model_name is not None:
            raise UsageError("second_model_name is given without second_backend", hint='second_backend="whisper"')
        self.asr_backend = asr_backend
        self.engine = engine or default_engine(asr_backend)
        self.model_name = model_name
        self.timestamps = timestamps
        self.instruction = instruction
        self.second_backend = second_backend
        self.second_model_name = second_model_name
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
        transcript = transcript_need("transcript", self._recogniser, {"model_name": self.model_name, **own})
        if self._second is None:
            return (transcript,)
        options = {"model_name": self.second_model_name}
        return transcript, transcript_need("second", self._second, options, optional=True)

    def check(self, sample: Sample) -> Skip | None:
        if sample.text("reference_text") is None and sample.text("text_prompt") is None:
            return Skip(
                code=SkipCode.MISSING_INPUT,
                reason=f"{sample.id}: no `reference_text` (nor `text_prompt`) given",
                hint="give `reference_text=`, the words that should be said",
                field="reference_text",
            )
        try:
            parse_language(sample.text("language"))
            plain_text(_reference(sample)[0])
        except UsageError as error:
            return Skip(code=SkipCode.UNSUPPORTED, reason=f"{sample.id}: {error.message}", hint=error.hint)
        return None

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        transcript = features["transcript"].facts
        reference, source = _reference(sample)
        pair = self._pair(sample, plain_text(reference), transcript["text"])
        details: dict[str, Any] = {
            "transcription": pair.transcript,
            "reference_text": pair.reference,
            "raw_transcription": transcript["text"],
            "asr_backend": self.asr_backend,
            "engine": self.engine,
            "char_level": pair.char_level,
            "reference_source": source,
            "normalizer": self.normalizer,
            **counts(pair.alignment),
            "cer": align(characters(pair.reference), characters(pair.transcript)).error_rate,
            "detected_language": transcript["language"],
            "language_probability": transcript["language_probability"],
            "speech_s": transcript["speech_s"],
            "long_form": transcript["long_form"],
            "no_speech_prob": _most(transcript["segments"], "no_speech_prob"),
            **_repetition(pair, transcript["segments"]),
            **self._disagreement(sample, pair, features),
            "diff": diff(pair.alignment),
        }
        if NORMALISERS[self.normalizer].takes_numbers:
            details["numbers"] = self.numbers
        caveats = NORMALISERS[self.normalizer].caveats()
        if caveats:
            details["caveats"] = list(caveats)
        if source == "text_prompt":
            details["note"] = "scored against text_prompt: a scene description is not a transcript"
        rate = pair.alignment.error_rate
        if rate is None:
            details["speech_where_none_was_wanted"] = pair.alignment.insertions > 0
            return MetricResult.skipped(self.name, _empty(sample, pair.alignment), details=details)
        return MetricResult(self.name, rate, details)

    def _pair(self, sample: Sample, reference: str, transcript: str) -> _Pair:
        language = parse_language(sample.text("language"))
        reference, transcript = (
            normalise(text, self.normalizer, language, numbers=self.numbers) for text in (reference, transcript)
        )
        # The transcript must not choose its own units, unless it is all there is.
        char_level = language.char_level if language else detect_char_level(reference or transcript)
        return _Pair(
            reference=reference,
            transcript=transcript,
            char_level=char_level,
            alignment=align(tokens(reference, char_level), tokens(transcript, char_level)),
        )

    def _disagreement(self, sample: Sample, pair: _Pair, features: FeatureSet) -> dict[str, Any]:
        """Return edits between both transcripts over the longer one's words: 0 equal, 1 nothing in common."""
        if self._second is None:
            return {}
        if "second" not in features:
            return {"second_skipped": features.skips["second"].reason}
        second = self._pair(sample, plain_text(_reference(sample)[0]), features["second"].facts["text"])
        between = align(tokens(pair.transcript, pair.char_level), tokens(second.transcript, pair.char_level))
        longest = max(between.num_reference, between.num_hypothesis)
        return {
            "second_transcription": second.transcript,
            "second_wer": second.alignment.error_rate,
            "disagreement": between.edits / longest if longest else 0.0,
        }

    def start(self) -> WerState:
        return WerState()

    def update(self, state: WerState, sample: Sample, features: FeatureSet) -> WerState:
        transcript = features["transcript"].facts
        pair = self._pair(sample, plain_text(_reference(sample)[0]), transcript["text"])
        if pair.alignment.error_rate is None:
            state.add_unexpected(pair.alignment.insertions)
            raise _empty(sample, pair.alignment)
        clip = ClipErrors(
            clip=sample.id,
            language=_language_name(sample, transcript["language"]),
            alignment=pair.alignment,
            loop_suspected=_repetition(pair, transcript["segments"])["loop_suspected"],
            disagreement=self._disagreement(sample, pair, features).get("disagreement"),
        )
        state.add(clip, missing_counts=self.missing == "deletions")
        return state

    def left_out(self, state: WerState, sample: Sample, skip: Skip) -> WerState:
        """Count all words of a clip without sound as deleted; one without a text has none."""
        if skip.code not in MISSING_CODES or self.check(sample) is not None:
            return state
        pair = self._pair(sample, plain_text(_reference(sample)[0]), "")
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
        rate, details = state.summary(missing_counts=self.missing == "deletions")
        return MetricResult(self.name, rate, details)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Both texts as they are compared."""

    reference: str
    transcript: str
    char_level: bool
    alignment: Alignment


def _reference(sample: Sample) -> tuple[Any, str]:
    reference = sample.text("reference_text")
    return (reference, "reference_text") if reference is not None else (sample.text("text_prompt"), "text_prompt")


def _language_name(sample: Sample, detected: str | None) -> str:
    language: Language | None = parse_language(sample.text("language"))
    return language.tag if language else (detected or "unknown")


def _most(segments: list[dict[str, Any]], key: str) -> float | None:
    return max((s[key] for s in segments if s[key] is not None), default=None)


def _repetition(pair: _Pair, segments: list[dict[str, Any]]) -> dict[str, Any]:
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


def _empty(sample: Sample, alignment: Alignment) -> SkipError:
    return SkipError(
        SkipCode.EMPTY_TEXT,
        f"{sample.id}: the reference text is empty; the transcript has {alignment.insertions} words",
        hint="a rate needs words to divide by: see `insertions` in the details",
    )
