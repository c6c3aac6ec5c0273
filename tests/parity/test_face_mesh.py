"""The face mesh against the published graph, stage by stage; see golden/face_mesh/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from avmeter.nets import face_mesh
from avmeter.weights import WeightsSource
from golden import goldenio
from golden.drawn_head import drawn_head
from support import require
from support.paths import GOLDEN

TOLERANCE = 5e-6


@pytest.fixture(scope="module")
def net() -> face_mesh.FaceMesh:
    require.weights("face-mesh")
    made = face_mesh.build()
    face_mesh.KEY_MAP.load(made, WeightsSource().state_dict("face-mesh"), source="file")
    return made


@pytest.mark.parametrize("name", ["head", "noise"])
@torch.no_grad()
def test_every_stage_agrees_with_the_graph_that_the_weights_are_in(net: face_mesh.FaceMesh, name: str) -> None:
    """Read out of the file without running it: stem, blocks, landmarks and logit, with the trained weights."""
    golden = dict(np.load(GOLDEN / "face_mesh" / "stages.npz"))
    picture = {
        "head": drawn_head(0.6, 192).astype(np.float32) / 255,
        "noise": np.random.RandomState(0).rand(192, 192, 3).astype(np.float32),
    }[name]
    layers: dict[str, nn.Module] = {"p_re_lu": net.stem}
    for first, blocks in ((1, net.trunk), (15, net.landmarks[0]), (25, net.face[0])):
        layers |= {f"p_re_lu_{first + number}": block for number, block in enumerate(blocks)}
    seen: dict[str, torch.Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda m, i, o, stage=stage: seen.update({stage: o}))
        for stage, layer in layers.items()
    ]
    landmarks, logit = net(torch.from_numpy(picture).permute(2, 0, 1)[None])
    for hook in hooks:
        hook.remove()
    seen |= {"conv2d_20": landmarks.view(1, -1, 1, 1), "conv2d_30": logit.view(1, 1, 1, 1)}
    deviations = {stage: goldenio.check(golden, f"{name}/{stage}", value.numpy())[1] for stage, value in seen.items()}
    assert len(deviations) == 21
    assert max(deviations.values()) < TOLERANCE, deviations
    assert (logit.item() > 0) == (name == "head")
