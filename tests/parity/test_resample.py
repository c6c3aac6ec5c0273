"""The sinc resampler against waveforms that torchaudio made of a real stereo clip, 24 kHz to 16 and 32 kHz."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from avmeter.dsp.mel import imagebind_mel
from avmeter.dsp.resample import resample
from golden import goldenio
from support.golden_clips import full_golden, ltx2_wave

pytestmark = pytest.mark.media

# Of full scale; a float32 step at the clip's peak is 6e-8.
TOLERANCE = 2e-7


def mono(*, remove_mean: bool) -> tuple[Tensor, int]:
    waves, rate = ltx2_wave()
    mixed = waves.mean(dim=0)
    return (mixed - mixed.mean() if remove_mean else mixed), rate


@pytest.mark.parametrize(
    ("network", "stage", "remove_mean"),
    [
        ("panns", "ltx2_avb/wave16k", True),
        ("vggish", "ltx2_avb/wave16k", True),
        ("synchformer", "ltx2_fv/wave16k", False),
        ("audiobox", "ltx2/wave16k", False),
    ],
)
def test_real_clip_at_16_khz_has_the_published_samples(network: str, stage: str, remove_mean: bool) -> None:
    """Both of torchaudio's resamplers, the transform and the function, give these samples."""
    golden = full_golden(network)
    waveform, rate = mono(remove_mean=remove_mean)
    assert goldenio.check(golden, stage, resample(waveform, sample_rate=rate, to_rate=16000).numpy())[0] < TOLERANCE


def test_real_clip_at_32_khz_has_the_published_samples() -> None:
    """Resampling upwards gives them too."""
    golden = full_golden("passt")
    waveform, rate = mono(remove_mean=True)
    at_32k = resample(waveform, sample_rate=rate, to_rate=32000)
    padded = torch.nn.functional.pad(at_32k, (0, 320000 - len(at_32k)))
    assert goldenio.check(golden, "ltx2_avb/wave", padded.numpy())[0] < TOLERANCE


def test_stereo_clip_gives_the_published_imagebind_mel() -> None:
    """Channels are resampled each for itself; the mel of the first one shows it, tolerance of that stage."""
    golden = full_golden("imagebind")
    waves, rate = ltx2_wave()
    at_16k = resample(waves, sample_rate=rate, to_rate=16000)
    mels = []
    for start, end in golden["ltx2_pinned_sampler/audio_clip_times"]:
        clip = at_16k[:, int(start * 16000) : int(end * 16000)]
        clip -= clip.mean()
        mels.append(imagebind_mel(clip[:1].clone()))
    assert goldenio.check(golden, "ltx2_pinned_sampler/mel", torch.stack(mels)[None].numpy())[1] < 2e-4
