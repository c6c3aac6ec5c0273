"""What changes the meaning of a number: every caveat that may stand beside a score, by code, with its sentence.

Terminal, page and files show these and no others. Codes are a contract; sentences are filled in with measured values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class CaveatCode(StrEnum):
    """Why a number does not mean what it seems to."""

    STAND_IN_WEIGHTS = "stand_in_weights"
    CLIPS_LEFT_OUT = "clips_left_out"
    OTHER_BACKBONE = "other_backbone"
    FEW_CLIPS = "few_clips"
    FEWER_CLIPS_THAN_DIMENSIONS = "fewer_clips_than_dimensions"
    SUBSETS_SMALLER_THAN_DIMENSIONS = "subsets_smaller_than_dimensions"
    EXPECTED_BIAS = "expected_bias"
    UNKNOWN_BIAS = "unknown_bias"
    NEARLY_ZERO = "nearly_zero"
    EQUAL_EMBEDDINGS = "equal_embeddings"
    LOOPING_TRANSCRIPT = "looping_transcript"
    WORDS_OF_THE_PROMPT = "words_of_the_prompt"
    STAGE_DIRECTIONS = "stage_directions"
    ASSUMED_LANGUAGE = "assumed_language"
    TEXT_NOT_NORMALISED = "text_not_normalised"
    PROMPT_CUT_OFF = "prompt_cut_off"
    PROMPTS_CUT_OFF = "prompts_cut_off"
    PARTLY_READ = "partly_read"
    SILENCE_READ = "silence_read"
    UNEQUAL_LENGTHS = "unequal_lengths"
    DURATION_MISMATCH = "duration_mismatch"
    SAME_AS_REFERENCE = "same_as_reference"


SENTENCES: Mapping[CaveatCode, str] = MappingProxyType(
    {
        CaveatCode.STAND_IN_WEIGHTS: "made with stand-in weights: this number means nothing",
        CaveatCode.CLIPS_LEFT_OUT: "{what}",
        CaveatCode.OTHER_BACKBONE: "backbone {backbone} in place of {default}: compares with scores of {backbone} only",
        CaveatCode.FEW_CLIPS: "{num_clips} clips: says something of a model from {min_samples} on",
        CaveatCode.FEWER_CLIPS_THAN_DIMENSIONS: (
            "n < d: {num_embeddings} embeddings for {dim} dimensions; most of this value may be bias, prefer a "
            "kernel distance"
        ),
        CaveatCode.SUBSETS_SMALLER_THAN_DIMENSIONS: "n < d: the smallest subset is of fewer than {dim} embeddings",
        CaveatCode.EXPECTED_BIAS: "a perfect generator of this many clips would get {bias:.4g}",
        CaveatCode.UNKNOWN_BIAS: (
            "{num_embeddings} reference embeddings are too few for {dim} dimensions to say how much of this value "
            "is bias"
        ),
        CaveatCode.NEARLY_ZERO: "nearly 0: was the corpus compared with itself?",
        CaveatCode.EQUAL_EMBEDDINGS: "invalid: all generated embeddings are equal",
        CaveatCode.LOOPING_TRANSCRIPT: "transcript goes in circles: its repeated words count as errors",
        CaveatCode.WORDS_OF_THE_PROMPT: "scored against text_prompt: a scene description is not a transcript",
        CaveatCode.STAGE_DIRECTIONS: "stage directions or names of speakers are not counted as words",
        CaveatCode.ASSUMED_LANGUAGE: (
            "the recogniser knows one language and took it for granted: give `language`, which says that it is spoken"
        ),
        CaveatCode.TEXT_NOT_NORMALISED: "{what}",
        CaveatCode.PROMPT_CUT_OFF: "the end of the prompt was not read",
        CaveatCode.PROMPTS_CUT_OFF: "{num_prompts} prompts were too long, and what they end with was not read",
        CaveatCode.PARTLY_READ: "not all of the clip was read",
        CaveatCode.SILENCE_READ: "the network was fed with silence",
        CaveatCode.UNEQUAL_LENGTHS: "sound and video differ in length: compared over what they share",
        CaveatCode.DURATION_MISMATCH: "the file's header reports another duration than its content has",
        CaveatCode.SAME_AS_REFERENCE: "generated and reference are one and the same to the network",
    }
)
"""Code -> sentence, with fields in braces for what was measured."""


@dataclass(frozen=True, kw_only=True)
class Caveat:
    """A caveat beside one number.

    Attributes:
        code: For machines.
        sentence: For people.
        num_clips: Clips that it concerns, of those with a result; None where it concerns the score as a whole.
        num_results: Clips with a result, where `num_clips` is known.
    """

    code: CaveatCode
    sentence: str
    num_clips: int | None = None
    num_results: int | None = None

    @classmethod
    def of(cls, code: CaveatCode, **measured: Any) -> Caveat:
        """Build the caveat with its sentence filled in."""
        return cls(code=code, sentence=SENTENCES[code].format_map(measured))

    @property
    def text(self) -> str:
        """The sentence, after the number of clips where it concerns single clips."""
        return self.sentence if self.num_clips is None else f"{self.num_clips} of {self.num_results}: {self.sentence}"

    def to_record(self) -> dict[str, Any]:
        """Return the caveat as files of a run hold it."""
        counted = {} if self.num_clips is None else {"num_clips": self.num_clips, "num_results": self.num_results}
        return {"code": str(self.code), "sentence": self.sentence, **counted}
