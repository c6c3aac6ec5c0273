"""Inputs of CLAP's audio tower: 10 s of log-mel, whatever the length of the clip.

    model            mel bank   clips up to 10 s         longer clips
    fused            HTK        the clip, four times     the whole clip shrunk to 10 s, and three crops of 10 s
    without fusion   Slaney     the clip                 one crop of 10 s

A clip below 10 s is repeated as often as it fits whole, the rest is filled with zeros.

The published extractors draw crops from NumPy's global generator: the score of a long clip changes from call to
call. Here crops come from a generator of their own. Seed 0 gives exactly what `numpy.random.seed(0)` before each
call of the published extractor gives, and the global generator stays where it is.

Letters: `N` points of a waveform, `T` mel frames, `F` mel bands.

Source: transformers' `ClapFeatureExtractor` with the published `frequency_min=50`; LAION-AI/CLAP
`training/data.py`, `get_audio_features`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avmeter.dsp.filterbank import slaney_bank
from avmeter.dsp.mel import CLAP, MelSpec, mel_centred
from avmeter.errors import UsageError

CLAP_UNFUSED = dataclasses.replace(CLAP, bank=slaney_bank)
"""The mel spectrogram of models without fusion."""

MAX_LENGTH = 10 * CLAP.sample_rate
"""Points N of a full input."""

NUM_FRAMES = 1 + MAX_LENGTH // CLAP.hop_length
"""Mel frames T of a full input: 1001."""

_INT16_SCALE = 32767.0


class ShortClips(StrEnum):
    """What a fused model does with a clip that is not longer than 10 s.

    The two embeddings of one clip are as different as those of two clips (cosine 0.79 under stand-in weights).
    """

    FUSED = "fused"
    """Through the fusion branch, as transformers does with a clip on its own (FastVideo's protocol)."""

    PLAIN = "plain"
    """Past the fusion branch, as LAION's own code does, and transformers with most clips of a batch."""


@dataclass(frozen=True, kw_only=True)
class ClapInput:
    """What the audio tower reads of one clip.

    Attributes:
        input_features: (4, 1001, 64) for fused models, else (1, 1001, 64); float32, dB, time before frequency.
        is_longer: Whether the fusion branch is taken; models without fusion ignore it.
        crop_starts_s: Where crops begin in the clip, seconds; empty if all of it was read once.
    """

    input_features: Tensor
    is_longer: bool
    crop_starts_s: tuple[float, ...] = ()


def repeat_pad(wave: Tensor) -> Tensor:
    """A waveform of at most 10 s (N,), repeated as often as it fits whole, then zeros: (480000,).

    Raises:
        UsageError: The waveform is empty or longer.
    """
    _require_wave(wave)
    if len(wave) > MAX_LENGTH:
        raise UsageError(
            f"a waveform of {len(wave)} points does not fit into {MAX_LENGTH}", hint="cut or crop it first"
        )
    repeated = wave.repeat(MAX_LENGTH // len(wave))
    return functional.pad(repeated, (0, MAX_LENGTH - len(repeated)))


def round_int16(wave: Tensor) -> Tensor:
    """The waveform as 16-bit integers hold it: clipped to [-1, 1], cut towards zero to multiples of 1/32767.

    LAION's checkpoints were trained on this, and its `get_audio_embedding_from_filelist` does it;
    `get_audio_embedding_from_data(use_tensor=True)`, which av-benchmark calls, does not.
    """
    return (wave.clamp(-1.0, 1.0) * _INT16_SCALE).trunc() / _INT16_SCALE


def log_mel(waves: Tensor, spec: MelSpec) -> Tensor:
    """Log-mel (B, T, 64) in dB, floor -100, of waveforms (B, N) at 48 kHz; T = 1 + N // 480, float32."""
    return (10.0 * torch.log10(mel_centred(waves, spec).clamp_min(1e-10))).float().transpose(1, 2)


def fused_input(wave: Tensor, *, short_clips: ShortClips = ShortClips.FUSED, seed: int = 0) -> ClapInput:
    """Input of a fused model.

    Args:
        wave: (N,) at 48 kHz, any length above 0.
        short_clips: Which branch a clip takes that has no crops.
        seed: Of the crops, one from each third of the possible places.

    Returns:
        Channels: the whole clip, then crops from its front, middle and back; for up to 10 s the same four times.
        A clip that is longer by less than one mel frame (480 points) counts as 10 s.
    """
    _require_wave(wave)
    mel = log_mel((wave if len(wave) > MAX_LENGTH else repeat_pad(wave))[None], CLAP)[0]
    if len(mel) == NUM_FRAMES:
        return ClapInput(input_features=mel.expand(4, -1, -1), is_longer=short_clips is ShortClips.FUSED)
    starts = _fusion_starts(len(mel), seed)
    crops = [mel[start : start + NUM_FRAMES] for start in starts]
    hop_s = CLAP.hop_length / CLAP.sample_rate
    return ClapInput(
        input_features=torch.stack([_shrink(mel), *crops]),
        is_longer=True,
        crop_starts_s=tuple(start * hop_s for start in starts),
    )


def unfused_input(wave: Tensor, *, seed: int = 0) -> ClapInput:
    """Input of a model without fusion.

    Args:
        wave: (N,) at 48 kHz, any length above 0. Above 10 s only one crop is heard: windows of 10 s, each an
            input of its own, hear everything.
        seed: Of the crop.
    """
    _require_wave(wave)
    if len(wave) <= MAX_LENGTH:
        return ClapInput(input_features=log_mel(repeat_pad(wave)[None], CLAP_UNFUSED), is_longer=False)
    start = int(np.random.RandomState(seed).randint(0, len(wave) - MAX_LENGTH + 1))
    return ClapInput(
        input_features=log_mel(wave[None, start : start + MAX_LENGTH], CLAP_UNFUSED),
        is_longer=True,
        crop_starts_s=(start / CLAP.sample_rate,),
    )


def _fusion_starts(num_frames: int, seed: int) -> tuple[int, ...]:
    """First frames of the three crops."""
    random = np.random.RandomState(seed)
    thirds = np.array_split(np.arange(num_frames - NUM_FRAMES + 1), 3)
    # Fewer than three places: the last thirds are empty, and their crops start at 0.
    return tuple(int(random.choice(third if len(third) else [0])) for third in thirds)


def _shrink(mel: Tensor) -> Tensor:
    """(T, 64) to (1001, 64), linear between frames, without a low-pass before."""
    size = (NUM_FRAMES, mel.shape[1])
    return functional.interpolate(mel[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]


def _require_wave(wave: Tensor) -> None:
    if wave.dim() != 1 or not len(wave):
        raise UsageError(f"CLAP reads one waveform (N,) with N >= 1, got {tuple(wave.shape)}", hint="mix down to mono")
