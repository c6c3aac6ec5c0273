"""LSE-D: how far apart are lips and speech for SyncNet, at the offset where they fit best?

    least over 31 shifts of the mean distance of embeddings

The other number of `av.lip_sync`, from the same features and of the same face: the one with the highest confidence.

A good value: that of real clips of the same kind; published systems report 6 to 8, and speech over another's lips more.
Not seen: what `av.lip_sync` does not see; and distances differ between speakers, cameras and compression more than
confidences do.

Source: as `av.lip_sync`.
"""

from __future__ import annotations

from avmeter.metrics.lip_sync_metric import LipSyncMetric
from avmeter.registry import register
from avmeter.stats.lip_offset import LipOffset


@register("av.lip_sync_distance")
class LipSyncDistance(LipSyncMetric):
    """Least mean distance of SyncNet's embeddings, LSE-D; lower is better."""

    direction = "lower"
    range = (0.0, None)

    def value(self, found: LipOffset) -> float:
        return found.distance
