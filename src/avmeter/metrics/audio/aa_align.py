"""AA-Align: do the sounds begin when those of the reference do?

    matched / (onsets + onsets of the reference - matched)

Intersection over union of events, as `av.align` has it of sound and motion. An onset is one of librosa's defaults, a
peak of spectral flux that stands 0.07 of the largest above the mean around it: quieter ones than `audio.onset_ap` has.
A pair matches when less than 0.1 s apart. The published script lets several onsets claim one of the reference, and can
exceed 1: `published_score` in the details; here every onset is matched once (a maximum matching), so the score stays in
[0, 1]. Both sounds are mixed down, read at 22.05 kHz and cut to what they share.

A good value: that of real takes of the same scene; dense sound matches by chance, so score shuffled pairs beside it.
Not seen: what the sounds are, how loud they are, how long they last.

Source: Ren et al., "STA-V2A: Video-to-Audio Generation with Semantic and Temporal Alignment" (2025, arXiv 2409.08601),
`aa_align.py` of y-ren16/STAV2A. Differs from it: the matching, and sounds of different lengths are cut to the shorter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.details import with_notes
from avmeter.metrics.onset_matching import TolerantOnsetMetric, about_durations
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.matching import count_matches


@register("audio.aa_align")
class AaAlign(TolerantOnsetMetric):
    """Intersection over union of onsets of sound and reference, 0 to 1; higher is better.

    Args:
        tolerance_s: Onsets match when less than this apart; 0.1 as published.
        duration_s: Compare the first seconds only. Default: all that both have.
        protocol: Makes no difference here.

    Raises:
        UsageError: A tolerance that is not above 0.
    """

    delta = 0.07  # librosa's default

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        pair = features["pair"]
        generated, reference = pair["generated_s"], pair["reference_s"]
        about, notes = about_durations(pair.facts)
        if not len(generated) and not len(reference):
            raise SkipError(
                SkipCode.NO_EVENTS,
                f"{sample.id}: no onset in the {about['used_seconds']:.2f} s that sound and reference share",
            )
        num_matched = count_matches(generated, reference, tolerance_s=self.tolerance_s)
        num_near = int(np.count_nonzero(distances(generated, reference) < self.tolerance_s))
        details = {
            "num_onsets": len(generated),
            "num_reference_onsets": len(reference),
            "num_matched": num_matched,
            "tolerance_s": self.tolerance_s,
            "published_score": num_near / (len(generated) + len(reference) - num_near),
            **about,
        }
        score = num_matched / (len(generated) + len(reference) - num_matched)
        return MetricResult(self.name, score, with_notes(details, notes))


def distances(times_s: npt.NDArray[np.float64], others_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far each of N times is from the nearest of M others, both ascending, (N,); infinity without any."""
    padded = np.concatenate([[-np.inf], others_s, [np.inf]])
    after = np.searchsorted(padded, times_s)
    nearest: npt.NDArray[np.float64] = np.minimum(padded[after] - times_s, times_s - padded[after - 1])
    return nearest
