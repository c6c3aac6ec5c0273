"""PaSST: logits of 527 AudioSet classes and a 768-d embedding from one pass per window.

Source: Koutini et al., "Efficient Training of Audio Transformers with Patchout" (2022), checkpoint
`passt_s_swa_p16_128_ap476`.

Windows, protocol "fastvideo": 10 s every 5 s from 0 until less than 5 s would be new; logits are their mean, the
embedding is that of the first 10 s. A clip under 1.5 s is padded to 10 s for the embedding, but its logits are taken
unpadded, as published. Protocol "av-benchmark": one window, the first 8 s padded to 10 s, for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.dsp.mel import passt_mel
from avmeter.features._waveforms import mean_arrays, padded, waveform_of
from avmeter.features.base import Features, Runtime, Window, WindowExtractor, load_network
from avmeter.media import MediaItem
from avmeter.nets import passt
from avmeter.registry import register_extractor

SAMPLE_RATE = 32_000
WINDOW = 10 * SAMPLE_RATE
HOP = 5 * SAMPLE_RATE
UNPADDED_BELOW = int(0.15 * WINDOW)
# 16 mel frames make the first patch; below that there is nothing to classify.
SHORTEST = 16 * 320


@register_extractor("passt")
class PasstExtractor(WindowExtractor):
    """Arrays `logits` (527,) and `embedding` (768,). `logits` is absent for clips under 0.16 s ("fastvideo").

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    name = "passt"
    takes = "audio"
    batch_size = 16

    def __init__(self, *, protocol: str = "fastvideo", duration_s: float | None = None) -> None:
        self.protocol = protocol
        self.duration_s = duration_s
        self._net: Any = None

    def options(self) -> Mapping[str, Any]:
        return {"protocol": self.protocol, "duration_s": self.duration_s}

    def weights(self) -> tuple[str, ...]:
        return ("passt",)

    def load(self, runtime: Runtime) -> None:
        self._net = runtime.network("passt", lambda: load_network(passt.build(), passt.KEY_MAP, "passt", runtime))

    def unload(self) -> None:
        self._net = None

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = waveform_of(media, protocol=self.protocol, sample_rate=SAMPLE_RATE, duration_s=self.duration_s)
        length = len(waveform)
        if self.protocol == "av-benchmark":
            starts: Sequence[int] = (0,)
        else:
            starts = range(0, max(HOP, length - HOP), HOP)
        for start in starts:
            piece = waveform[start : start + WINDOW]
            yield Window(
                inputs={"waveform": padded(piece, WINDOW)},
                start_s=start / SAMPLE_RATE,
                duration_s=len(piece) / SAMPLE_RATE,
            )
        if self.protocol == "fastvideo" and SHORTEST <= length <= UNPADDED_BELOW:
            yield Window(
                inputs={"waveform": np.array(waveform[:], np.float32)}, start_s=0.0, duration_s=length / SAMPLE_RATE
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        output = self._net(passt_mel(batch["waveform"])[:, None])
        return {"logits": output.logits, "embedding": output.embedding}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        arrays = {"embedding": outputs[0]["embedding"]}
        end_s = max(w.start_s + w.duration_s for w in windows)
        short = self.protocol == "fastvideo" and round(end_s * SAMPLE_RATE) <= UNPADDED_BELOW
        if not short:
            arrays["logits"] = mean_arrays(outputs, "logits")
        elif len(outputs) == 2:
            arrays["logits"] = outputs[1]["logits"]
        return Features(arrays=arrays, facts={"used_seconds": round(end_s, 4), "num_windows": len(windows)})
