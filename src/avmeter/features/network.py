"""Extractors around the networks of `avmeter.nets`: building one and filling it with a checkpoint, decided once."""

from __future__ import annotations

import abc
from collections.abc import Mapping

from torch import Tensor, nn

from avmeter.features.base import WindowExtractor
from avmeter.nets.fused.availability import fuse_where_possible
from avmeter.nets.keys import KeyMap
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network


class NetworkExtractor(WindowExtractor):
    """An extractor that says which network it needs; this class fills it and puts it on the device."""

    is_concurrent = True

    @abc.abstractmethod
    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        """Return the network on the CPU, its parameters still uninitialised, and the key table of its checkpoint."""

    def checkpoint_name(self) -> str:
        """Return the name of the checkpoint, in the catalog and in messages."""
        return self.weights()[0]

    def checkpoint(self, runtime: Runtime) -> Mapping[str, Tensor]:
        """Read the checkpoint: official key -> tensor on the CPU.

        Raises:
            WeightsError: It is absent, or another file.
        """
        return runtime.weights.state_dict(self.checkpoint_name())

    def build_network(self, runtime: Runtime) -> nn.Module:
        """Build the network, filled with its checkpoint (or stand-in values), on the device and in eval mode.

        Raises:
            WeightsError: The checkpoint is absent or does not fit, key by key.
        """
        net, keys = self.architecture(runtime)
        if self.has_dummy_weights(runtime):
            fill_network(net, keys.official)
        else:
            keys.load(net, self.checkpoint(runtime), source=self.checkpoint_name())
        dtype = runtime.half_dtype if self.half_weights else None
        net = net.to(runtime.device, dtype).eval().requires_grad_(False)
        if runtime.operand_dtype is not None:
            fuse_where_possible(net, runtime.operand_dtype, runtime.device)
        return net
