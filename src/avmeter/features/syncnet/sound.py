"""SyncNet's embeddings of the sound: of the 0.2 s from every 1/25 s on, on the clock of the video.

Source: joonson/syncnet_python, `SyncNetInstance.py`: 16 kHz, mono, 16 bits, cepstra of python_speech_features. Differs
from it: soxr resamples, where ffmpeg does there; the cepstrum is that of the whole sound, where each face's part is cut
out first there, so that its first sample has none before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from avmeter.dsp.cepstrum import FRAME_LENGTH, HOP_LENGTH, SAMPLE_RATE, speech_cepstrum
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.syncnet.base import AT_ONCE, STEP_S, SyncNetPart
from avmeter.media import AudioSpec, MediaItem, require_sound
from avmeter.nets.syncnet import NUM_STEPS
from avmeter.registry import register_extractor

_HOPS = 4  # of the cepstrum in 1/25 s
_STEP = _HOPS * HOP_LENGTH  # samples
_WINDOW = (NUM_STEPS - 1) * HOP_LENGTH + FRAME_LENGTH  # samples of an embedding
_FULL_SCALE = 32768


@register_extractor("syncnet_sound")
class SyncNetSound(SyncNetPart):
    """Array `embedding` (M, 1024) float32, one for every 1/25 s from the first frame on; fact `num_ticks`.

    `num_ticks` is how many steps of 1/25 s the sound lasts, of which the last ones have no embedding.
    """

    takes = "audio"
    batch_size = 4
    gpu_batch_size = 64

    def _waveform(self, media: MediaItem) -> Any:
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE, clock="video"))
        if len(waveform) < _WINDOW:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{media.name}: {len(waveform) / SAMPLE_RATE:.2f} s of sound; SyncNet hears {_WINDOW / SAMPLE_RATE} s",
            )
        return waveform

    def windows(self, media: MediaItem) -> Iterator[Window]:
        require_sound(media)
        waveform = self._waveform(media)
        count = (len(waveform) - _WINDOW) // _STEP + 1
        for first in range(0, count, AT_ONCE):
            last = min(first + AT_ONCE, count) - 1
            cepstrum = _cepstrum(waveform, first * _STEP, last * _STEP + _WINDOW)
            steps = np.stack([cepstrum[_HOPS * i : _HOPS * i + NUM_STEPS].T for i in range(last - first + 1)])
            yield Window(
                inputs={"cepstrum": steps.astype(np.float32)},
                start_s=first * STEP_S,
                duration_s=((last - first) * _STEP + _WINDOW) / SAMPLE_RATE,
            )

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"num_ticks": len(self._waveform(media)) // _STEP}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        cepstrum = batch["cepstrum"]
        found = self._net.embed_sound(cepstrum.flatten(0, 1))
        return {"embedding": found.view(*cepstrum.shape[:2], -1)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": np.concatenate([o["embedding"] for o in outputs])}, facts=facts)


def _cepstrum(waveform: Any, start: int, stop: int) -> npt.NDArray[np.float64]:
    """Return the cepstrum of samples start .. stop - 1, brought to 16 bits."""
    before = max(start - 1, 0)
    samples = np.asarray(waveform[before:stop], np.float64)
    samples = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    skipped = start - before
    return speech_cepstrum(samples[skipped:], before=float(samples[0]) if skipped else 0.0)
