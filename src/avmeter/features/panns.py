"""PANNs Cnn14 at 16 kHz: logits of 527 AudioSet classes and a 2048-d embedding.

Source: Kong et al., "PANNs" (2020), checkpoint `Cnn14_16k_mAP=0.438`; read as av-benchmark reads it. Protocol
"fastvideo" has no PANNs of its own: it means its own way of reading a waveform (peak normalised, soxr, whole clip).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.dsp.mel import PANNS_16K, panns_logmel
from avmeter.errors import SkipCode, SkipError
from avmeter.features._waveforms import mean_arrays, waveform_of
from avmeter.features.base import Features, Runtime, Window, WindowExtractor, load_network
from avmeter.media import MediaItem
from avmeter.nets import panns
from avmeter.registry import register_extractor

SAMPLE_RATE = PANNS_16K.sample_rate
# Five halvings of the time axis must leave one frame.
SHORTEST = 32 * PANNS_16K.hop_length
_LONGEST_S = 60.0


@register_extractor("panns")
class PannsExtractor(WindowExtractor):
    """Arrays `logits` (527,) and `embedding` (2048,) of the whole clip (of its first minute in windows of 10 s above).

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    name = "panns"
    takes = "audio"
    batch_size = 16

    def __init__(self, *, protocol: str = "fastvideo", duration_s: float | None = None) -> None:
        self.protocol = protocol
        self.duration_s = duration_s
        self._net: Any = None

    def options(self) -> Mapping[str, Any]:
        return {"protocol": self.protocol, "duration_s": self.duration_s}

    def weights(self) -> tuple[str, ...]:
        return ("panns-cnn14-16k",)

    def load(self, runtime: Runtime) -> None:
        self._net = runtime.network(
            "panns", lambda: load_network(panns.build(), panns.KEY_MAP, self.weights()[0], runtime)
        )

    def unload(self) -> None:
        self._net = None

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = waveform_of(media, protocol=self.protocol, sample_rate=SAMPLE_RATE, duration_s=self.duration_s)
        length = len(waveform)
        if length < SHORTEST:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{media.name}: {length / SAMPLE_RATE:.3f} s; PANNs needs {SHORTEST / SAMPLE_RATE} s",
            )
        # One window as published; a long clip is cut so that memory stays bounded.
        size = length if length <= _LONGEST_S * SAMPLE_RATE else 10 * SAMPLE_RATE
        for start in range(0, length - size + 1, size):
            yield Window(
                inputs={"waveform": np.array(waveform[start : start + size], np.float32)},
                start_s=start / SAMPLE_RATE,
                duration_s=size / SAMPLE_RATE,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        output = self._net(panns_logmel(batch["waveform"])[:, None])
        return {"logits": output.logits, "embedding": output.embedding}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        arrays = {name: mean_arrays(outputs, name) for name in ("logits", "embedding")}
        used = windows[-1].start_s + windows[-1].duration_s
        return Features(arrays=arrays, facts={"used_seconds": round(used, 4), "num_windows": len(windows)})
