"""Onset accuracy: does the sound begin as often as its reference does?

    1 if both have the same number of onsets, else 0

Each clip is right or wrong; the mean over clips is what papers on the Greatest Hits data print as "onset accuracy".
Both sounds are mixed down, read at 22.05 kHz and cut to what they share; an onset is a peak of spectral flux that
stands 0.3 of the largest above the mean around it. Details have both numbers and `hit_rate`, the share of the
reference's onsets that were found within 0.1 s, which the published script prints as "detection acc".

Published clips have 2 s, and longer ones are read from their beginning: `duration_s=2` does the same. Strengths are
relative to the strongest onset of what is read, so that numbers of clips of different lengths do not compare.

A good value: that of real clips of the same kind; equal numbers come by chance where there are one or two onsets.
Not seen: when the sounds begin (`audio.onset_ap`), what they are, and whether a count is off by one or by ten.

Source: Du et al., "Conditional Generation of Audio from Video via Foley Analogies" (2023), `predict_onset.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.details import with_notes
from avmeter.metrics.onset_matching import (
    DELTA,
    about_durations,
    match_onsets,
    onset_pair_need,
    suppress_neighbours,
)
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

_TOLERANCE_S = 0.1


@register("audio.onset_accuracy")
class OnsetAccuracy(Metric):
    """Whether sound and reference have equally many onsets, 0 or 1; higher is better.

    Args:
        duration_s: Compare the first seconds only; 2 as published. Default: all that both have.
        protocol: Makes no difference here.
    """

    direction = "higher"
    range = (0.0, 1.0)

    def __init__(self, *, duration_s: float | None = None, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.duration_s = duration_s

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "duration_s": self.duration_s}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (onset_pair_need(delta=DELTA, duration_s=self.duration_s),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        pair = features["pair"]
        generated, reference = pair["generated_s"], pair["reference_s"]
        found = suppress_neighbours(generated, pair["confidence"])
        matching = match_onsets(generated[found], pair["level"][found], reference, tolerance_s=_TOLERANCE_S)
        details, notes = about_durations(pair.facts)
        details = {"num_onsets": len(generated), "num_reference_onsets": len(reference), **details}
        if len(reference):
            details["hit_rate"] = int(matching.is_hit.sum()) / len(reference)
        return MetricResult(self.name, float(len(generated) == len(reference)), with_notes(details, notes))
