"""RAFT and AMT-S against the published code under a tame deterministic fill; see golden/motion/README.md."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import av
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter import create_evaluator
from avmeter.nets import amt, raft
from avmeter.nets.border import Border
from golden import goldenio, synth
from golden.scenes import scene
from support import require
from support.flow_networks import put_flow_networks, tame_amt, tame_raft
from support.paths import GOLDEN

FOLDER = GOLDEN / "motion"
SIZES = {"smallest": (128, 136), "odd": (130, 170)}
NUM_ITERATIONS = 20


def pair(size: str, multiple: int = 1) -> tuple[Tensor, Tensor]:
    """Two frames (1, 3, H, W), 0 to 255, with the border of a network."""
    frames = torch.from_numpy(synth.moving_blobs(4, *SIZES[size])).permute(0, 3, 1, 2).float()
    height, width = SIZES[size]
    padded = Border.up_to(multiple, height=height, width=width).added(frames)
    return padded[:1], padded[3:]


def recorded(modules: Mapping[str, nn.Module], run: Callable[[], Any]) -> tuple[dict[str, list[Any]], Any]:
    """Inputs and outputs of every call of these modules."""
    calls: dict[str, list[Any]] = {stage: [] for stage in modules}
    hooks = [
        module.register_forward_hook(lambda _m, inputs, output, stage=stage: calls[stage].append((inputs, output)))
        for stage, module in modules.items()
    ]
    out = run()
    for hook in hooks:
        hook.remove()
    return calls, out


def deviations(network: str, size: str, stages: Mapping[str, Tensor]) -> dict[str, float]:
    golden = dict(np.load(FOLDER / f"{network}.npz"))
    return {s: float(goldenio.check(golden, f"{size}/{s}", v.numpy())[1]) for s, v in stages.items()}


# Relative to the largest golden value, several times what the published float32 is from its own float64.
STAGE_TOLERANCE = 2e-5
LOOSE = {
    "state0": 3e-4, "state1": 3e-4,
    "update4/correlations": 2e-4, "update3/correlations": 2e-4, "update2/correlations": 2e-4,
    "decoder1/2": 2e-4, "out": 5e-4,
}  # fmt: skip


@torch.no_grad()
@pytest.mark.parametrize("size", SIZES)
def test_raft_agrees_with_the_published_network(size: str) -> None:
    """Maps, correlations, state and flow, of the first two refinements, and the flow behind the last."""
    net = tame_raft()
    modules = {"maps": net.fnet, "context": net.cnet, "update": net.update_block}
    calls, flow = recorded(modules, lambda: net(*pair(size, raft.STRIDE), num_iterations=NUM_ITERATIONS))
    found = {"maps": calls["maps"][0][1], "context": calls["context"][0][1], "full": flow}
    for number in (0, 1):
        (_, _, correlations, _), (state, change) = calls["update"][number]
        found |= {f"correlations{number}": correlations, f"state{number}": state, f"change{number}": change}
    off = deviations("raft", size, found)
    assert not {s: d for s, d in off.items() if d >= LOOSE.get(s, STAGE_TOLERANCE)}, off


DECODERS = ("decoder4", "decoder3", "decoder2", "decoder1")
UPDATES = ("update4", "update3", "update2")


@torch.no_grad()
@pytest.mark.parametrize("size", SIZES)
def test_amt_agrees_with_the_published_network(size: str) -> None:
    """Maps, pyramids, and flows and features of every size."""
    net = tame_amt()
    modules = {"maps": net.feat_encoder, "pyramid": net.encoder}
    modules |= {name: getattr(net, name) for name in (*DECODERS, *UPDATES)}
    before, after = (x / 255 for x in pair(size, amt.MULTIPLE))
    calls, out = recorded(modules, lambda: net(before, after))
    found = {"maps": calls["maps"][0][1], "out": out}
    for side, (_, levels) in zip(("before", "after"), calls["pyramid"], strict=True):
        found |= {f"{side}{number}": level for number, level in enumerate(levels)}
    for name in UPDATES:
        (_, _, correlations), (features, flows) = calls[name][0]
        found |= {f"{name}/correlations": correlations, f"{name}/0": features, f"{name}/1": flows}
    found |= decoded(calls)
    off = deviations("amt", size, found)
    assert not {s: d for s, d in off.items() if d >= LOOSE.get(s, STAGE_TOLERANCE)}, off


def decoded(calls: Mapping[str, list[Any]]) -> dict[str, Tensor]:
    """What the published decoders give: flows to either frame and features; at last, masks and residuals too."""
    found = {}
    for name in DECODERS:
        inputs, out = calls[name][0]
        is_last = name == "decoder1"
        parts = list(out.split([6, 6, 3, 9] if is_last else [2, 2, out.shape[1] - 4], dim=1))
        if name != "decoder4":
            doubled = torch.nn.functional.interpolate(2 * inputs[-1], scale_factor=2.0, mode="bilinear").chunk(2, 1)
            parts[:2] = [part + d.repeat(1, part.shape[1] // 2, 1, 1) for part, d in zip(parts, doubled, strict=False)]
        if is_last:
            parts[2] = parts[2].sigmoid()
        found |= {f"{name}/{number}": part for number, part in enumerate(parts)}
    return found


PUBLISHED = json.loads((FOLDER / "scores.json").read_text())
MAGNITUDE_TOLERANCE = 2e-5  # relative, behind twenty refinements
SMOOTHNESS_TOLERANCE = (
    2e-5  # absolute, of scores from 0 to 1: a pixel of which is truncated to the byte below is a step
)


def compare_scores(case: str, frames: np.ndarray, fps: float) -> None:
    """Through the evaluator, against FastVideo's own metric code over the filled networks."""
    published = {name: dict(result) for name, result in PUBLISHED[case].items()}
    evaluator = create_evaluator(metrics=list(published), weights="dummy", device="cpu")
    put_flow_networks(evaluator._computer.runtime)
    found = evaluator.evaluate(video=frames, fps=fps)
    assert {name: result.skip for name, result in found.items()} == dict.fromkeys(published)
    flow, expected = found["vbench.dynamic_degree"], published["vbench.dynamic_degree"]
    magnitude = expected.pop("per_pair_magnitude")
    assert flow.details["per_pair_magnitude"] == pytest.approx(magnitude, rel=MAGNITUDE_TOLERANCE)
    assert {"score": flow.score, **flow.details}.items() >= expected.items()
    smooth, expected = found["vbench.motion_smoothness"], published["vbench.motion_smoothness"]
    assert smooth.score == pytest.approx(expected["score"], abs=SMOOTHNESS_TOLERANCE)
    assert smooth.details["vfi_score"] == pytest.approx(expected["vfi_score"], abs=255 * SMOOTHNESS_TOLERANCE)


def test_frames_in_memory_have_fastvideos_scores() -> None:
    """Of sides that no network reads without a border, every second one of sixteen a second."""
    compare_scores("scene", scene(5, height=130, width=170), 16.0)


@pytest.mark.full
@pytest.mark.media
def test_real_frames_have_fastvideos_scores() -> None:
    """Every third pixel of 33 frames of a clip."""
    with av.open(str(require.media("ltx2.mp4"))) as container:
        frames = [f.to_ndarray(format="rgb24")[::3, ::3] for f in itertools.islice(container.decode(video=0), 33)]
    compare_scores("real", np.stack(frames), 24.0)
