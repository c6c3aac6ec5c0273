"""Mel spectrograms: shapes, silence, tones, batches and precision; agreement with publications is under parity."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from avmeter.dsp import mel
from avmeter.errors import UsageError

FRONT_ENDS = [
    pytest.param(mel.passt_mel, 32000, id="passt"),
    pytest.param(mel.synchformer_mel, 16000, id="synchformer"),
    pytest.param(mel.panns_logmel, 16000, id="panns"),
    pytest.param(mel.clap_mel, 48000, id="clap"),
    pytest.param(mel.vggish_examples, 16000, id="vggish"),
    pytest.param(mel.kaldi_fbank, 16000, id="kaldi"),
    pytest.param(mel.imagebind_mel, 16000, id="imagebind"),
]
SPECS = [mel.PASST, mel.SYNCHFORMER, mel.PANNS_16K, mel.CLAP]

FrontEnd = Callable[[Tensor], Tensor]


def noise(num_samples: int, *, batch: int = 1, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(batch, num_samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("front_end", "num_samples", "shape"),
    [
        (mel.passt_mel, 320000, (128, 1000)),
        (mel.passt_mel, 320001, (128, 1001)),
        (mel.synchformer_mel, 10240, (128, 65)),
        (mel.panns_logmel, 64000, (64, 401)),
        (mel.clap_mel, 480000, (64, 1001)),
        (mel.vggish_examples, 15600, (1, 96, 64)),
        (mel.vggish_examples, 15599, (0, 96, 64)),
        (mel.vggish_examples, 128000, (8, 96, 64)),
        (mel.kaldi_fbank, 32000, (128, 198)),
        (mel.imagebind_mel, 32000, (128, 204)),
        (mel.imagebind_mel, 40000, (128, 204)),
    ],
)
def test_frames_are_counted_as_published(front_end: FrontEnd, num_samples: int, shape: tuple[int, ...]) -> None:
    """The number of frames follows from the number of points, float32 comes out."""
    out = front_end(noise(num_samples, batch=2))
    assert out.shape == (2, *shape)
    assert out.dtype == torch.float32


@pytest.mark.parametrize(
    ("front_end", "num_samples", "value"),
    [
        (mel.passt_mel, 32000, (math.log(1e-5) + 4.5) / 5),
        (mel.synchformer_mel, 10240, math.log(1e-6)),
        (mel.panns_logmel, 16000, -100.0),
        (mel.clap_mel, 48000, -100.0),
        (mel.vggish_examples, 16000, math.log(0.01)),
        (mel.kaldi_fbank, 16000, math.log(2**-23)),
    ],
)
def test_silence_is_the_floor_everywhere(front_end: FrontEnd, num_samples: int, value: float) -> None:
    """No infinity, no NaN: the logarithm's floor."""
    out = front_end(torch.zeros(1, num_samples))
    torch.testing.assert_close(out, torch.full_like(out, value))


@pytest.mark.parametrize(("front_end", "rate"), FRONT_ENDS)
def test_spectrogram_does_not_depend_on_the_rest_of_the_batch(front_end: FrontEnd, rate: int) -> None:
    """A sound among others has the spectrogram it has alone."""
    waves = noise(rate, batch=3)
    together = front_end(waves)
    for i in range(3):
        torch.testing.assert_close(front_end(waves[i : i + 1]), together[i : i + 1], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("front_end", "rate"), FRONT_ENDS)
def test_autocast_does_not_touch_a_spectrogram(front_end: FrontEnd, rate: int) -> None:
    """Half precision is for networks; what they read stays as it is."""
    waves = noise(rate)
    expected = front_end(waves)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(front_end(waves), expected)


@pytest.mark.parametrize(("front_end", "rate"), FRONT_ENDS)
def test_gradients_flow_after_use_in_inference_mode(front_end: FrontEnd, rate: int) -> None:
    """Constants that were first made in inference mode serve training later."""
    mel._constants.cache_clear()
    with torch.inference_mode():
        front_end(noise(rate))
    waves = noise(rate).requires_grad_()
    front_end(waves).sum().backward()
    assert waves.grad is not None
    assert waves.grad.isfinite().all()


@pytest.mark.parametrize(("front_end", "rate"), FRONT_ENDS)
@pytest.mark.parametrize("num_samples", [0, 1, 199])
def test_signal_shorter_than_a_frame_is_refused(front_end: FrontEnd, rate: int, num_samples: int) -> None:
    """The message says how many points are needed."""
    with pytest.raises(UsageError, match="N >= "):
        front_end(torch.zeros(1, num_samples))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.sample_rate}-{spec.win_length}")
@pytest.mark.parametrize("frequency_hz", [440.0, 1000.0, 5000.0])
def test_tone_is_loudest_in_the_band_around_it(spec: mel.MelSpec, frequency_hz: float) -> None:
    """Frequency and sample rate are understood."""
    t = torch.arange(spec.sample_rate, dtype=torch.float64) / spec.sample_rate
    energies = mel.mel_centred(torch.sin(2 * math.pi * frequency_hz * t)[None], spec)[0, :, 20]
    _, bank = mel._constants(spec, torch.device("cpu"))
    bands = bank[:, round(frequency_hz * spec.n_fft / spec.sample_rate)].nonzero()
    assert int(energies.argmax()) in bands.flatten().tolist()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.sample_rate}-{spec.win_length}")
def test_centred_frames_are_those_of_the_framework(spec: mel.MelSpec) -> None:
    """Power of `torch.stft` with the window in the middle of the transform, times the bank."""
    waves = noise(12345, batch=2).double()
    window, bank = mel._constants(spec, torch.device("cpu"))
    spectrum = torch.stft(waves, spec.n_fft, spec.hop_length, spec.win_length, window, center=True, return_complex=True)
    torch.testing.assert_close(mel.mel_centred(waves, spec), bank @ spectrum.abs().square())


def test_exponent_one_sums_magnitudes() -> None:
    """VGGish adds up amplitudes in its bands, the others powers."""
    frames = noise(400, batch=5)[:, None].double()
    window, bank = mel._constants(mel.VGGISH, torch.device("cpu"))
    amplitudes = torch.fft.rfft(frames * window, n=512).abs().transpose(1, 2)
    torch.testing.assert_close(mel.mel_of_frames(frames, mel.VGGISH), bank @ amplitudes)
    powers = mel.mel_of_frames(frames, replace(mel.VGGISH, exponent=2))
    torch.testing.assert_close(powers, bank @ amplitudes.square())


def test_kaldi_ignores_a_constant_offset() -> None:
    """Each frame is freed of its mean."""
    waves = noise(16000)
    torch.testing.assert_close(mel.kaldi_fbank(waves + 0.5), mel.kaldi_fbank(waves), rtol=0, atol=2e-3)


def test_imagebind_pads_behind_the_sound_with_zero_in_the_log_domain() -> None:
    """Padding is (0 + 4.268) / 9.138, not silence."""
    padding = mel.imagebind_mel(noise(32000))[..., 198:]
    torch.testing.assert_close(padding, torch.full_like(padding, 4.268 / 9.138))


def test_vggish_examples_are_consecutive() -> None:
    """The second example of a sound is the first of what follows 0.96 s later."""
    waves = noise(40000)
    examples = mel.vggish_examples(waves)
    torch.testing.assert_close(examples[:, 1], mel.vggish_examples(waves[:, 96 * 160 :])[:, 0])
