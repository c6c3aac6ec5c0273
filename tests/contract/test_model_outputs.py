"""What a model gives is scored as it comes, or is a named skip: every type and layout of a VAE's output."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode
from avmeter.evaluator import Evaluator
from avmeter.registry import register
from support.registrations import forgotten_registrations

RATE, FPS = 16_000, 8
WAVE = torch.from_numpy(np.random.default_rng(0).standard_normal((2, RATE)).astype(np.float32) * 0.1)
FRAMES = torch.rand(8, 3, 32, 48, generator=torch.Generator().manual_seed(0))  # (T, C, H, W)
CTHW = FRAMES.transpose(0, 1)
UNSUPPORTED, NON_FINITE, EMPTY = SkipCode.UNSUPPORTED, SkipCode.NON_FINITE, SkipCode.EMPTY_AUDIO


def with_quiet_torch(make: Any) -> torch.Tensor:
    with warnings.catch_warnings():  # prototypes of torch warn
        warnings.simplefilter("ignore")
        found: torch.Tensor = make()
    return found


def of_inference() -> torch.Tensor:
    with torch.inference_mode():
        return WAVE * 1.0


SCORED_AUDIO = {
    "(B=1, C, T)": WAVE[None],
    "(1, 1, T)": WAVE[None, :1],
    "(C, T)": WAVE,
    "(T,)": WAVE[0],
    "(T, C)": WAVE.T,
    "bfloat16": WAVE.bfloat16(),
    "float16": WAVE.half(),
    "float64": WAVE.double(),
    "float8": WAVE.to(torch.float8_e4m3fn),
    "int16": (WAVE * 32767).to(torch.int16),
    "requires_grad": WAVE.clone().requires_grad_(),
    "result of a graph": WAVE.clone().requires_grad_() * 1.0,
    "parameter": torch.nn.Parameter(WAVE.clone()),
    "inference tensor": of_inference(),
    "not contiguous": torch.stack([WAVE, WAVE], dim=-1)[..., 0],
    "expanded": WAVE[:1].expand(2, -1),
    "negative view": torch._neg_view(-WAVE),
}
SKIPPED_AUDIO = {
    "a batch": (torch.stack([WAVE, WAVE]), UNSUPPORTED),
    "(1, 1, C, T)": (WAVE[None, None], UNSUPPORTED),
    "NaN": (WAVE * float("nan"), NON_FINITE),
    "infinite": (WAVE / 0, NON_FINITE),
    "no samples": (WAVE[:, :0], EMPTY),
    "nothing": (torch.zeros(0), EMPTY),
    "complex": (WAVE.to(torch.complex64), UNSUPPORTED),
    "int64": ((WAVE * 32767).long(), UNSUPPORTED),
    "bool": (WAVE > 0, UNSUPPORTED),
    "meta": (WAVE.to("meta"), UNSUPPORTED),
    "sparse": (WAVE.to_sparse(), UNSUPPORTED),
    "nested": (with_quiet_torch(lambda: torch.nested.nested_tensor([WAVE[0], WAVE[1, :5]])), UNSUPPORTED),
    "16-bit values as floats": (WAVE * 32768, UNSUPPORTED),
}
SCORED_VIDEO = {
    "(T, C, H, W)": FRAMES,
    "(B=1, C, T, H, W)": CTHW[None],
    "(B=1, T, C, H, W)": FRAMES[None],
    "(C, T, H, W)": CTHW,
    "(T, H, W, C)": FRAMES.permute(0, 2, 3, 1),
    "channels last": FRAMES.to(memory_format=torch.channels_last),
    "channels last 3d": CTHW[None].to(memory_format=torch.channels_last_3d),
    "uint8 (T, H, W, C)": (FRAMES.permute(0, 2, 3, 1) * 255).byte(),
    "uint8 (T, C, H, W)": (FRAMES * 255).byte(),
    "int64": (FRAMES * 255).long(),
    "bfloat16": FRAMES.bfloat16(),
    "bfloat16 (B=1, C, T, H, W)": CTHW[None].bfloat16(),
    "float16": FRAMES.half(),
    "float64": FRAMES.double(),
    "requires_grad": FRAMES.clone().requires_grad_(),
    "grey": FRAMES[:, :1],
}
SKIPPED_VIDEO = {
    "a batch": (torch.stack([CTHW, CTHW]), UNSUPPORTED),
    "latents": (torch.zeros(1, 16, 4, 8, 8), UNSUPPORTED),
    "(H, W)": (FRAMES[0, 0], UNSUPPORTED),
    "no frames": (FRAMES[:0], UNSUPPORTED),
    "NaN": (FRAMES * float("nan"), NON_FINITE),
    "complex": (FRAMES.to(torch.complex64), UNSUPPORTED),
    "meta": (FRAMES.to("meta"), UNSUPPORTED),
}


class Frames:
    """Number of frames; reads them all."""

    needs_frames = True

    def compute(self, sample: dict[str, Any]) -> float:
        video = sample["video"]
        assert video.dtype == torch.float32
        assert not video.requires_grad
        assert video.shape[2:] == (32, 48)
        return float(len(video) + 0 * video.mean())


@pytest.fixture(autouse=True)
def metric() -> Iterator[None]:
    with forgotten_registrations():
        register("user.frames")(Frames)
        yield


def results_of(value: Any) -> dict[str, Any]:
    """A good clip comes with it: one of another kind is a skip of its own."""
    good = {"audio": (WAVE, RATE), "video": FRAMES, "fps": FPS}
    found = Evaluator(["audio.loudness", "av.align", "user.frames"], "cpu").evaluate([value, good])
    assert all(result.skip is None for result in found[1].values())
    return found[0]


@pytest.mark.parametrize("name", SCORED_AUDIO)
def test_sound_is_scored_as_it_comes(name: str) -> None:
    """Batches of one, half precision, graphs and views; a coarse type changes little."""
    found = results_of({"audio": (SCORED_AUDIO[name], RATE), "video": FRAMES, "fps": FPS})
    assert found["audio.loudness"].score is not None, found["audio.loudness"].skip
    num_channels = 1 if name in ("(1, 1, T)", "(T,)") else 2
    assert found["audio.loudness"].score == pytest.approx(-20.3 + 3.0 * num_channels, abs=0.2)
    assert found["av.align"].score is not None


@pytest.mark.parametrize("name", SKIPPED_AUDIO)
def test_sound_that_cannot_be_read_is_a_named_skip(name: str) -> None:
    """Its code says why; metrics of the video have their scores."""
    value, code = SKIPPED_AUDIO[name]
    found = results_of({"audio": (value, RATE), "video": FRAMES, "fps": FPS})
    assert {found[m].skip.code for m in ("audio.loudness", "av.align")} == {code}
    assert found["user.frames"].score == 8


@pytest.mark.parametrize("name", SCORED_VIDEO)
def test_video_is_scored_as_it_comes(name: str) -> None:
    """By networks and by metrics that ask for frames, which see eight of them."""
    found = results_of({"audio": (WAVE, RATE), "video": SCORED_VIDEO[name], "fps": FPS})
    assert found["user.frames"].score == 8, found["user.frames"].skip
    assert found["av.align"].score is not None, found["av.align"].skip


@pytest.mark.parametrize("name", SKIPPED_VIDEO)
def test_video_that_cannot_be_read_is_a_named_skip(name: str) -> None:
    """Of all metrics that need it alike, and of no other."""
    value, code = SKIPPED_VIDEO[name]
    found = results_of({"audio": (WAVE, RATE), "video": value, "fps": FPS})
    assert {found[m].skip.code for m in ("user.frames", "av.align")} == {code}
    assert found["audio.loudness"].score is not None
