"""What metrics over sets of videos share: features of generated and of reference videos by one network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.backbone_metric import BackboneMetric
from avmeter.metrics.base import Need


class VideoSetMetric(BackboneMetric):
    """A metric over a backbone's features of videos, which every protocol reads alike.

    Attributes:
        num_frames: Frames of every clip; None is all of them. Set before `BackboneMetric` is.
    """

    num_frames: int | None

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "num_frames": self.num_frames}

    def generated_need(self) -> Need:
        return self._need("generated", "video")

    def reference_need(self, *, optional: bool = False) -> Need:
        return self._need("reference", "reference", optional=optional)

    def _need(self, name: str, field_name: str, *, optional: bool = False) -> Need:
        options = {**self._backbone.options, "num_frames": self.num_frames}
        return Need(name=name, field=field_name, extractor=self._backbone.extractor, options=options, optional=optional)
