"""PaSST against hear21passt 0.0.26 under the deterministic fill, stage by stage (golden page: passt)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.dsp.mel import passt_mel
from avmeter.dsp.resample import resample
from avmeter.nets import passt
from avmeter.nets.passt import Passt
from golden import fill, goldenio, synth
from support.golden_clips import full_golden, ltx2_wave
from support.paths import PORTABLE

PUBLISHED = PORTABLE / "passt.npz"

# Relative to the largest golden value of the stage; 5 to 10 times the float32 error of the published code itself.
MEL_TOLERANCE = 1e-4
BLOCK_TOLERANCE = 1e-4
OUTPUT_TOLERANCE = 5e-6

INPUTS = {
    "synth": lambda: synth.chirp_noise(32000, 10),
    "synth_4s_unpadded": lambda: synth.chirp_noise(32000, 4),
    "zeros": lambda: np.zeros(320000, np.float32),
}
WITH_THE_LONG_ONES_FULL = [
    pytest.param("synth", marks=pytest.mark.full),
    "synth_4s_unpadded",
    pytest.param("zeros", marks=pytest.mark.full),
]


@pytest.fixture(scope="module")
def net() -> Passt:
    net = passt.build()
    fill.fill_state_dict(net, rename=passt.KEY_MAP.official)
    return net


def check(golden: dict[str, np.ndarray], stage: str, value: Tensor, tolerance: float) -> None:
    assert goldenio.check(golden, stage, value.numpy())[1] < tolerance, stage


def check_network(net: Passt, golden: dict[str, np.ndarray], case: str, mel: Tensor) -> None:
    """Every stage behind the mel spectrogram; the stages are whole, so the last block runs on all tokens."""
    check(golden, f"{case}/mel", mel, MEL_TOLERANCE)
    check(golden, f"{case}/patch_embed", net.patch_embed(mel[:, None]), BLOCK_TOLERANCE)
    x = net.tokens(mel[:, None])
    for i, block in enumerate(net.blocks):
        x = block(x)
        if i in (0, 11):
            check(golden, f"{case}/block{i}", x, BLOCK_TOLERANCE)
    output = net(mel[:, None])
    check(golden, f"{case}/embedding", output.embedding[0], OUTPUT_TOLERANCE)
    check(golden, f"{case}/logits", output.logits[0], OUTPUT_TOLERANCE)


@pytest.mark.parametrize("case", INPUTS)
def test_mel_agrees(case: str) -> None:
    """The front end gives the published mel of a chirp, of a short one and of silence."""
    mel = passt_mel(torch.from_numpy(INPUTS[case]())[None])
    check(dict(np.load(PUBLISHED)), f"{case}/mel", mel, MEL_TOLERANCE)


@pytest.mark.parametrize("case", WITH_THE_LONG_ONES_FULL)
@torch.no_grad()
def test_every_stage_of_the_network_agrees(net: Passt, case: str) -> None:
    """Patches, first and last block, embedding and logits of 10 s, of 4 s and of silence."""
    check_network(net, dict(np.load(PUBLISHED)), case, passt_mel(torch.from_numpy(INPUTS[case]())[None]))


@pytest.mark.full
@pytest.mark.media
@torch.no_grad()
def test_every_stage_agrees_on_a_real_clip_read_by_fastvideo(net: Passt) -> None:
    """The same for the peak-normalised clip whose samples are published, padded to 10 s."""
    golden = full_golden("passt")
    waveform = torch.from_numpy(golden["ltx2_fv/wave_unpadded"])
    padded = torch.nn.functional.pad(waveform, (0, 320000 - len(waveform)))
    check_network(net, golden, "ltx2_fv", passt_mel(padded[None]))


@pytest.mark.full
@pytest.mark.media
@torch.no_grad()
def test_every_stage_agrees_on_a_real_clip_read_by_av_benchmark(net: Passt) -> None:
    """The same from the file on: channel mean, mean removed, resampled by sinc, padded to 10 s."""
    golden = full_golden("passt")
    waves, rate = ltx2_wave()
    mixed = waves.mean(dim=0)
    at_32k = resample(mixed - mixed.mean(), sample_rate=rate, to_rate=32000)
    padded = torch.nn.functional.pad(at_32k, (0, 320000 - len(at_32k)))
    check_network(net, golden, "ltx2_avb", passt_mel(padded[None]))
