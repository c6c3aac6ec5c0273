"""Distill-MOS: what mean opinion score would listeners give this speech, without a reference?

A small network taught by a large one on XLS-R, over recordings with noise, lost packets, coding, suppression and
speech synthesis. The score is the mean over windows w of 7.68 s, which start at most 1 s apart:

    MOS = 1 + 4 mean_w q_w,  q_w in [0, 1]

Each window is scaled to peak 1 first, so level does not count; a clip shorter than a window is padded with zeros.
Channels are averaged, where the published reader of files takes the first. The network answers to silence, music and
effects as to anything: silence, and sound above 8 kHz only, have a `warning` in the details, and count in the mean.

A good value: that of the reference speech in the same run; clean speech has about 4.5 (4.55 for an uncoded recording of
a listening test), on the scale of opinion scores, 1 bad to 5 excellent.
Not seen: what is said, who says it, level, anything above 8 kHz, stereo. Trained mostly on English; no judge of music
or effects.

Source: Stahl and Gamper, "Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech Quality
Assessment" (ICASSP 2025).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.quality import quality_details
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.distillmos")
class DistillMosMetric(Metric):
    """Mean opinion score of speech, 1 to 5; higher is better."""

    direction = "higher"
    unit = "MOS"
    range = (1.0, 5.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="audio", field="audio", extractor="distillmos"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        details = quality_details(features["audio"].facts)
        return MetricResult(self.name, details["mos"], details)
