"""Which parts of a reference are looked for in the other sound: all of it, or where somebody speaks."""

from __future__ import annotations

import numpy as np

from avmeter.dsp.visqol.gammatone import FilterBank, FloatArray

_LOUD = 5000.0  # root mean square of a chunk in steps of 16 bits, of a waveform whose peak is full scale
_SILENT_CHUNKS = 3  # in a row, the last of which is silent


def even_patches(num_frames: int, patch_length: int) -> list[int]:
    """Return the first frames of patches that follow each other from half a patch on.

    Empty where the spectrogram is shorter than a patch and a half.

    Args:
        num_frames: Of the spectrogram.
        patch_length: Frames of a patch.
    """
    start = patch_length // 2
    if num_frames < patch_length + start:
        return []
    stop = num_frames - patch_length if start < num_frames - patch_length else start + 1
    return [first - 1 for first in range(start, stop, patch_length)]


def spoken_patches(waveform: FloatArray, bank: FilterBank, num_frames: int, patch_length: int) -> list[int]:
    """Return the first frames of patches with sound in at least one of their frames.

    A chunk is silent if it and the two before it are quiet; the first two never are.

    Args:
        waveform: (N,) of the reference.
        bank: Of its spectrogram.
        num_frames: Of the spectrogram.
        patch_length: Frames of a patch.
    """
    first = patch_length // 2 - 1
    num_patches = (num_frames - first) // patch_length
    peak = waveform.max()
    scaled = waveform / peak if peak else np.zeros_like(waveform)
    counted = scaled[first : first + num_patches * patch_length * bank.hop_length]  # the published offset, in samples
    chunks = np.trunc(np.clip(counted * 32768, -32768, 32767))
    chunks = chunks[: len(chunks) // bank.hop_length * bank.hop_length].reshape(-1, bank.hop_length)
    quiet = np.sqrt(np.square(chunks).mean(axis=1)) < _LOUD
    silent = quiet.copy()
    for back in range(1, _SILENT_CHUNKS):
        silent[back:] &= quiet[:-back]
    silent[: _SILENT_CHUNKS - 1] = False
    active = ~silent
    spans = (active[i * patch_length : (i + 1) * patch_length] for i in range(num_patches))
    return [first + i * patch_length for i, span in enumerate(spans) if span.any()]
