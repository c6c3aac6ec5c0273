"""PLCMOS v2: non-intrusive mean opinion score of speech whose lost packets were concealed.

Source: Diener et al., "PLCMOS: a data-driven non-intrusive metric for the evaluation of packet loss concealment
algorithms" (Interspeech 2023); protocol of `plcmos.py` of the package speechmos: 16 kHz mono, one log power spectrum
of the whole clip, and the mean over 15 simulated listeners.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.features.base import Features, Window, WindowExtractor
from avmeter.features.onnx import open_session
from avmeter.features.quality.base import band_facts, require_length
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = 16_000
N_FFT = 512  # samples in a frame of 32 ms
HOP = 256
MIN_FRAMES = 7  # fewer do not survive the poolings of the network
MIN_SAMPLES = (MIN_FRAMES - 2) * HOP + 1  # 80 ms
NUM_LISTENERS = 15
_LISTENER_DIM = 64
_SPEC = AudioSpec(sample_rate=SAMPLE_RATE)
_LN_10 = float(np.log(10))


@register_extractor("plcmos")
class Plcmos(WindowExtractor):
    """Facts `mos`, mean over simulated listeners, `listener_std`; `silent` and `high_band_only`: why to doubt it."""

    takes = "audio"
    entries = ("plcmos-v2",)
    dependencies = ("onnxruntime",)
    extra = "dnsmos"
    needs_real_weights = True
    batch_size = gpu_batch_size = 1  # clips run one by one on the CPU, side by side with others
    is_concurrent = True

    def build_network(self, runtime: Runtime) -> Any:
        return open_session(runtime.weights.path(self.entries[0]))

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(_SPEC)
        require_length(waveform, SAMPLE_RATE, "PLCMOS", least=MIN_SAMPLES)
        duration_s = len(waveform) / SAMPLE_RATE
        yield Window(inputs={"spectrum": log_power(waveform[:])}, start_s=0.0, duration_s=duration_s)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return band_facts(media, media.audio(_SPEC))

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        return [{"listeners": self._rate(window.inputs["spectrum"])} for window in windows]

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        scores = np.asarray(outputs[0]["listeners"], np.float64)
        spread = {"listener_std": float(scores.std()), "num_listeners": len(scores)}
        return Features(facts={"mos": float(scores.mean()), **spread, **facts})

    def _rate(self, spectrum: npt.NDArray[np.float32]) -> list[float]:
        inputs = {"degraded_audio": spectrum[None, None]}
        return [float(self._net.run(None, {**inputs, "rater_embed": x[None]})[0]) for x in listeners()]


def listeners() -> npt.NDArray[np.float32]:
    """Return the simulated listeners, (15, 64) standard normal: the same ones for every clip and every run."""
    drawn = np.random.RandomState(0).normal(size=(NUM_LISTENERS, _LISTENER_DIM))
    return drawn.astype(np.float32)


def log_power(waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Compute the natural logarithm of the power spectrum, divided by 20: (1 + ceil(N / 256), 257).

    Hamming frames of 512 samples every 256, the first one half in the silence in front. Empty bins lie 120 dB below the
    weakest other one; with nothing in any they have -80 dB.

    Args:
        waveform: (N,) at 16 kHz.
    """
    num_frames = 1 + -(-len(waveform) // HOP)
    padded = np.pad(waveform, (HOP, num_frames * HOP - len(waveform)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    hamming = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    power = np.abs(np.fft.rfft(frames * hamming, axis=1)) ** 2
    audible = power > 0
    if not audible.any():
        return np.full(power.shape, -8 * _LN_10 / 20, np.float32)
    floor = np.log(power[audible].min()) - 12 * _LN_10
    logarithm = np.full_like(power, floor)
    np.log(power, out=logarithm, where=audible)
    scaled: npt.NDArray[np.float32] = (logarithm / 20).astype(np.float32)
    return scaled
