"""Mel spectrograms as the published networks were trained on them.

    waves (B, N) -> frames (B, T, W) -> window -> |FFT| or |FFT|^2 (B, T, K) -> mel bank (B, F, T) -> logarithm

A `MelSpec` says with which sizes; one function per network adds what only that network does. Everything follows
the device of the waveforms and has no learned part.

All is computed in float64 and rounded to float32 at the end. Below a logarithm a quiet band next to a loud one needs
the digits (float32 alone is off by up to 3e-4 there), and TF32 and autocast, whose three digits would be far too
few, leave float64 alone.

Letters: `B` batch, `N` samples of a waveform, `T` frames, `W` samples of a frame, `K` frequency bins, `F` mel bands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from avmeter.dsp.filterbank import Bank, htk_bank, kaldi_bank, slaney_bank, unit_sum_bank
from avmeter.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class MelSpec:
    """Sizes of a mel spectrogram.

    Attributes:
        sample_rate: Hz.
        n_fft: Length of the Fourier transform; a shorter frame is padded with zeros.
        win_length: Samples W of a frame.
        hop_length: Samples from one frame to the next.
        n_mels: Bands F.
        f_min: Lower edge of the lowest band in Hz.
        f_max: Upper edge of the highest band in Hz.
        bank: The filterbank's function.
        periodic_window: Window of period W (True), or symmetric, of period W - 1.
        window: Its function, Hann's unless said otherwise.
        exponent: 2 for the power spectrum, 1 for magnitudes.
    """

    sample_rate: int
    n_fft: int
    win_length: int
    hop_length: int
    n_mels: int
    f_min: float
    f_max: float
    bank: Callable[..., Bank]
    periodic_window: bool = True
    window: Callable[..., Tensor] = torch.hann_window
    exponent: int = 2


PASST = MelSpec(
    sample_rate=32000,
    n_fft=1024,
    win_length=800,
    hop_length=320,
    n_mels=128,
    f_min=0.0,
    # The authors' "fmax" of half the rate less half of an augmentation range of 2000 Hz.
    f_max=15000.0,
    bank=kaldi_bank,
    periodic_window=False,
)
SYNCHFORMER = MelSpec(
    sample_rate=16000,
    n_fft=1024,
    win_length=400,
    hop_length=160,
    n_mels=128,
    f_min=0.0,
    f_max=8000.0,
    bank=htk_bank,
)
PANNS_16K = MelSpec(
    sample_rate=16000,
    n_fft=512,
    win_length=512,
    hop_length=160,
    n_mels=64,
    f_min=50.0,
    f_max=8000.0,
    bank=slaney_bank,
)
VGGISH = MelSpec(
    sample_rate=16000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=64,
    f_min=125.0,
    f_max=7500.0,
    bank=kaldi_bank,
    exponent=1,
)
CLAP = MelSpec(
    sample_rate=48000,
    n_fft=1024,
    win_length=1024,
    hop_length=480,
    n_mels=64,
    f_min=50.0,
    f_max=14000.0,
    bank=htk_bank,
)
IMAGEBIND = MelSpec(
    sample_rate=16000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=128,
    f_min=20.0,
    f_max=8000.0,
    bank=kaldi_bank,
    periodic_window=False,
)

AISFX = MelSpec(
    sample_rate=44100,
    n_fft=2048,
    win_length=2048,
    hop_length=1024,
    n_mels=96,
    f_min=0.0,
    f_max=22050.0,
    bank=unit_sum_bank,
    periodic_window=False,
)
PARAFORMER = MelSpec(
    sample_rate=16000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=80,
    f_min=20.0,
    f_max=8000.0,
    bank=kaldi_bank,
    periodic_window=False,
    window=torch.hamming_window,
)
OPENL3 = MelSpec(
    sample_rate=48000,
    n_fft=2048,
    win_length=2048,
    hop_length=242,
    n_mels=256,
    f_min=0.0,
    f_max=24000.0,
    bank=slaney_bank,
    exponent=1,
)

VGGISH_EXAMPLE_FRAMES = 96
"""Frames of one VGGish example: 0.96 s."""

IMAGEBIND_FRAMES = 204
"""Frames of one ImageBind clip of 2 s; its 198 real ones are padded."""

_AISFX_LARGEST = 9.457798957824707  # of all spectrograms of the libraries that it was trained on
_PREEMPHASIS = 0.97
_FLOAT32_EPS = 1.1920928955078125e-07


def mel_of_frames(frames: Tensor, spec: MelSpec) -> Tensor:
    """Return the mel energies of frames that are already cut.

    Args:
        frames: (B, T, W) with W = `spec.win_length`, float64.

    Returns:
        (B, F, T) float64, >= 0; power or magnitude by `spec.exponent`.
    """
    window, bank = _constants(spec, frames.device)
    # Where a frame stands inside a longer transform turns phases only, and those are dropped.
    spectrum = torch.fft.rfft(frames * window, n=spec.n_fft)
    # Two squares and their sum: ten times faster on a CPU than a sum over pairs, with the same bits.
    energies = spectrum.real.square().add_(spectrum.imag.square()) if spec.exponent == 2 else spectrum.abs()
    return torch.matmul(bank, energies.transpose(1, 2))


def mel_centred(waves: Tensor, spec: MelSpec) -> Tensor:
    """Return the mel energies of frames centred on every `hop_length`-th sample, the signal mirrored at its ends.

    Args:
        waves: (B, N), any floating dtype; N > `spec.win_length` / 2.

    Returns:
        (B, F, 1 + N // hop_length) float64.

    Raises:
        UsageError: The signal is too short to be mirrored.
    """
    margin = spec.win_length // 2
    _require(waves, margin + 1)
    mirrored = functional.pad(waves.double(), (margin, margin), mode="reflect")
    return mel_of_frames(mirrored.unfold(-1, spec.win_length, spec.hop_length), spec)


def passt_mel(waves: Tensor) -> Tensor:
    """Build the input of PaSST.

    Args:
        waves: (B, N) at 32 kHz.

    Returns:
        (B, 128, 1 + (N - 1) // 320): (ln(mel + 1e-5) + 4.5) / 5. Silence is -1.4026.

    Source: hear21passt 0.0.26, `models/preprocess.py` in evaluation mode. The pre-emphasis loses one sample.
    """
    _require(waves, PASST.win_length // 2 + 2)
    waves = waves.double()
    emphasised = waves[:, 1:] - _PREEMPHASIS * waves[:, :-1]
    return ((torch.log(mel_centred(emphasised, PASST) + 1e-5) + 4.5) / 5.0).float()


def synchformer_mel(waves: Tensor) -> Tensor:
    """Return the log-mel of Synchformer's segments, before padding and normalisation, in which protocols differ.

    Args:
        waves: (B, N) at 16 kHz; a segment has N = 10240.

    Returns:
        (B, 128, 1 + N // 160): ln(mel + 1e-6).

    Source: Synchformer's `AudioMelSpectrogram` and `AudioLog`; torchaudio's `MelSpectrogram`.
    """
    return torch.log(mel_centred(waves, SYNCHFORMER) + 1e-6).float()


def panns_logmel(waves: Tensor) -> Tensor:
    """Build the input of the 16 kHz PANNs.

    Args:
        waves: (B, N) at 16 kHz.

    Returns:
        (B, 64, 1 + N // 160) in dB, floor -100 dB.

    Source: torchlibrosa's `Spectrogram` and `LogmelFilterBank` with `top_db=None`.
    """
    return _decibel(mel_centred(waves, PANNS_16K)).float()


def clap_mel(waves: Tensor) -> Tensor:
    """Return the log-mel of CLAP (HTSAT).

    Args:
        waves: (B, N) at 48 kHz.

    Returns:
        (B, 64, 1 + N // 480) float32 in dB, floor -100 dB.

    Source: transformers' `ClapFeatureExtractor._np_extract_fbank_features` with the published
    `frequency_min=50`; there time comes before frequency.
    """
    return _decibel(mel_centred(waves, CLAP)).float()


def vggish_examples(waves: Tensor) -> Tensor:
    """Build the examples of VGGish: 0.96 s each, no overlap, the rest is dropped.

    Args:
        waves: (B, N) at 16 kHz; one example needs N >= 15600.

    Returns:
        (B, E, 96, 64) float32, time before frequency: ln(mel + 0.01). E = 0 for shorter signals.

    Source: `vggish_input.py` and `mel_features.py` of the published VGGish.
    """
    _require(waves, VGGISH.win_length)
    frames = waves.double().unfold(-1, VGGISH.win_length, VGGISH.hop_length)
    logmel = torch.log(mel_of_frames(frames, VGGISH) + 0.01).float().transpose(1, 2)
    num_examples = logmel.shape[1] // VGGISH_EXAMPLE_FRAMES
    whole = logmel[:, : num_examples * VGGISH_EXAMPLE_FRAMES]
    return whole.reshape(len(waves), num_examples, VGGISH_EXAMPLE_FRAMES, VGGISH.n_mels)


def yamnet_patches(waves: Tensor) -> Tensor:
    """Build the input of YAMNet.

    Args:
        waves: (B, N) at 16 kHz; a patch of 96 frames has N = 15600.

    Returns:
        (B, T, 64) float32, frames before bands: ln(mel + 0.001), with VGGish's mel spectrogram.

    Source: `features.py` of the published YAMNet.
    """
    _require(waves, VGGISH.win_length)
    frames = waves.double().unfold(-1, VGGISH.win_length, VGGISH.hop_length)
    return torch.log(mel_of_frames(frames, VGGISH) + 0.001).float().transpose(1, 2)


def kaldi_fbank(waves: Tensor, spec: MelSpec = IMAGEBIND) -> Tensor:
    """Return the log-mel after Kaldi: whole frames only, each freed of its mean and pre-emphasised on its own.

    Args:
        waves: (B, N) at `spec.sample_rate`, float32; N >= `spec.win_length`.

    Returns:
        (B, F, 1 + (N - win_length) // hop_length) float32: ln(max(mel, 1.19e-7)).

    Source: torchaudio's `compliance.kaldi.fbank` with `htk_compat=True`, `window_type="hanning"`, `dither=0`,
    `use_energy=False`; that one works in float32, so near-silent bands differ by up to 1e-3.
    """
    _require(waves, spec.win_length)
    frames = waves.double().unfold(-1, spec.win_length, spec.hop_length)
    frames = frames - frames.mean(-1, keepdim=True)
    before = torch.cat((frames[..., :1], frames[..., :-1]), dim=-1)
    return torch.log(mel_of_frames(frames - _PREEMPHASIS * before, spec).clamp_min(_FLOAT32_EPS)).float()


def imagebind_mel(waves: Tensor) -> Tensor:
    """Build the input of ImageBind's audio tower.

    Args:
        waves: (B, N) at 16 kHz, clips of 2 s (N = 32000) of the one channel that is used.

    Returns:
        (B, 128, 204): (fbank + 4.268) / 9.138, cut or padded at the end; padding is 0 before normalising.

    Source: ImageBind's `data.py`, `waveform2melspec`. Removing the mean over channels is the caller's.
    """
    fbank = kaldi_fbank(waves)[..., :IMAGEBIND_FRAMES]
    padded = functional.pad(fbank, (0, IMAGEBIND_FRAMES - fbank.shape[-1]))
    return (padded + 4.268) / 9.138


def _require(waves: Tensor, minimum: int) -> None:
    if waves.dim() != 2 or waves.shape[-1] < minimum:
        raise UsageError(
            f"a spectrogram needs waveforms (B, N) with N >= {minimum}, got {tuple(waves.shape)}",
            hint="pad the signal with zeros, or skip it as too short",
        )


def _decibel(power: Tensor) -> Tensor:
    return 10.0 * torch.log10(power.clamp_min(1e-10))


@lru_cache(maxsize=64)
def _constants(spec: MelSpec, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return window (W,) and filterbank (F, K) on a device, float64."""
    # Outside inference mode: what is kept here may later meet autograd.
    with torch.inference_mode(False):
        window = spec.window(spec.win_length, periodic=spec.periodic_window, dtype=torch.float64)
        bank = spec.bank(
            sample_rate=spec.sample_rate, n_fft=spec.n_fft, n_mels=spec.n_mels, f_min=spec.f_min, f_max=spec.f_max
        )
        return window.to(device), torch.from_numpy(bank).to(device)


def aisfx_mel(waves: Tensor) -> Tensor:
    """Build the input of aiSFX.

    Args:
        waves: (B, N) at 44.1 kHz; a window of 100 frames has N = 103424.

    Returns:
        (B, T, 96) float32, frames before bands: log10(10000 mel + 1) / 9.458; 0 is silence.

    Source: `spectrogram_essentia.py` and `preprocessing.py` of aiSFX 0.1.2.
    """
    _require(waves, AISFX.win_length)
    frames = waves.double().unfold(-1, AISFX.win_length, AISFX.hop_length)
    return (torch.log10(10_000 * mel_of_frames(frames, AISFX) + 1) / _AISFX_LARGEST).float().transpose(1, 2)


def openl3_mel(waves: Tensor) -> Tensor:
    """Build the input of OpenL3 with 256 bands, as its front end of kapre does.

    Args:
        waves: (B, N) at 48 kHz; a window of one second has N = 48000.

    Returns:
        (B, 256, ceil(N / 242)) float32 in "dB", -80 to 0: ten times the logarithm of magnitudes, not of their squares,
        below the largest of the window. The first frame begins with the first sample, zeros are behind the last.

    Source: `models.py` of OpenL3 0.4.2 and kapre 0.4, which work in float32: what is 70 "dB" below the largest is their
    rounding there.
    """
    _require(waves, 1)
    num_frames = -(-waves.shape[-1] // OPENL3.hop_length)
    missing = (num_frames - 1) * OPENL3.hop_length + OPENL3.win_length - waves.shape[-1]
    padded = functional.pad(waves.double(), (0, missing))
    decibel = _decibel(mel_of_frames(padded.unfold(-1, OPENL3.win_length, OPENL3.hop_length), OPENL3))
    return (decibel - decibel.amax(dim=(1, 2), keepdim=True)).clamp_min(-80.0).float()


def stacked_frames(waves: Tensor) -> Tensor:
    """Build the input of Paraformer, before its normalisation: seven frames side by side, every six frames.

    Args:
        waves: (B, N) at 16 kHz, full scale 1; N >= 400.

    Returns:
        (B, ceil(T / 6), 560) float32 of T frames; beyond both ends stand the first and the last.

    Source: `wav_frontend.py` of FunASR, without dither.
    """
    fbank = kaldi_fbank(waves * 2**15, PARAFORMER).transpose(1, 2)
    num_frames = fbank.shape[1]
    middle = torch.arange(0, num_frames, 6, device=fbank.device)
    places = (middle[:, None] + torch.arange(-3, 4, device=fbank.device)).clamp(0, num_frames - 1)
    return fbank[:, places].flatten(2)
