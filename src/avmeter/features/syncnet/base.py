"""What both of SyncNet's extractors share: its network, loaded once."""

from __future__ import annotations

from collections.abc import Hashable

from torch import nn

from avmeter.features.fixed_rate import FPS
from avmeter.features.network import NetworkExtractor
from avmeter.nets import syncnet
from avmeter.nets.keys import KeyMap
from avmeter.runtime import Runtime

STEP_S = 1 / FPS
AT_ONCE = 16  # embeddings of a window


class SyncNetPart(NetworkExtractor):
    """An extractor around one of the towers."""

    entries = ("syncnet-v2",)

    def network_key(self) -> Hashable:
        return ("syncnet",)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return syncnet.build(), syncnet.KEY_MAP
