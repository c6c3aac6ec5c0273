"""Inputs of CLAP's audio tower: 10 s of log-mel (MS-CLAP: 7 s), whatever the length of the clip.

    model            rate        mel bank           shorter clips            longer clips
    fused            48 kHz      HTK                the clip, four times     all of it shrunk, and three crops
    without fusion   48 kHz      Slaney             the clip                 one crop
    MS-CLAP          44.1 kHz    Slaney, of 32 kHz  the clip                 one crop

A shorter clip is repeated as often as it fits whole, the rest is filled with zeros; for MS-CLAP with the beginning of
one more repetition.

The published extractors draw crops from the global generator of NumPy or Python: the score of a long clip changes
from call to call. Here crops come from a generator of their own. Seed 0 gives exactly what seeding that global
generator with 0 before each call of the published extractor gives, and the global generator stays where it is.

Letters: `N` samples of a waveform, `T` mel frames, `F` mel bands.

Source: transformers' `ClapFeatureExtractor` with the published `frequency_min=50`; LAION-AI/CLAP
`training/data.py`, `get_audio_features`; microsoft/CLAP (commit e8a6467) `msclap/CLAPWrapper.py`,
`load_audio_into_tensor`, and `msclap/models/htsat.py` with `config.py`.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avmeter.dsp.filterbank import slaney_bank
from avmeter.dsp.mel import CLAP, MelSpec, mel_centred, mel_of_frames
from avmeter.errors import UsageError

CLAP_UNFUSED = dataclasses.replace(CLAP, bank=slaney_bank)
"""The mel spectrogram of models without fusion."""

CLAP_MICROSOFT = dataclasses.replace(CLAP_UNFUSED, sample_rate=32000, hop_length=320)
"""The mel spectrogram of MS-CLAP: made for 32 kHz, given 44.1 kHz, so that its bands reach from 69 Hz to 19.3 kHz."""

MAX_LENGTH = 10 * CLAP.sample_rate
"""Waveform N of a full input."""

NUM_FRAMES = 1 + MAX_LENGTH // CLAP.hop_length
"""Mel frames T of a full input: 1001."""

_INT16_SCALE = 32767.0

# Frames that are in memory at once as float64 spectra, about 100 MB: an hour needs hardly more than a minute.
_BLOCK_FRAMES = 4096


class Waveform(Protocol):
    """A waveform (N,) float that is read slice by slice: a tensor, an array, or what reads like one from disk."""

    def __len__(self) -> int:
        """N."""

    def __getitem__(self, key: slice, /) -> Any:
        """Return some of the samples, as a tensor or an array."""


class ShortClips(StrEnum):
    """What a fused model does with a clip that is not longer than 10 s.

    The two embeddings of one clip are as different as those of two clips (cosine 0.79 under stand-in weights).
    """

    FUSED = "fused"
    """Through the fusion branch, as transformers does with a clip on its own (FastVideo's protocol)."""

    PLAIN = "plain"
    """Past the fusion branch, as LAION's own code does, and transformers with most clips of a batch."""


class LongClips(StrEnum):
    """What is read of a clip that does not fit into one input."""

    PUBLISHED = "published"
    """One input: `fused_input` or `unfused_input` of the whole clip."""

    WINDOWS = "windows"
    """An input for every stretch of its length; the caller pools the embeddings."""


class ShortClipFill(StrEnum):
    """What stands where a clip that is shorter than an input does not fit whole once more."""

    ZEROS = "zeros"
    REPEATED = "repeated"
    """The beginning of the clip."""


def _draw_with_numpy(surplus: int, seed: int) -> int:
    return int(np.random.RandomState(seed).randint(0, surplus + 1))


def _draw_with_python(surplus: int, seed: int) -> int:
    return random.Random(seed).randrange(surplus)


@dataclass(frozen=True, kw_only=True)
class ClapInputSpec:
    """The form of one input of a published extractor.

    Attributes:
        sample_rate: Of the waveform, Hz.
        max_length: Waveform N of an input.
        mel: Its mel spectrogram, whose bank may have been made for another rate.
        fill: What is behind the last whole repetition of a shorter clip.
        draw_start: (samples that do not fit, seed) -> first sample of the one crop of a longer clip.
    """

    sample_rate: int
    max_length: int
    mel: MelSpec
    fill: ShortClipFill = ShortClipFill.ZEROS
    draw_start: Callable[[int, int], int] = _draw_with_numpy

    @property
    def duration_s(self) -> float:
        """Length of an input."""
        return self.max_length / self.sample_rate

    def num_repeats(self, num_samples: int) -> float:
        """Return how often a shorter clip is repeated; a whole number unless its beginning follows once more."""
        if self.fill is ShortClipFill.REPEATED:
            return self.max_length / num_samples
        return self.max_length // num_samples

    def crop_start(self, num_samples: int, seed: int = 0) -> int:
        """Return the first sample of the one crop of a longer clip."""
        return self.draw_start(num_samples - self.max_length, seed)


FUSED = ClapInputSpec(sample_rate=CLAP.sample_rate, max_length=MAX_LENGTH, mel=CLAP)
UNFUSED = dataclasses.replace(FUSED, mel=CLAP_UNFUSED)
MICROSOFT = ClapInputSpec(
    sample_rate=44100,
    max_length=7 * 44100,
    mel=CLAP_MICROSOFT,
    fill=ShortClipFill.REPEATED,
    draw_start=_draw_with_python,
)


@dataclass(frozen=True, kw_only=True)
class ClapInput:
    """What the audio tower reads of one clip.

    Attributes:
        input_features: (4, 1001, 64) for fused models, else (1, 1001, 64), MS-CLAP (1, 965, 64); float32, dB, time
            before frequency.
        is_longer: Whether the fusion branch is taken; models without fusion ignore it.
        crop_starts_s: Where crops begin in the clip, seconds; empty if all of it was read once.
    """

    input_features: Tensor
    is_longer: bool
    crop_starts_s: tuple[float, ...] = ()


def repeated(wave: Tensor, input_spec: ClapInputSpec = FUSED) -> Tensor:
    """Repeat a waveform (N,) of at most one input to fill it: (`max_length`,).

    Raises:
        UsageError: The waveform is empty or longer.
    """
    _require_wave(wave)
    length = input_spec.max_length
    if len(wave) > length:
        raise UsageError(f"a waveform of {len(wave)} samples does not fit into {length}", hint="cut or crop it first")
    num_repeats = -(-length // len(wave)) if input_spec.fill is ShortClipFill.REPEATED else length // len(wave)
    whole = wave.repeat(num_repeats)[:length]
    return functional.pad(whole, (0, length - len(whole)))


def round_int16(wave: Tensor) -> Tensor:
    """Round the waveform as 16-bit integers hold it: clipped to [-1, 1], cut towards zero to multiples of 1/32767.

    LAION's checkpoints were trained on this, and its `get_audio_embedding_from_filelist` does it;
    `get_audio_embedding_from_data(use_tensor=True)`, which av-benchmark calls, does not.
    """
    return (wave.clamp(-1.0, 1.0) * _INT16_SCALE).trunc() / _INT16_SCALE


def log_mel(waves: Tensor, spec: MelSpec) -> Tensor:
    """Return the log-mel (B, T, 64) in dB, floor -100, of waveforms (B, N); T = 1 + N // hop_length, float32."""
    return _decibels(mel_centred(waves, spec))


def log_mel_of_clip(wave: Waveform, spec: MelSpec) -> Tensor:
    """Return the same (T, 64) of one waveform of more than 10 s, reading a stretch at a time."""
    num_frames = 1 + len(wave) // spec.hop_length
    starts = range(0, num_frames, _BLOCK_FRAMES)
    mels = (_mel_of_stretch(wave, start, min(start + _BLOCK_FRAMES, num_frames), spec) for start in starts)
    return torch.cat([_decibels(mel[None])[0] for mel in mels])


def _mel_of_stretch(wave: Waveform, start_frame: int, stop_frame: int, spec: MelSpec) -> Tensor:
    """Return the mel energies (64, stop_frame - start_frame) of the frames [start_frame, stop_frame), float64."""
    margin = spec.win_length // 2
    # One frame more in front: a stretch of one frame at the end of the clip would be too short to be mirrored.
    lead = min(start_frame, 1)
    start_frame -= lead
    start, stop = start_frame * spec.hop_length - margin, (stop_frame - 1) * spec.hop_length + margin
    piece = torch.as_tensor(wave[max(start, 0) : min(stop, len(wave))]).double()
    mirrored = functional.pad(piece[None], (max(-start, 0), max(stop - len(wave), 0)), mode="reflect")
    return mel_of_frames(mirrored.unfold(-1, spec.win_length, spec.hop_length)[:, lead:], spec)[0]


def _decibels(mel: Tensor) -> Tensor:
    return (10.0 * torch.log10(mel.clamp_min(1e-10))).float().transpose(1, 2)


def crop_starts_s(
    num_samples: int, *, fused: bool, input_spec: ClapInputSpec | None = None, seed: int = 0
) -> tuple[float, ...]:
    """Return where crops begin in a clip of `num_samples`, seconds; () if it is read as a whole."""
    input_spec = input_spec or (FUSED if fused else UNFUSED)
    if num_samples <= input_spec.max_length:
        return ()
    if not fused:
        return (input_spec.crop_start(num_samples, seed) / input_spec.sample_rate,)
    num_frames = 1 + num_samples // CLAP.hop_length
    if num_frames == NUM_FRAMES:
        return ()
    return tuple(s * CLAP.hop_length / CLAP.sample_rate for s in _fusion_starts(num_frames, seed))


def fused_input(wave: Waveform, *, short_clips: ShortClips = ShortClips.FUSED, seed: int = 0) -> ClapInput:
    """Build the input of a fused model.

    Args:
        wave: (N,) at 48 kHz, any length above 0; above 10 s it is read in stretches.
        short_clips: Which branch a clip takes that has no crops.
        seed: Of the crops, one from each third of the possible places.

    Returns:
        Channels: the whole clip, then crops from its front, middle and back; for up to 10 s the same four times.
        A clip that is longer by less than one mel frame (480 samples) counts as 10 s.
    """
    mel = log_mel_of_clip(wave, CLAP) if len(wave) > MAX_LENGTH else log_mel(repeated(_whole(wave))[None], CLAP)[0]
    if len(mel) == NUM_FRAMES:
        return ClapInput(input_features=mel.expand(4, -1, -1), is_longer=short_clips is ShortClips.FUSED)
    starts = _fusion_starts(len(mel), seed)
    crops = [mel[start : start + NUM_FRAMES] for start in starts]
    return ClapInput(
        input_features=torch.stack([_shrink(mel), *crops]),
        is_longer=True,
        crop_starts_s=crop_starts_s(len(wave), fused=True, seed=seed),
    )


def unfused_input(wave: Waveform, *, input_spec: ClapInputSpec = UNFUSED, seed: int = 0) -> ClapInput:
    """Build the input of a model without fusion.

    Args:
        wave: (N,) at the model's rate, any length above 0. Above one input only one crop is read: windows of its
            length, each an input of its own, read everything.
        input_spec: The model's.
        seed: Of the crop.
    """
    if len(wave) <= input_spec.max_length:
        mel = log_mel(repeated(_whole(wave), input_spec)[None], input_spec.mel)
        return ClapInput(input_features=mel, is_longer=False)
    start = input_spec.crop_start(len(wave), seed)
    crop = torch.as_tensor(wave[start : start + input_spec.max_length])
    return ClapInput(
        input_features=log_mel(crop[None], input_spec.mel),
        is_longer=True,
        crop_starts_s=crop_starts_s(len(wave), fused=False, input_spec=input_spec, seed=seed),
    )


def _fusion_starts(num_frames: int, seed: int) -> tuple[int, ...]:
    """Return the first frames of the three crops."""
    generator = np.random.RandomState(seed)
    thirds = np.array_split(np.arange(num_frames - NUM_FRAMES + 1), 3)
    # Fewer than three places: the last thirds are empty, and their crops start at 0.
    return tuple(int(generator.choice(third if len(third) else [0])) for third in thirds)


def _shrink(mel: Tensor) -> Tensor:
    """Shrink (T, 64) to (1001, 64), linear between frames, without a low-pass before."""
    size = (NUM_FRAMES, mel.shape[1])
    return functional.interpolate(mel[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]


def _whole(wave: Waveform) -> Tensor:
    return torch.as_tensor(wave[:])


def _require_wave(wave: Tensor) -> None:
    if wave.dim() != 1 or not len(wave):
        raise UsageError(f"CLAP reads one waveform (N,) with N >= 1, got {tuple(wave.shape)}", hint="mix down to mono")
