"""ImageBind against the published implementation under the deterministic fill (golden page: imagebind)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter.dsp.mel import imagebind_mel
from avmeter.nets import imagebind
from avmeter.nets.imagebind import ImageBind, ImageBindConfig
from avmeter.nets.multi_head import TowerConfig
from golden import fill, goldenio, synth
from support.paths import PORTABLE

TINY = {
    "embedding_dim": 32,
    "vision": TowerConfig(dim=64, depth=2, num_heads=4),
    "audio": TowerConfig(dim=48, depth=2, num_heads=4),
    "text": TowerConfig(dim=32, depth=1, num_heads=2),
}
SIZES = [pytest.param("imagebind_tiny", id="tiny"), pytest.param("imagebind", id="huge", marks=pytest.mark.full)]

# Relative to the largest golden value; 10 to 50 times the float32 error of the published code itself.
MEL_TOLERANCE = 2e-4
SILENT_MEL_TOLERANCE = 1e-3
BLOCK_TOLERANCE = 1e-4
EMBEDDING_TOLERANCE = 2e-5
COSINE_TOLERANCE = 1e-5


def filled(size: str, tower: str) -> ImageBind:
    sizes = TINY if size == "imagebind_tiny" else {}
    net = imagebind.build(ImageBindConfig(towers=(tower,), **sizes))
    fill.fill_state_dict(net, rename=imagebind.key_map((tower,)).official)
    return net


def golden_of(size: str) -> dict[str, np.ndarray]:
    return dict(np.load(PORTABLE / f"{size}.npz"))


def deviation(golden: dict[str, np.ndarray], stage: str, value: Tensor) -> float:
    return goldenio.check(golden, stage, value.numpy())[1]


def random_inputs() -> tuple[Tensor, Tensor]:
    """Pixels (1, 3, 2, 224, 224) and mels (2, 1, 128, 204) of the case `randn`."""
    rs = np.random.RandomState(0)
    vision = rs.standard_normal((1, 3, 2, 224, 224)).astype(np.float32)
    audio = rs.standard_normal((2, 1, 128, 204)).astype(np.float32)
    return torch.from_numpy(vision), torch.from_numpy(audio)


def mels_of(wave: np.ndarray) -> Tensor:
    """Mels of three overlapping clips of 5 s; a clip's mean leaves the waveform itself, as published."""
    wave = torch.from_numpy(wave.copy())
    clips = []
    for start in (0, 24000, 48000):
        clip = wave[start : start + 32000]
        clip -= clip.mean()
        clips.append(clip.clone())
    return imagebind_mel(torch.stack(clips))[:, None]


def first_and_last_block(blocks: nn.ModuleList, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """All tokens of the first clip behind the first block and behind the last."""
    x = tokens[:1]
    outputs = []
    for block in blocks:
        x = block(x)
        outputs.append(x)
    return outputs[0], outputs[-1]


@pytest.mark.parametrize("size", SIZES)
@torch.no_grad()
def test_vision_tower_gives_the_published_embedding(size: str) -> None:
    """Blocks and embedding of random pixels agree, and so does the cosine with the published sound."""
    net, golden = filled(size, "vision"), golden_of(size)
    pixels, _ = random_inputs()
    first, last = first_and_last_block(net.vision_tower.blocks, net.vision_tower.embed(pixels))
    assert deviation(golden, "randn/vision_block0", first) < BLOCK_TOLERANCE
    assert deviation(golden, "randn/vision_blocklast", last) < BLOCK_TOLERANCE
    embedding = net.vision(pixels)
    assert deviation(golden, "randn/vision_embedding", embedding) < EMBEDDING_TOLERANCE
    cosine = torch.cosine_similarity(embedding, torch.from_numpy(golden["randn/audio_embedding"]))
    assert abs(float(cosine) - float(golden["randn/cosine"][0])) < COSINE_TOLERANCE


@pytest.mark.parametrize("size", SIZES)
@torch.no_grad()
def test_audio_tower_gives_the_published_embeddings(size: str) -> None:
    """Blocks and embedding of random mels, of a chirp and of silence agree."""
    net, golden = filled(size, "audio"), golden_of(size)
    mels = {
        "randn": random_inputs()[1],
        "chirp_16k_mono_5s_pinned": mels_of(synth.chirp_noise(16000, 5)),
        "silence_5s_pinned": mels_of(np.zeros(80000, np.float32)),
    }
    for case, mel in mels.items():
        if case != "randn":
            worst, relative = goldenio.check(golden, f"{case}/mel", mel[None].numpy())
            assert worst < SILENT_MEL_TOLERANCE if "silence" in case else relative < MEL_TOLERANCE
        first, last = first_and_last_block(net.audio_tower.blocks, net.audio_tower.embed(mel))
        assert deviation(golden, f"{case}/audio_block0", first) < BLOCK_TOLERANCE
        assert deviation(golden, f"{case}/audio_blocklast", last) < BLOCK_TOLERANCE
        embedding = net.audio(mel).mean(dim=0, keepdim=True)
        assert deviation(golden, f"{case}/audio_embedding", embedding) < EMBEDDING_TOLERANCE


@torch.no_grad()
def test_text_tower_gives_the_published_embeddings() -> None:
    """Short and long prompts and an empty one, through the causal mask, the end token and the scale."""
    net, golden = filled("imagebind_tiny", "text"), golden_of("imagebind_tiny_towers")
    embedding = net.text(torch.from_numpy(golden["text/ids"]).long())
    assert deviation(golden, "text/embedding", embedding) < EMBEDDING_TOLERANCE


@torch.no_grad()
def test_single_picture_gives_the_published_embedding() -> None:
    """The published tower repeats a picture that comes alone."""
    net, golden = filled("imagebind_tiny", "vision"), golden_of("imagebind_tiny_towers")
    pixels = np.random.RandomState(7).standard_normal((3, 3, 224, 224)).astype(np.float32)
    embedding = net.vision(torch.from_numpy(pixels)[:, :, None].expand(-1, -1, 2, -1, -1))
    assert deviation(golden, "still/embedding", embedding) < EMBEDDING_TOLERANCE
