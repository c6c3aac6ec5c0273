"""What metrics of onsets beside a reference share: the feature they read, and who was found.

Source: Du et al., "Conditional Generation of Audio from Video via Foley Analogies" (2023), `predict_onset.py` of
XYPB/CondFoleyGen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from avmeter.errors import UsageError
from avmeter.metrics.base import Metric, Need
from avmeter.metrics.details import duration_mismatch
from avmeter.protocols import FASTVIDEO

FloatArray = npt.NDArray[np.float64]

SUPPRESSION_S = 0.05
"""Of generated onsets nearer than this the louder one stays."""
DELTA = 0.3
"""As of `dsp.onset.pick_peaks`: only clear beginnings count."""
_DURATION_TOLERANCE_S = 0.05


def onset_pair_need(*, delta: float, duration_s: float | None) -> Need:
    """Return the need for the onsets of a clip and of its reference, under "pair"."""
    options = {"delta": delta, "duration_s": duration_s}
    return Need(name="pair", field=("audio", "reference_audio"), extractor="onset_pair", options=options)


class TolerantOnsetMetric(Metric):
    """A metric of the onsets of a sound that are met by those of its reference, less than a tolerance apart.

    Attributes:
        delta: As of `onset_pair_need`.

    Raises:
        UsageError: A tolerance that is not above 0.
    """

    direction = "higher"
    range = (0.0, 1.0)
    delta: ClassVar[float]

    def __init__(self, *, tolerance_s: float = 0.1, duration_s: float | None = None, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        if not tolerance_s > 0:
            raise UsageError(f"{self.name}: tolerance_s is {tolerance_s!r}", hint="seconds above 0")
        self.tolerance_s = tolerance_s
        self.duration_s = duration_s

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "tolerance_s": self.tolerance_s, "duration_s": self.duration_s}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (onset_pair_need(delta=self.delta, duration_s=self.duration_s),)


def about_durations(facts: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return details and notes about how much of both was compared.

    Args:
        facts: Of the pair's features.
    """
    durations = facts["generated_duration_s"], facts["reference_duration_s"]
    notes = []
    if abs(durations[0] - durations[1]) > _DURATION_TOLERANCE_S:
        notes.append(
            f"{durations[0]:.2f} s against {durations[1]:.2f} s: the first {facts['used_seconds']:.2f} s count"
        )
    return {"used_seconds": facts["used_seconds"], **duration_mismatch(facts)}, notes


def suppress_neighbours(onsets_s: FloatArray, confidence: FloatArray) -> npt.NDArray[np.int64]:
    """Return the indices (K,), ascending, of the onsets that stay when louder ones suppress their neighbours.

    Of equally loud ones the later goes first. As published, what follows a suppressed onset is passed over: of two
    neighbours, one on either side, the earlier goes and the later stays.

    Args:
        onsets_s: (N,) ascending.
        confidence: (N,) how loud each is.
    """
    is_left = np.ones(len(onsets_s), np.bool_)
    remaining: list[int] = []
    for index in np.argsort(confidence, kind="stable")[::-1].tolist():
        if is_left[index]:
            remaining.append(index)
            is_left[index] = False
            reach_s = 2 * SUPPRESSION_S  # enough to hold all that are near
            first, last = np.searchsorted(onsets_s, (onsets_s[index] - reach_s, onsets_s[index] + reach_s))
            around = np.arange(first, last)
            near = around[is_left[around] & (np.abs(onsets_s[around] - onsets_s[index]) < SUPPRESSION_S)]
            is_left[near[::2]] = False
    return np.array(sorted(remaining), np.int64)


@dataclass(frozen=True, kw_only=True)
class OnsetMatching:
    """Which onsets of a reference were found, and by which.

    Attributes:
        num_reference: Onsets of the reference, M.
        num_misses: Those that found none, as long as any generated onset was free; the rest was not looked at.
        is_hit: (K,) whether each generated onset was claimed by one of the reference.
    """

    num_reference: int
    num_misses: int
    is_hit: npt.NDArray[np.bool_]


def match_onsets(
    generated_s: FloatArray, level: FloatArray, reference_s: FloatArray, *, tolerance_s: float
) -> OnsetMatching:
    """Let onsets of the reference, one after the other, claim the loudest free onset that is near.

    Args:
        generated_s: (K,) ascending, after suppression.
        level: (K,) how loud the sound is at each.
        reference_s: (M,) ascending.
        tolerance_s: Near is less than this apart.
    """
    is_hit = np.zeros(len(generated_s), np.bool_)
    num_misses = 0
    for onset in reference_s.tolist():
        near = np.flatnonzero(~is_hit & (np.abs(generated_s - onset) < tolerance_s))
        if not len(near):
            num_misses += 1
            continue
        is_hit[near[np.argsort(level[near], kind="stable")[-1]]] = True
        if is_hit.all():
            break
    return OnsetMatching(num_reference=len(reference_s), num_misses=num_misses, is_hit=is_hit)
