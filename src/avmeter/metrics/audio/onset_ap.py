"""Onset AP: does the sound begin when its reference does, in its loud events first?

    average precision of the generated onsets, ranked by loudness; right is what an onset of the reference claims

Onsets of the sound less than 50 ms apart become one, the louder; then the onsets of the reference, in order, claim the
loudest free one less than 0.1 s away. Onsets and cutting are those of `audio.onset_accuracy`. As published, missed
onsets of the reference are positives of score 0, and are not counted at all once every generated onset is claimed: a
sound with one onset in the right place has 1, however many are missing. `strict_ap` in the details is the average
precision whose recall is a share of all onsets of the reference. Read the two together, and with
`audio.onset_accuracy`; never train on this one alone.

A good value: that of real takes of the same scene; 1 is also a sound with too few onsets (`strict_ap` tells).
Not seen: missing onsets (see above), what the sounds are, and everything without a clear beginning.

Source: Du et al., "Conditional Generation of Audio from Video via Foley Analogies" (2023), `predict_onset.py`;
`average_precision_score` of scikit-learn. Differs from them: a sound without any onset has 0 (there 1), and a reference
without any is a skip, `no_events` (there 0, or an error). Equally loud onsets suppress each other in a stated order.
"""

from __future__ import annotations

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.details import with_notes
from avmeter.metrics.onset_matching import (
    DELTA,
    OnsetMatching,
    TolerantOnsetMetric,
    about_durations,
    match_onsets,
    suppress_neighbours,
)
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.average_precision import average_precision


@register("audio.onset_ap")
class OnsetAp(TolerantOnsetMetric):
    """Average precision of onsets against those of the reference, 0 to 1; higher is better.

    Args:
        tolerance_s: Onsets match when less than this apart; 0.1 as published.
        duration_s: Compare the first seconds only; 2 as published. Default: all that both have.
        protocol: Makes no difference here.

    Raises:
        UsageError: A tolerance that is not above 0.
    """

    delta = DELTA

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        pair = features["pair"]
        reference = pair["reference_s"]
        details, notes = about_durations(pair.facts)
        if not len(reference):
            raise SkipError(
                SkipCode.NO_EVENTS,
                f"{sample.id}: no onset in the {details['used_seconds']:.2f} s of the reference that are compared",
                hint="sound without clear beginnings has no onsets to be met",
            )
        found = suppress_neighbours(pair["generated_s"], pair["confidence"])
        confidence = pair["confidence"][found]
        matching = match_onsets(
            pair["generated_s"][found], pair["level"][found], reference, tolerance_s=self.tolerance_s
        )
        num_hits = int(matching.is_hit.sum())
        if not len(found):
            notes.append("no onset in the sound")
        elif num_hits + matching.num_misses < len(reference):
            notes.append(f"{len(reference) - num_hits - matching.num_misses} missed onsets do not count: see strict_ap")
        details = {
            "num_onsets": len(found),
            "num_reference_onsets": len(reference),
            "num_hits": num_hits,
            "tolerance_s": self.tolerance_s,
            "strict_ap": strict_ap(confidence, matching),
            **details,
        }
        return MetricResult(self.name, published_ap(confidence, matching), with_notes(details, notes))


def published_ap(confidence: np.ndarray, matching: OnsetMatching) -> float:
    """Return the average precision in which misses are positives of score 0; 0 without a generated onset.

    Args:
        confidence: (K,) of the generated onsets.
        matching: With M >= 1 onsets of the reference.
    """
    if not len(confidence):
        return 0.0
    labels = np.concatenate([matching.is_hit, np.ones(matching.num_misses, np.bool_)])
    return average_precision(labels, np.concatenate([confidence, np.zeros(matching.num_misses)]))


def strict_ap(confidence: np.ndarray, matching: OnsetMatching) -> float:
    """Return the average precision whose recall is a share of all onsets of the reference; arguments as above."""
    if not len(confidence):
        return 0.0
    return average_precision(matching.is_hit, confidence, num_positives=matching.num_reference)
