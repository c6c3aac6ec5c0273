"""Which CLIP or ViCLIP an image, a video or a text is embedded with: a network per tower, loaded once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar

from torch import nn

from avmeter.errors import UnknownNameError
from avmeter.features.network import NetworkExtractor
from avmeter.nets import clip, viclip
from avmeter.nets.clip import ClipConfig
from avmeter.nets.keys import KeyMap
from avmeter.runtime import Runtime

CHECKPOINTS: Mapping[str, ClipConfig] = MappingProxyType(
    {"clip-vit-b-32": clip.VIT_B_32, "clip-vit-l-14": clip.VIT_L_14}
)
"""Catalog name of a CLIP -> its sizes."""
VICLIP_ENTRY = "viclip"


class ClipTower(NetworkExtractor):
    """An extractor around one of `clip.TOWERS`.

    Args:
        model: Checkpoint, by its catalog name: "clip-vit-b-32" or "clip-vit-l-14".

    Raises:
        UnknownNameError: No such checkpoint.
    """

    tower: ClassVar[str]
    option_names: ClassVar[tuple[str, ...]] = ("model",)
    half_weights = True

    def __init__(self, *, model: str = "clip-vit-b-32") -> None:
        if model not in CHECKPOINTS:
            raise UnknownNameError.among("CLIP", str(model), CHECKPOINTS)
        self.model = model

    def weights(self) -> tuple[str, ...]:
        return (self.model, *self.entries)

    def network_key(self) -> Hashable:
        return (self.model, self.tower)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        config = replace(CHECKPOINTS[self.model], towers=(self.tower,), attention_dtype=runtime.attention_dtype)
        return clip.build(config), clip.key_map((self.tower,))


class ViClipTower(NetworkExtractor):
    """An extractor around one of `viclip.TOWERS`."""

    tower: ClassVar[str]
    entries: ClassVar[tuple[str, ...]] = (VICLIP_ENTRY,)
    half_weights = True

    def network_key(self) -> Hashable:
        return (VICLIP_ENTRY, self.tower)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        config = viclip.ViClipConfig(towers=(self.tower,), attention_dtype=runtime.attention_dtype)
        return viclip.build(config), viclip.key_map((self.tower,))
