"""Synchformer against the published implementation under the deterministic fill (golden page: synchformer)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter.dsp.mel import synchformer_mel
from avmeter.nets import synchformer
from avmeter.nets.synchformer import Synchformer, SynchformerConfig
from golden import fill, goldenio, synth
from support import require
from support.paths import PORTABLE

PUBLISHED = PORTABLE / "synchformer.npz"

# Relative to the largest golden value; 10 to 50 times the float32 error of the published code itself.
MEL_TOLERANCE = 5e-5
STAGE_TOLERANCE = 5e-5
FEATURE_TOLERANCE = 1e-5
LOGIT_TOLERANCE = 5e-6


def filled(part: str) -> Synchformer:
    net = synchformer.build(SynchformerConfig(parts=(part,)))
    fill.fill_state_dict(net, rename=synchformer.KEY_MAP.official)
    return net


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(PUBLISHED))


@pytest.fixture(scope="module")
def comparison() -> Synchformer:
    return filled("compare")


def record(module: nn.Module) -> list[Tensor]:
    """A list that collects the module's outputs."""
    outputs: list[Tensor] = []
    module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    return outputs


def deviation(golden: dict[str, np.ndarray], stage: str, value: Tensor) -> float:
    return goldenio.check(golden, stage, value.numpy())[1]


def segments(count: int) -> Tensor:
    frames = torch.from_numpy(synth.moving_blobs(32, 224, 224)).permute(0, 3, 1, 2)
    pixels = (frames.float() / 255 - 0.5) / 0.5
    return torch.stack([pixels[8 * i : 8 * i + 16] for i in range(count)])


def normalise(log_mel: Tensor) -> Tensor:
    """65 frames of log mel to the network's 66: a last frame of zeros, then the statistics of AudioSet."""
    return (torch.nn.functional.pad(log_mel, (0, 1)) + 4.2677393) / (2 * 4.5689974)


def chirp_mel() -> Tensor:
    """Mels (3, 128, 66) of three segments of a chirp."""
    wave = torch.from_numpy(synth.chirp_noise(16000, 1.28))
    return normalise(synchformer_mel(wave.unfold(0, 10240, 5120)))


def silent_mel() -> Tensor:
    """Mel (1, 128, 66) of a silent segment: the floor of the logarithm."""
    return normalise(torch.full((1, 128, 65), math.log(1e-6)))


def normal(seed: int, num_times: int) -> Tensor:
    rs = np.random.RandomState(seed)
    return torch.from_numpy(rs.standard_normal((1, 14, num_times, 768)).astype(np.float32))


@torch.no_grad()
def test_audio_tower_gives_the_published_features(golden: dict[str, np.ndarray]) -> None:
    """First layer, last norm and features agree, for sound and for silence."""
    net = filled("audio")
    layer0, norm = record(net.audio.encoder.layer[0]), record(net.audio.layernorm)
    mel = chirp_mel()
    assert deviation(golden, "synth/mel", mel) < MEL_TOLERANCE
    features = net.audio_features(mel)
    assert deviation(golden, "synth/a_layer0", layer0[0][:1]) < STAGE_TOLERANCE
    # The two special tokens are dropped before the norm here, after it there.
    tokens = net.audio.layernorm(net.audio.encoder(net.audio.embeddings(mel[:1])))
    assert deviation(golden, "synth/a_norm", tokens) < STAGE_TOLERANCE
    assert torch.allclose(norm[0][:1], tokens[:, 2:], atol=1e-5)
    assert deviation(golden, "synth/afeats", features) < FEATURE_TOLERANCE
    silence = silent_mel()
    assert deviation(golden, "synth/silence_mel", silence) < MEL_TOLERANCE
    assert deviation(golden, "synth/silence_afeats", net.audio_features(silence)[0]) < FEATURE_TOLERANCE


def _check_video(golden: dict[str, np.ndarray], count: int) -> None:
    net = filled("video")
    block0, norm = record(net.video.blocks[0]), record(net.video.norm)
    features = net.video_features(segments(count))
    x = block0[0][:1]
    tokens = torch.cat([x[:, 0, :1], x[:, :, 1:].flatten(1, 2)], dim=1)
    assert deviation(golden, "synth/v_block0", tokens) < STAGE_TOLERANCE
    assert torch.equal(x[:, :1, 0].expand(-1, 8, -1), x[:, :, 0])
    assert deviation(golden, "synth/v_norm", norm[0][:1].flatten(1, 2)) < STAGE_TOLERANCE
    expected = golden["synth/vfeats"][:count]
    assert np.abs(features.numpy() - expected).max() < FEATURE_TOLERANCE * np.abs(expected).max()


@torch.no_grad()
def test_video_tower_gives_the_published_features_of_one_segment(golden: dict[str, np.ndarray]) -> None:
    """First block, last norm and features of a segment agree."""
    _check_video(golden, 1)


@pytest.mark.full
@torch.no_grad()
def test_video_tower_gives_the_published_features_of_a_batch(golden: dict[str, np.ndarray]) -> None:
    """The same for three segments in one batch."""
    _check_video(golden, 3)


@torch.no_grad()
def test_comparison_gives_the_published_logits(golden: dict[str, np.ndarray], comparison: Synchformer) -> None:
    """Logits of random features agree."""
    logits = comparison.compare(normal(1, 8), normal(2, 6))
    assert deviation(golden, "synth/logits_from_random_feats", logits[0]) < LOGIT_TOLERANCE


@pytest.mark.media
@pytest.mark.parametrize("case", ["ltx2_avb", "3qesir_avb"])
@pytest.mark.parametrize(
    ("window", "cut"), [("first14", lambda x: x[:14]), ("last14", lambda x: x[-14:])], ids=["first14", "last14"]
)
@torch.no_grad()
def test_comparison_gives_the_published_logits_of_clips(
    comparison: Synchformer, case: str, window: str, cut: Callable[[Tensor], Tensor]
) -> None:
    """Logits and offset follow from the stored features of real clips."""
    with np.load(require.golden("synchformer.npz")) as npz:
        golden = {k: npz[k] for k in npz.files if k.startswith(case)}
    video, audio = (torch.from_numpy(golden[f"{case}/{name}"]) for name in ("vfeats", "afeats"))
    logits = comparison.compare(cut(video)[None], cut(audio)[None])[0]
    assert deviation(golden, f"{case}/logits_{window}", logits) < LOGIT_TOLERANCE
    offset = synchformer.OFFSET_GRID_S[int(logits.argmax())]
    assert offset == pytest.approx(float(golden[f"{case}/offset_{window}"]), abs=1e-6)
