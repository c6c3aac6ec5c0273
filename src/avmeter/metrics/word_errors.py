"""State of a corpus of transcripts: edits and words of every clip, tallies by language, the worst clips."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from avmeter.errors import SkipCode
from avmeter.stats.bootstrap import ratio_interval
from avmeter.text.error_rate import Alignment

NUM_WORST = 10


@dataclass(frozen=True, kw_only=True)
class RateKeys:
    """What the keys of details are called: `rate` ("wer") of tokens called `unit` ("words")."""

    rate: str
    unit: str


WER_KEYS = RateKeys(rate="wer", unit="words")
CER_KEYS = RateKeys(rate="cer", unit="characters")

# Counts of a clip's details that add up to its edits, and to the words of its text.
_EDITS = ("substitutions", "deletions", "insertions")
_REFERENCE_WORDS = ("hits", "substitutions", "deletions")

MISSING_CODES = frozenset(
    {
        SkipCode.MISSING_INPUT,
        SkipCode.MISSING_FILE,
        SkipCode.NOT_A_FILE,
        SkipCode.UNREADABLE,
        SkipCode.DECODE_ERROR,
        SkipCode.EMPTY_FILE,
        SkipCode.NO_AUDIO_TRACK,
        SkipCode.EMPTY_AUDIO,
        SkipCode.TOO_SHORT,
        SkipCode.SILENT,
        SkipCode.PHASE_CANCELLED,
        SkipCode.NON_FINITE,
    }
)
"""Reasons that lie in the clip. Others (no weights, no memory) are the run's fault, and say nothing about speech."""


@dataclass(frozen=True, kw_only=True)
class ClipErrors:
    """One clip against its text.

    Attributes:
        clip: Id of the sample.
        language: Its hint, or what the recogniser detected, or "unknown".
        alignment: Reference with transcript; all deletions for a missing clip.
        missing: Why there is no transcript, or None.
        loop_suspected: The transcript says one thing again and again.
        disagreement: Distance of two recognisers' transcripts, where a second one listened.
        num_directions: Stage directions that its text has.
    """

    clip: str
    language: str
    alignment: Alignment
    missing: SkipCode | None = None
    loop_suspected: bool = False
    disagreement: float | None = None
    num_directions: int = 0

    @property
    def rank(self) -> tuple[float, int, str]:
        """Sort key: worst first."""
        return -(self.alignment.error_rate or 0.0), -self.alignment.edits, self.clip

    def to_details(self, keys: RateKeys = WER_KEYS) -> dict[str, Any]:
        """Return the clip's entry in the list of the worst clips."""
        return {
            "id": self.clip,
            keys.rate: self.alignment.error_rate,
            "edits": self.alignment.edits,
            keys.unit: self.alignment.num_reference,
            "missing": str(self.missing) if self.missing else None,
            "diff": diff(self.alignment),
        }


