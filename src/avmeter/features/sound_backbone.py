"""What extractors share that read mono sound as a protocol does: PaSST, PANNs, VGGish, YAMNet, aiSFX, SoundNet, ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Window, WindowExtractor
from avmeter.features.truncation import duration_mismatch, unread
from avmeter.features.waveforms import protocol_waveform
from avmeter.media import MediaItem
from avmeter.protocols import FASTVIDEO, check_protocol


class SoundBackbone(WindowExtractor):
    """A network over mono sound, read as a protocol reads it.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.

    Attributes:
        sample_rate: Of the network, Hz.
        min_samples: Below this there is nothing to embed.
    """

    takes = "audio"
    option_names: ClassVar[tuple[str, ...]] = ("protocol", "duration_s")
    sample_rate: ClassVar[int]
    min_samples: ClassVar[int] = 1

    def __init__(self, *, protocol: str = FASTVIDEO, duration_s: float | None = None) -> None:
        if duration_s is not None and not duration_s > 0:
            raise UsageError(f"duration_s is {duration_s}, not a positive number of seconds")
        self.protocol = check_protocol(protocol)
        self.duration_s = duration_s

    def waveform(self, media: MediaItem) -> Any:
        """Read the sound (N,) at the network's rate, as the protocol prepares it.

        Raises:
            SkipError: It has fewer than `min_samples`, or is silent where the protocol cannot read silence.
        """
        waveform = protocol_waveform(
            media, protocol=self.protocol, sample_rate=self.sample_rate, duration_s=self.duration_s
        )
        if len(waveform) < self.min_samples:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{media.name}: the sound lasts {len(waveform) / self.sample_rate:.3f} s; {self.name} needs "
                f"{self.min_samples / self.sample_rate:.3f} s",
            )
        return waveform

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {**unread(media, len(self.waveform(media)) / self.sample_rate), **duration_mismatch(media)}


def facts_of_windows(windows: Sequence[Window], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts of a clip, how many windows were read, and up to where: `used_seconds`, three decimals."""
    used = windows[-1].start_s + windows[-1].duration_s
    return {**facts, "used_seconds": round(used, 3), "num_windows": len(windows)}
