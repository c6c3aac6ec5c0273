"""Structural similarity of frames, against published implementations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from avmeter import create_evaluator
from avmeter.features.base import Window, get_extractor
from avmeter.features.frames import frame_ssim
from avmeter.features.frames.frame_ssim import (
    FrameSsimExtractor,
    maps_by_convolution,
    maps_by_products,
    ssim_maps,
)
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support import require
from support.frame_pairs import waves_and_noise

# scikit-image 0.26.0, gaussian_weights, sigma 1.5, biased, per channel.
SCIKIT_IMAGE = [0.7713903491787063, 0.7717917090404626, 0.7711776805269218, 0.7682826380048132]
# Depthwise convolution in float64 with zero padding, as FastVideo has it in float32.
FASTVIDEO = [0.8167527544414106, 0.8161643147471058, 0.8141031291807024, 0.8132684360452221]

WAYS = (maps_by_products, maps_by_convolution)
Way = Callable[..., Iterator[Tensor]]


@pytest.fixture
def extractor() -> FrameSsimExtractor:
    found = get_extractor("frame_ssim")
    assert isinstance(found, FrameSsimExtractor)
    return found


def on(device: str) -> Runtime:
    return Runtime(device=torch.device(device), precision="float32", weights=WeightsSource.parse("dummy"))


def pairs() -> list[Window]:
    return [Window(inputs={"generated": g, "reference": r}) for g, r in zip(*waves_and_noise(), strict=True)]


def planes(count: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Planes of bytes with structure, and the same with noise."""
    rng = np.random.default_rng(height * width)
    ramp = np.linspace(0, 200, width)[None, None] + 40 * np.sin(np.arange(height))[None, :, None]
    generated, reference = (ramp + rng.integers(0, 30, (count, height, width)) for _ in range(2))
    return tuple(torch.from_numpy(np.clip(p, 0, 255).astype(np.uint8)) for p in (generated, reference))


def in_float64(x: Tensor, y: Tensor) -> Tensor:
    """The map (P, H, W) by its definition."""
    window = torch.exp(-torch.arange(-5, 6, dtype=torch.float64).square() / 4.5)
    window = torch.outer(window, window)
    window /= window.sum()
    x, y = (p[:, None].double() / 255 for p in (x, y))
    mx, my, mxy, mxx, myy = (F.conv2d(p, window[None, None], padding=5) for p in (x, y, x * y, x * x, y * y))
    similarity = (2 * mx * my + 1e-4) * (2 * (mxy - mx * my) + 9e-4)
    return (similarity / ((mx**2 + my**2 + 1e-4) * (mxx - mx**2 + myy - my**2 + 9e-4)))[:, 0]


def test_means_agree_with_scikit_image_and_with_fastvideo(extractor: FrameSsimExtractor) -> None:
    """The inner pixels with the one, all pixels with the other."""
    found = extractor.run(pairs(), on("cpu"))
    assert [o["inner"] for o in found] == pytest.approx(SCIKIT_IMAGE, abs=3e-6)
    assert [o["ssim"] for o in found] == pytest.approx(FASTVIDEO, abs=3e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("height", "width"), [(11, 11), (13, 29), (24, 48), (19, 67), (91, 25)])
def test_both_ways_are_the_definition_at_every_pixel(way: Way, height: int, width: int) -> None:
    """Whole blocks of rows and columns or not, and the same memory for one plane after the other."""
    x, y = planes(5, height, width)
    found = torch.cat([maps.clone() for maps in way(x, y)])
    assert (found - in_float64(x, y)).abs().max() < 1e-4
    assert abs(float(found.mean() - in_float64(x, y).mean())) < 1e-6


def test_on_a_device_means_are_those_of_the_cpu_to_seven_digits() -> None:
    """Of frames of usual content; the two sum the same numbers in another order."""
    x, y = planes(3, 240, 320)
    means = [torch.cat([m.clone() for m in way(x, y)]).double().mean() for way in WAYS]
    assert abs(float(means[0] - means[1])) < 1e-7


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("level", [0, 1, 200, 255])
def test_equal_frames_have_one_everywhere(way: Way, level: int) -> None:
    """Frames of one colour too, whose variance is 0."""
    flat = torch.full((2, 13, 29), level, dtype=torch.uint8)
    for plane in (flat, planes(2, 40, 60)[0]):
        np.testing.assert_allclose(torch.cat([m.clone() for m in way(plane, plane)]), 1, atol=1e-4)


def test_floats_have_the_similarity_of_bytes() -> None:
    """Also where one clip is of bytes and the other is not."""
    generated, reference = (torch.from_numpy(frames) for frames in waves_and_noise())
    expected = torch.cat([m.clone() for m in ssim_maps(generated, reference)])
    for one, other in ((generated * (1 / 255), reference * (1 / 255)), (generated, reference * (1 / 255))):
        assert torch.cat([m.clone() for m in ssim_maps(one, other)]).equal(expected)


@pytest.mark.parametrize("way", WAYS)
def test_a_batch_has_the_numbers_of_each_pair_alone_in_half_precision_too(
    extractor: FrameSsimExtractor, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What networks are allowed makes no difference."""
    monkeypatch.setattr(frame_ssim, "maps_by_products", way)
    found = [extractor.run(pairs(), on("cpu")), [extractor.run([pair], on("cpu"))[0] for pair in pairs()]]
    with torch.autocast("cpu", torch.bfloat16):
        found.append(extractor.run(pairs(), on("cpu")))
    together, alone, half = ([value for frame in frames for value in frame.values()] for frames in found)
    assert together == pytest.approx(alone, abs=1e-7)
    assert together == pytest.approx(half, abs=1e-7)


def test_steps_of_a_plane_do_not_grow_with_it() -> None:
    """Each gives up the interpreter and takes it back, which threads side by side fight for."""

    class Counted(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.count += 1
            return func(*args, **(kwargs or {}))

    counts = []
    for side in (30, 300):
        with Counted() as counted:
            list(maps_by_products(*planes(3, side, side)))
        counts.append(counted.count)
    assert counts[0] == counts[1]


@require.needs("gpu", torch.cuda.is_available(), "no GPU that torch can use")
@pytest.mark.parametrize("precision", ["float32", "tf32", "fp16"])
def test_scores_of_a_gpu_are_those_of_the_cpu_in_every_precision(precision: str) -> None:
    """No TF32, no half precision: its features are stored under one name whatever the precision."""
    generated, reference = waves_and_noise()
    sample = {"video": np.stack(generated), "reference": np.stack(reference), "fps": 10.0}
    scores = [
        create_evaluator(["common.ssim"], device, weights="dummy", precision=chosen, store=None)
        .evaluate(samples=[sample])[0]["common.ssim"]
        .score
        for device, chosen in (("cpu", "float32"), ("cuda", precision))
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
