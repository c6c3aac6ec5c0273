"""DNSMOS: non-intrusive mean opinion scores of speech, ITU-T P.835 (signal, background, overall) and P.808.

Source: Reddy, Gopal, Cutler, "DNSMOS P.835" (ICASSP 2022); models and polynomials of microsoft/DNS-Challenge.
Windows of 9.01 s every second; shorter clips are doubled until they fill one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from avmeter.dsp.filterbank import slaney_bank
from avmeter.features.base import Features, Window, WindowExtractor
from avmeter.features.onnx import open_session
from avmeter.features.quality.base import require_length
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

SAMPLE_RATE = 16_000
WINDOW_S = 9.01
WINDOW = int(WINDOW_S * SAMPLE_RATE)  # 144160 samples
HOP = SAMPLE_RATE  # samples in the second between windows
_N_FFT, _HOP, _N_MELS = 321, 160, 120  # of the P.808 network: samples, samples (10 ms), bands
# Raw network output -> score; coefficients of x^2, x, 1 from dnsmos_local.py of the challenge repository.
_POLYNOMIALS = {
    "sig": (-0.08397278, 1.22083953, 0.0052439),
    "bak": (-0.13166888, 1.60915514, -0.39604546),
    "ovrl": (-0.06766283, 1.11546468, 0.04602535),
}


@register_extractor("dnsmos")
class Dnsmos(WindowExtractor):
    """SIG, BAK, OVRL (P.835) and P.808 scores of a clip, means over its windows."""

    version = "3"
    takes = "audio"
    entries = ("dnsmos-p835", "dnsmos-p808")
    dependencies = ("onnxruntime",)
    extra = "dnsmos"
    needs_real_weights = True
    batch_size = gpu_batch_size = 1  # windows run one by one on the CPU, side by side with those of other clips
    is_concurrent = True

    def build_network(self, runtime: Runtime) -> tuple[Any, Any]:
        """Open the sessions of both networks."""
        p835, p808 = (open_session(runtime.weights.path(entry)) for entry in self.entries)
        return p835, p808

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE))
        require_length(waveform, SAMPLE_RATE, "DNSMOS")
        if len(waveform) < WINDOW:
            repeated = waveform[:]
            while len(repeated) < WINDOW:
                repeated = np.concatenate([repeated, repeated])
            waveform = repeated
        for i in published_windows(len(waveform)):
            start = i * HOP
            piece = np.ascontiguousarray(waveform[start : start + WINDOW], np.float32)
            yield Window(inputs={"waveform": piece}, start_s=float(i), duration_s=WINDOW_S)

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        p835_session, p808_session = self._net
        outputs = []
        for window in windows:
            waveform = window.inputs["waveform"]
            sig, bak, ovrl = p835_session.run(None, {"input_1": waveform[None]})[0][0]
            p808 = p808_session.run(None, {"input_1": _log_mel(waveform[:-160])[None]})[0][0][0]
            scores = {
                k: float(np.polyval(p, v)) for (k, p), v in zip(_POLYNOMIALS.items(), (sig, bak, ovrl), strict=True)
            }
            outputs.append({**scores, "p808": float(p808)})
        return outputs

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        means = {k: float(np.mean([o[k] for o in outputs])) for k in outputs[0]}
        return Features(facts={**means, "num_windows": len(outputs)})


def published_windows(num_samples: int) -> list[int]:
    """Return the numbers of the windows, one every second, that the published loop scores in this many samples.

    It floors the duration first, so a fraction of a second may stay unread; and where rounding of `9.01 + i` makes a
    window one sample short (i from 7 to 23 and from 119 to 122) it leaves the window out.
    """
    num_windows = max(int(num_samples // SAMPLE_RATE - WINDOW_S) + 1, 1)
    return [i for i in range(num_windows) if int((i + WINDOW_S) * SAMPLE_RATE) - i * HOP == WINDOW]


def _log_mel(waveform: np.ndarray) -> np.ndarray:
    """Compute a mel spectrogram (frames, 120) in dB below its maximum, scaled as the P.808 network expects it."""
    padded = np.pad(waveform, _N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2
    filters = slaney_bank(sample_rate=SAMPLE_RATE, n_fft=_N_FFT, n_mels=_N_MELS, f_min=0.0, f_max=8000.0)
    mel = power @ filters.T
    db = 10 * np.log10(np.maximum(mel, 1e-10)) - 10 * np.log10(max(mel.max(), 1e-10))
    scaled: np.ndarray = ((np.maximum(db, -80.0) + 40) / 40).astype(np.float32)
    return scaled
