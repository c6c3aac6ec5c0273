"""Distill-MOS against distillmos 0.9.1, which runs the published network; see golden/distillmos/README.md."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter import create_evaluator
from avmeter.nets import distillmos
from avmeter.nets.distillmos import WINDOW_LENGTH, DistillMos
from golden import fill, goldenio, synth
from support import require
from support.paths import GOLDEN

FOLDER = GOLDEN / "distillmos"
RATE = distillmos.SAMPLE_RATE

# Relative to the largest golden value; the published code in float32 is up to 7e-6 from itself in float64.
STAGE_TOLERANCE = 1e-4
# Absolute; the published code is within 2e-6 and 5e-7.
LOGIT_TOLERANCE = 1e-5
FILL_SCORE_TOLERANCE = 1e-5
# Of the trained weights, absolute.
SCORE_TOLERANCE = 1e-4

WAVES = {
    "synth_2s": lambda: synth.chirp_noise(RATE, 2, seed=3),
    "synth_9s": lambda: synth.chirp_noise(RATE, 9),
    "zeros_8s": lambda: np.zeros(8 * RATE, dtype=np.float32),
}
PUBLISHED = json.loads((FOLDER / "scores.json").read_text())


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(FOLDER / "fill.npz"))


@pytest.fixture(scope="module")
def net() -> DistillMos:
    net = distillmos.build()
    fill.fill_state_dict(net, rename=distillmos.KEY_MAP.official)
    return net


@pytest.fixture(scope="module")
def trained() -> Any:
    require.weights("distillmos")
    return create_evaluator(metrics=["audio.distillmos"], device="cpu")


def windows(wave: np.ndarray) -> Tensor:
    """Windows (W, 122880)."""
    cut = [wave[start : start + WINDOW_LENGTH] for start in distillmos.window_starts(len(wave))]
    return torch.from_numpy(np.stack([np.pad(w, (0, WINDOW_LENGTH - len(w))) for w in cut]))


def stages(net: DistillMos) -> dict[str, nn.Module]:
    return {
        "conv0": net.convs[1],
        "conv5": net.convs[11],
        "projected": net.project,
        "layer0": net.layers[0],
        "encoder": net.layers[6],
    }


@torch.no_grad()
@pytest.mark.parametrize("case", WAVES)
def test_every_stage_agrees_with_the_published_network(
    golden: dict[str, np.ndarray], net: DistillMos, case: str
) -> None:
    """From the spectrum to the score, for padded, several and silent windows."""
    wave = WAVES[case]()
    assert goldenio.check(golden, f"{case}/wave", wave)[1] == 0
    waveform = windows(wave)
    deviations = {"spectrum": goldenio.check(golden, f"{case}/spectrum", distillmos.spectrum(waveform).numpy())[1]}

    def compare(stage: str, value: Tensor) -> None:
        deviations[stage] = goldenio.check(golden, f"{case}/{stage}", value.numpy())[1]

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, stage=stage: compare(stage, output))
        for stage, module in stages(net).items()
    ]
    quality = net(waveform).numpy()
    for hook in hooks:
        hook.remove()

    assert deviations.keys() == {"spectrum", *stages(net)}
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations
    logits = np.log(quality.astype(np.float64) / (1 - quality.astype(np.float64)))
    np.testing.assert_allclose(logits, golden[f"{case}/pooled"].ravel(), rtol=0, atol=LOGIT_TOLERANCE)
    assert distillmos.clip_score(quality) == pytest.approx(
        float(golden[f"{case}/mos"].item()), abs=FILL_SCORE_TOLERANCE
    )


@pytest.mark.parametrize(
    ("case", "num_windows"),
    [("synth_2s", 1), ("synth_9s", 3), ("zeros_8s", 2), pytest.param("synth_20s", 14, marks=pytest.mark.endurance)],
)
def test_synthetic_sound_has_the_published_score(trained: Any, case: str, num_windows: int) -> None:
    """With the trained weights through the evaluator, whatever the number of windows."""
    wave = WAVES[case]() if case in WAVES else synth.chirp_noise(RATE, 20)
    result = trained.evaluate(audio=(wave, RATE))["audio.distillmos"]
    assert result.details["num_windows"] == num_windows
    assert result.score == pytest.approx(PUBLISHED[case]["mos"], abs=SCORE_TOLERANCE)


@pytest.mark.media
@pytest.mark.parametrize("name", ["ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4"])
def test_real_clips_have_the_published_scores(trained: Any, name: str) -> None:
    """Speech, and sound that is none, as files."""
    result = trained.evaluate(audio=require.media(name))["audio.distillmos"]
    assert result.score == pytest.approx(PUBLISHED[name]["mos"], abs=SCORE_TOLERANCE)
