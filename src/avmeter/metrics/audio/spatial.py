"""Stereo image: how wide is the sound, and on which side does it lie?

The headline is the width: the share of the energy that is in the difference of the channels,

    width = E(side) / (E(side) + E(mid)),  mid = (left + right) / 2,  side = (left - right) / 2

0 is mono, in one channel or in two equal ones; 1/2 is that of two unrelated channels of one level, and of sound in one
channel alone; above 1/2 the channels work against each other, and a mono mix loses most of the sound. `side_to_mid_db`
is the same as a ratio. Where both channels sound, the details have what places a sound for a listener: the level
difference (left above right, dB), the time difference (left ahead, where the correlation within 1 ms is largest, read
between samples), the correlation, and its largest magnitude, `iacc`. When `iacc` is low, the time difference is chance;
of a steady tone it is known up to a period only. All are of the whole clip: sounds on the left and then on the right
are in balance.

A good value: that of the reference set; neither wide nor narrow is better.
Not seen: height, distance, movement, front or back. Whether the side agrees with the picture: SAVGBench has a protocol
for that (Spatial AV-Align, arXiv 2412.13462), which stands on a network that localises sounds in stereo and one that
finds objects, neither of which is here. More than two channels are a skip.

Source: arithmetic; `iacc` after ISO 3382-1, over the whole clip and all frequencies.
"""

from __future__ import annotations

import math
from typing import Any

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.details import with_notes
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.spatial")
class SpatialMetric(Metric):
    """Share of the energy in the difference of left and right, 0 to 1; details have sides, delays and correlation."""

    direction = "none"
    range = (0.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="audio", field="audio", extractor="stereo"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        details: dict[str, Any] = dict(features["audio"].facts)
        if details.pop("silent"):
            raise SkipError(SkipCode.SILENT, f"{sample.id}: silence has no width")
        width = details["width"]
        if 0 < width < 1:
            details["side_to_mid_db"] = 10 * math.log10(width / (1 - width))
        notes = []
        if details["num_channels"] == 1:
            notes.append("mono: measured as two equal channels")
        elif details["correlation"] is None:
            notes.append("one channel is silent: there is no level or time difference")
        return MetricResult(self.name, width, with_notes(details, notes))
