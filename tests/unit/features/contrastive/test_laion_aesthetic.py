"""LAION's ratings."""

from __future__ import annotations

import numpy as np
import torch

from avmeter.features.base import Features, get_extractor
from support.extractors import cpu_runtime, extract


def test_rating_is_linear_in_the_direction_of_the_embedding() -> None:
    """The length of an embedding is not read."""
    extractor = get_extractor("laion_aesthetic")
    rng = np.random.default_rng(0)
    embedding = rng.standard_normal((4, 768)).astype(np.float32)
    runtime = cpu_runtime(weights="dummy")
    found = [
        extract(extractor, {"frames": Features(arrays={"embedding": e}, facts={"num_frames": 4})}, runtime)
        for e in (embedding, 7 * embedding)
    ]
    assert found[0]["rating"].shape == (4,)
    assert found[0].facts == {"num_frames": 4}
    np.testing.assert_allclose(found[0]["rating"], found[1]["rating"], rtol=1e-4)
    net = extractor._net  # type: ignore[attr-defined]
    expected = torch.nn.functional.normalize(torch.from_numpy(embedding), dim=-1) @ net.weight[0] + net.bias
    np.testing.assert_allclose(found[0]["rating"], expected.numpy(), rtol=1e-4)


def test_frames_are_embedded_by_the_large_clip() -> None:
    """The head fits no other."""
    parents = get_extractor("laion_aesthetic").parents()
    assert {name: parent.weights() for name, parent in parents.items()} == {"frames": ("clip-vit-l-14",)}