@dataclass
class WerState:
    """Edits and reference words by clip; two numbers per clip, and ten clips in full."""

    edits: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    missing_words: list[int] = field(default_factory=list)
    missing_ids: list[str] = field(default_factory=list)
    num_loops: int = 0
    num_unexpected: int = 0
    unexpected_words: int = 0
    disagreements: list[float] = field(default_factory=list)
    by_language: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    worst: list[ClipErrors] = field(default_factory=list)
    num_directions: int = 0

    def add(self, clip: ClipErrors, *, missing_counts: bool) -> None:
        """Add a clip with a reference; a missing one changes scores only with `missing_counts`."""
        if clip.missing is None:
            self.edits.append(clip.alignment.edits)
            self.words.append(clip.alignment.num_reference)
            self.num_loops += clip.loop_suspected
            if clip.disagreement is not None:
                self.disagreements.append(clip.disagreement)
        else:
            self.missing_words.append(clip.alignment.num_reference)
            self.missing_ids.append(clip.clip)
            if not missing_counts:
                return
        self.num_directions += clip.num_directions
        self._tally(clip.language, (clip.alignment.edits, clip.alignment.num_reference, 1))
        self.worst = _worst([*self.worst, clip])

    def add_unexpected(self, num_words: int) -> None:
        """Add a clip in which nobody should speak.

        Args:
            num_words: Of its transcript.
        """
        self.num_unexpected += num_words > 0
        self.unexpected_words += num_words

    def merged(self, other: WerState) -> WerState:
        """Return the state over both corpora; neither of them changes."""
        result = WerState(
            edits=self.edits + other.edits,
            words=self.words + other.words,
            missing_words=self.missing_words + other.missing_words,
            missing_ids=self.missing_ids + other.missing_ids,
            num_loops=self.num_loops + other.num_loops,
            num_unexpected=self.num_unexpected + other.num_unexpected,
            unexpected_words=self.unexpected_words + other.unexpected_words,
            disagreements=self.disagreements + other.disagreements,
            by_language=dict(self.by_language),
            worst=_worst(self.worst + other.worst),
            num_directions=self.num_directions + other.num_directions,
        )
        for language, counts in other.by_language.items():
            result._tally(language, counts)
        return result

    def _tally(self, language: str, counts: tuple[int, int, int]) -> None:
        edits, words, clips = self.by_language.get(language, (0, 0, 0))
        self.by_language[language] = (edits + counts[0], words + counts[1], clips + counts[2])

    def summary(self, *, missing_counts: bool, keys: RateKeys = WER_KEYS) -> tuple[float, dict[str, Any]]:
        """Return the corpus rate and its details; there must be a transcribed clip."""
        charged = self.missing_words if missing_counts else []
        edits, words = self.edits + charged, self.words + charged
        rates = [e / w for e, w in zip(edits, words, strict=True)]
        interval = ratio_interval(edits, words)
        details: dict[str, Any] = {
            "edits": sum(edits),
            keys.unit: sum(words),
            "num_clips": len(words),
            f"{keys.rate}_scored_only": sum(self.edits) / sum(self.words),
            "missing": "deletions" if missing_counts else "leave_out",
            "num_missing": len(self.missing_words),
            f"missing_{keys.unit}": sum(self.missing_words),
            f"macro_{keys.rate}": math.fsum(rates) / len(rates),
            "interval": [max(0.0, interval.low), interval.high] if interval else None,  # no rate is below 0
            "interval_confidence": interval.confidence if interval else None,
            "loops_suspected": self.num_loops,
            "speech_where_none_was_wanted": self.num_unexpected,
            f"{keys.unit}_where_none_were_wanted": self.unexpected_words,
            "by_language": {
                k: {keys.rate: e / w, keys.unit: w, "num_clips": n} for k, (e, w, n) in sorted(self.by_language.items())
            },
            "worst": [clip.to_details(keys) for clip in self.worst],
            "ratio_of_sums": {
                "numerator": list(_EDITS),
                "denominator": list(_REFERENCE_WORDS),
                "unscored": {i: [n, n] for i, n in zip(self.missing_ids, charged, strict=False)},
            },
        }
        if self.num_directions:
            details["stage_directions"] = self.num_directions
        if self.disagreements:
            details["mean_disagreement"] = math.fsum(self.disagreements) / len(self.disagreements)
        return sum(edits) / sum(words), details


def diff(alignment: Alignment) -> list[list[str | None]]:
    """Return the steps of an alignment as JSON: kind, word of the reference, word of the transcript."""
    return [[op.kind, op.reference, op.hypothesis] for op in alignment.ops]


def counts(alignment: Alignment) -> Mapping[str, int]:
    """Return hits and errors by kind."""
    return {k: getattr(alignment, k) for k in ("hits", "substitutions", "deletions", "insertions")}


def _worst(clips: list[ClipErrors]) -> list[ClipErrors]:
    return sorted((c for c in clips if c.alignment.edits), key=lambda c: c.rank)[:NUM_WORST]
