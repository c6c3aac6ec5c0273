"""NISQA against its published program; see golden/nisqa/README.md."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter import create_evaluator
from avmeter.dsp.nisqa import nisqa_mel
from avmeter.nets import nisqa
from avmeter.nets.nisqa import OUTPUTS, Nisqa
from golden import fill, goldenio, synth
from support import require
from support.paths import GOLDEN

FOLDER = GOLDEN / "nisqa"
WAVES = {
    "48000": lambda: synth.chirp_noise(48_000, 3),
    "16000": lambda: synth.chirp_noise(16_000, 3, seed=3),
    "22050": lambda: synth.chirp_noise(22_050, 1, seed=2),
    "8000_short": lambda: synth.chirp_noise(8_000, 0.14),
    "zeros_44100": lambda: np.zeros(44_100, np.float32),
}
PUBLISHED = json.loads((FOLDER / "scores.json").read_text())

# dB; librosa's float32 shows in bands near the floor of -80 dB.
MEL_TOLERANCE_DB = 2e-3
# Relative to the largest golden value; the published network in float32 is up to 1.2e-6 from itself in float64.
STAGE_TOLERANCE = 5e-5
OPINION_TOLERANCE = 5e-5
# Of the trained weights, absolute.
SCORE_TOLERANCE = 1e-3


def rate_of(case: str) -> int:
    return int(next(part for part in case.split("_") if part.isdigit()))


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(FOLDER / "fill.npz"))


@pytest.fixture(scope="module")
def net() -> Nisqa:
    net = nisqa.build()
    fill.fill_state_dict(net, rename=nisqa.KEY_MAP.official)
    return net


@pytest.fixture(scope="module")
def trained() -> Any:
    require.fetched("nisqa")
    return create_evaluator(metrics=["audio.nisqa"], device="cpu")


@torch.no_grad()
@pytest.mark.parametrize("case", WAVES)
def test_every_stage_agrees_with_the_published_program(golden: dict[str, np.ndarray], net: Nisqa, case: str) -> None:
    """From the spectrogram to the opinions, at several sample rates, short and silent."""
    wave = WAVES[case]()
    assert goldenio.check(golden, f"{case}/wave", wave)[1] == 0
    mel = nisqa_mel(wave, rate_of(case))
    assert goldenio.check(golden, f"{case}/mel", mel.numpy())[0] < MEL_TOLERANCE_DB
    stages: dict[str, nn.Module] = {"segments": net.segments, "layer0": net.layers[0], "encoder": net.layers[1]}
    deviations: dict[str, float] = {}

    def compare(stage: str, value: Tensor) -> None:
        value = value[None] if stage == "segments" else value
        deviations[stage] = goldenio.check(golden, f"{case}/{stage}", value.numpy())[1]

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, stage=stage: compare(stage, output))
        for stage, module in stages.items()
    ]
    opinions = net(mel[None])
    for hook in hooks:
        hook.remove()
    assert deviations.keys() == stages.keys()
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations
    np.testing.assert_allclose(opinions, golden[f"{case}/opinions"], rtol=0, atol=OPINION_TOLERANCE)


@pytest.mark.parametrize("case", WAVES)
def test_synthetic_sound_has_the_published_opinions(trained: Any, case: str) -> None:
    """With the trained weights through the evaluator, at the clip's own rate."""
    details = trained.evaluate(audio=(WAVES[case](), rate_of(case)))["audio.nisqa"].details
    assert [details[name] for name in OUTPUTS] == pytest.approx(PUBLISHED[case], abs=SCORE_TOLERANCE)


@pytest.mark.media
@pytest.mark.parametrize("name", ["ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4"])
def test_real_clips_have_the_published_opinions(trained: Any, name: str) -> None:
    """Speech, and sound that is none, as files."""
    details = trained.evaluate(audio=require.media(name))["audio.nisqa"].details
    assert [details[output] for output in OUTPUTS] == pytest.approx(PUBLISHED[name], abs=SCORE_TOLERANCE)
