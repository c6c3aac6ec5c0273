"""Which CLAP a sound or a text is embedded with, and the network that both extractors share."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType

from torch import Tensor, nn

from avmeter.features.network import NetworkExtractor
from avmeter.nets import clap
from avmeter.nets.keys import KeyMap
from avmeter.protocols import AV_BENCHMARK, FASTVIDEO, check_protocol, harness_of
from avmeter.runtime import Runtime

DEFAULT_MODELS: Mapping[str, str] = MappingProxyType(
    {FASTVIDEO: "clap-htsat-fused", AV_BENCHMARK: "laion-clap-music-speech-audioset"}
)
"""Harness -> the checkpoint that it uses."""


class ClapExtractor(NetworkExtractor):
    """An extractor around both towers of a CLAP, loaded once for sound and text.

    Args:
        model: Checkpoint, by its catalog name or by what papers call it; None is the protocol's own.
        protocol: "fastvideo" or "av-benchmark".

    Raises:
        UnknownNameError: No such checkpoint or protocol.
    """

    dependencies = ("transformers",)
    extra = "clap"

    def __init__(self, *, model: str | None, protocol: str) -> None:
        self.protocol = check_protocol(protocol)
        default = DEFAULT_MODELS[harness_of(self.protocol)]
        self.model = default if model is None else clap.checkpoint_name(model)
        self._checkpoint = clap.CHECKPOINTS[self.model]

    def weights(self) -> tuple[str, ...]:
        return (self.model,)

    def network_key(self) -> Hashable:
        return ("clap", self.model)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return clap.build(self._checkpoint.config), clap.KEY_MAP

    def checkpoint(self, runtime: Runtime) -> Mapping[str, Tensor]:
        """Read the checkpoint; keys of every layout are translated to that of transformers."""
        return self._checkpoint.layout.translate(super().checkpoint(runtime))
