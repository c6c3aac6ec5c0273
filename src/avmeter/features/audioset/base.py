"""What the extractors around AudioSet networks (PaSST, PANNs, VGGish, YAMNet) have in common."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import nn

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import WindowExtractor, load_network
from avmeter.features.waveforms import waveform_of
from avmeter.media import MediaItem
from avmeter.nets.keys import KeyMap
from avmeter.protocols import FASTVIDEO, check_protocol
from avmeter.runtime import Runtime


class AudioSetExtractor(WindowExtractor):
    """A network over mono sound, read as a protocol reads it.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    takes = "audio"
    entry: ClassVar[str]  # of the weights catalog
    sample_rate: ClassVar[int]
    shortest: ClassVar[int] = 1  # points; below there is nothing to embed

    def __init__(self, *, protocol: str = FASTVIDEO, duration_s: float | None = None) -> None:
        if duration_s is not None and not duration_s > 0:
            raise UsageError(f"duration_s is {duration_s}, not a positive number of seconds")
        self.protocol = check_protocol(protocol)
        self.duration_s = duration_s
        self._net: Any = None

    def options(self) -> Mapping[str, Any]:
        return {"protocol": self.protocol, "duration_s": self.duration_s}

    def weights(self) -> tuple[str, ...]:
        return (self.entry,)

    def unload(self) -> None:
        self._net = None

    def waveform(self, media: MediaItem) -> Any:
        """The sound (N,) at the network's rate, as the protocol prepares it.

        Raises:
            SkipError: It is shorter than `shortest`, or silent where the protocol cannot read silence.
        """
        waveform = waveform_of(media, protocol=self.protocol, sample_rate=self.sample_rate, duration_s=self.duration_s)
        if len(waveform) < self.shortest:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{media.name}: the sound lasts {len(waveform) / self.sample_rate:.3f} s; {self.name} needs "
                f"{self.shortest / self.sample_rate:.3f} s",
            )
        return waveform


class TorchAudioSetExtractor(AudioSetExtractor):
    """The same, of a network of this package."""

    @abc.abstractmethod
    def network(self) -> tuple[nn.Module, KeyMap]:
        """The network without its weights, and the key table of its checkpoint."""

    def load(self, runtime: Runtime) -> None:
        def build() -> nn.Module:
            net, keys = self.network()
            return load_network(net, keys, self.entry, runtime)

        self._net = runtime.network(self.name, build)
