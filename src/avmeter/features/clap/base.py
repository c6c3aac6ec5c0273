"""Which CLAP a sound or a text is embedded with, and the network that both towers share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from torch import nn

from avmeter.nets import clap
from avmeter.protocols import AV_BENCHMARK, FASTVIDEO, check_protocol
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network

DEFAULT_MODELS: Mapping[str, str] = MappingProxyType(
    {FASTVIDEO: "clap-htsat-fused", AV_BENCHMARK: "laion-clap-music-speech-audioset"}
)
"""Protocol -> the checkpoint that its harness uses."""


def model_of(model: str | None, protocol: str) -> str:
    """Catalog name of a checkpoint, or of the protocol's own when none was named.

    Raises:
        UnknownNameError: No such checkpoint or protocol.
    """
    default = DEFAULT_MODELS[check_protocol(protocol)]
    return default if model is None else clap.checkpoint_name(model)


def network_key(model: str) -> tuple[str, str]:
    """Key of a checkpoint's network in `Runtime.networks`."""
    return ("clap", model)


def load_clap(model: str, runtime: Runtime) -> Any:
    """The network of a checkpoint, both towers, on the device; loaded once for everybody.

    Args:
        model: Catalog name.
        runtime: Device and weights. Dummy weights are filled by the names of the transformers layout.

    Raises:
        MissingDependencyError: transformers is not installed.
        WeightsError: The checkpoint is absent or another.
    """

    def build() -> nn.Module:
        checkpoint = clap.CHECKPOINTS[model]
        net = clap.build(checkpoint.config)
        if runtime.weights.is_dummy:
            fill_network(net, clap.KEY_MAP.official)
        else:
            state = checkpoint.layout.translate(runtime.weights.state_dict(model))
            clap.KEY_MAP.load(net, state, source=model)
        return net.to(runtime.device).eval().requires_grad_(False)

    return runtime.network(network_key(model), build)
