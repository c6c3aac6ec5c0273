"""What metrics with the option `backbone` share: features of generated and of reference sound by one network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from avmeter.metrics.backbones import BACKBONES, DEFAULT_BACKBONE, Backbone, audio_need, backbone_names, find_backbone
from avmeter.metrics.base import Metric, Need
from avmeter.protocols import FASTVIDEO


class BackboneMetric(Metric):
    """A metric over the features of one backbone.

    Args:
        backbone: Network whose features are compared; values of different ones do not compare.
        protocol: Decides preprocessing.

    Attributes:
        needs_classes: Only backbones with class logits will do.
        backbones: The table of backbones to choose from.
    """

    backbones: ClassVar[Mapping[str, Backbone]] = BACKBONES
    needs_classes: ClassVar[bool] = False

    def __init__(self, *, backbone: str = DEFAULT_BACKBONE, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.backbone = backbone
        self._backbone = find_backbone(
            backbone, with_classes=self.needs_classes, metric=self.name, among=self.backbones
        )

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "backbone": backbone_names(with_classes=cls.needs_classes, among=cls.backbones)}

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "backbone": self.backbone}

    def generated_need(self) -> Need:
        """Return the need for the sound to be measured, under "generated"."""
        return audio_need("generated", "audio", self._backbone, self.protocol)

    def reference_need(self, *, optional: bool = False) -> Need:
        """Return the need for the sound to measure against, under "reference"."""
        return audio_need("reference", "reference_audio", self._backbone, self.protocol, optional=optional)
