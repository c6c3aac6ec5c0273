"""CLAP embedding of the sound.

Source: Wu, Chen, Zhang et al., "Large-Scale Contrastive Language-Audio Pretraining" (ICASSP 2023). 48 kHz mono.
MS-CLAP: Elizalde, Deshmukh and Wang, "Natural Language Supervision for General-Purpose Audio Representations" (ICASSP
2024). 44.1 kHz mono; its inputs are 7 s instead of 10.

    clip              fused checkpoints                              checkpoints without fusion
    up to 10 s        repeated as often as it fits whole, then zeros the same; MS-CLAP: repeated, then cut
    above, published  the whole shrunk to 10 s, three crops of 10 s  one crop of 10 s
    above, windows    windows of 10 s side by side, the last one ending with the clip; mean of their embeddings

Crops come from a generator of their own with seed 0, so that a clip always gives the same embedding. Protocol
"fastvideo": soxr, peak to -1 dBFS; what transformers does with a clip on its own. Protocol "av-benchmark": less its
mean, sinc resampler, the first 8 s, or as many as it names.

LAION's own checkpoints: a short clip passes by the fusion branch, and samples are rounded through 16-bit integers as
LAION's code does with files; av-benchmark hands tensors over, which are not rounded. To MS-CLAP it hands files: there
"av-benchmark" is the sinc resampler over the whole clip, its mean not removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from avmeter.dsp import clap as dsp
from avmeter.errors import UnknownNameError
from avmeter.features.base import Features, Window
from avmeter.features.clap.base import ClapExtractor
from avmeter.features.truncation import duration_mismatch, unread
from avmeter.features.waveforms import protocol_waveform
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import clap
from avmeter.protocols import AV_BENCHMARK, FASTVIDEO, harness_of
from avmeter.registry import register_extractor


@register_extractor("clap_audio")
class ClapAudio(ClapExtractor):
    """Array `embedding` (D,), D = 512 (MS-CLAP 1024), of length 1.

    Args:
        model: Checkpoint, by its catalog name or by what papers call it; default is the protocol's own:
            "clap-htsat-fused" or "laion-clap-music-speech-audioset".
        long_clips: "published" or "windows", see above; default is "published" for fused checkpoints, else "windows",
            since one crop covers only a part.
        protocol: "fastvideo" or "av-benchmark".
    """

    takes = "audio"
    option_names = ("model", "long_clips", "protocol")

    def __init__(self, *, model: str | None = None, long_clips: str | None = None, protocol: str = FASTVIDEO) -> None:
        super().__init__(model=model, protocol=protocol)
        self._input_spec = self._checkpoint.input_spec
        self._fused = self._checkpoint.config.audio.fusion
        own_rule = dsp.LongClips.PUBLISHED if self._fused else dsp.LongClips.WINDOWS
        if long_clips is not None and long_clips not in list(dsp.LongClips):
            raise UnknownNameError.among("rule for long clips", str(long_clips), dsp.LongClips)
        self.long_clips = str(long_clips or own_rule)
        self._rounds = self._checkpoint.int16 and self.protocol == FASTVIDEO

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform, rate = self._waveform(media), self._input_spec.sample_rate
        for start, length in self._cuts(len(waveform)):
            made = self._input(waveform[start : start + length] if length < len(waveform) else waveform)
            yield Window(
                inputs={"mel": made.input_features.numpy(), "is_longer": np.array(made.is_longer)},
                start_s=start / rate,
                duration_s=length / rate,
            )

    def _waveform(self, media: MediaItem) -> Any:
        rate = self._input_spec.sample_rate
        if self._checkpoint.opens_files and harness_of(self.protocol) == AV_BENCHMARK:
            return media.audio(AudioSpec(sample_rate=rate, resampler="sinc"))
        waveform = protocol_waveform(media, protocol=self.protocol, sample_rate=rate)
        return _Rounded(waveform) if self._rounds else waveform

    def _cuts(self, num_samples: int) -> list[tuple[int, int]]:
        """Return (start, length), in samples, of what the network reads at once."""
        length = self._input_spec.max_length
        if num_samples <= length or self.long_clips == dsp.LongClips.PUBLISHED:
            return [(0, num_samples)]
        num_windows = -(-num_samples // length)
        return [(min(i * length, num_samples - length), length) for i in range(num_windows)]

    def _input(self, waveform: Any) -> dsp.ClapInput:
        if self._fused:
            return dsp.fused_input(waveform, short_clips=self._checkpoint.short_clips)
        return dsp.unfused_input(waveform, input_spec=self._input_spec)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        input_spec, num_samples = self._input_spec, len(self._waveform(media))
        facts: dict[str, Any] = {"model": self.model, "used_seconds": round(num_samples / input_spec.sample_rate, 4)}
        if num_samples < input_spec.max_length:
            facts["num_repeats"] = round(input_spec.num_repeats(num_samples), 4)
        elif self.long_clips == dsp.LongClips.PUBLISHED and (
            starts := dsp.crop_starts_s(num_samples, fused=self._fused, input_spec=input_spec)
        ):
            facts["crop_starts_s"] = [round(s, 4) for s in starts]
            if not self._fused:
                facts["used_seconds"] = input_spec.duration_s
        return {**facts, **unread(media, facts["used_seconds"]), **duration_mismatch(media)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": clap.audio_features(self._net, batch["mel"], batch["is_longer"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        arrays = {"embedding": _mean_direction(np.stack([o["embedding"] for o in outputs]))}
        return Features(arrays=arrays, facts={**facts, "num_windows": len(windows)})


class _Rounded:
    """A waveform whose samples are rounded through 16-bit integers when they are read."""

    def __init__(self, waveform: Any) -> None:
        self._waveform = waveform

    def __len__(self) -> int:
        return len(self._waveform)

    def __getitem__(self, key: slice) -> Tensor:
        return dsp.round_int16(torch.from_numpy(np.asarray(self._waveform[key], np.float32)))


def _mean_direction(rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Average unit vectors (W, D) to one of length 1; a single one stays as it is."""
    if len(rows) == 1:
        return np.asarray(rows[0], np.float32)
    mean = rows.mean(axis=0, dtype=np.float64)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)
