"""Rebuilds the golden data of aiSFX by running the published code. See README.md for versions.

    python make.py PACKAGE MEDIA

PACKAGE is a folder with the unpacked wheel of aisfx, MEDIA one with the real clips. Essentia and torch are installed.
"""

from __future__ import annotations

import sys
import tempfile
import types
import wave
from pathlib import Path

import numpy as np
import torch

from avmeter.media import AudioSpec, MediaItem

HERE = Path(__file__).parent
PACKAGE, MEDIA = map(Path, sys.argv[1:3])
sys.path[:0] = [str(HERE.parent), str(PACKAGE)]
for absent in ("tqdm",):
    sys.modules[absent] = types.ModuleType(absent)
    sys.modules[absent].tqdm = lambda x, **_: x

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from aisfx import inference  # noqa: E402
from aisfx.spectrogram.spectrogram_essentia import compute_spectrogram  # noqa: E402

RATE = 44_100
LIMIT = 512
WAVES = {"synth_6s": (6, 3), "synth_short": (1.5, 4)}
CLIPS = ("ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4")
NOTES = "Layout of checkpoint.pth of aisfx 0.1.2, item 0."


def quantised(samples):
    """16-bit samples, which the published reader of files gets."""
    return np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2")


def spectrogram(samples):
    """What the network reads, (T, 96), from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.wav"
        with wave.open(path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
        spec = compute_spectrogram(
            filename=path,
            sr=inference.SAMPLE_RATE,
            block_size=inference.SPEC_BLOCK_LENGTH,
            hop_size=inference.SPEC_HOP_LENGTH,
            n_mels=inference.MEL_BINS,
            f_min=inference.F_MIN,
            f_max=inference.F_MAX,
        )
    return inference.spectrogram_normalize(spec)


def blocks(spec):
    """Windows (W, 100, 96), as `inference.model_get_embedding` cuts them."""
    cut = inference.blocking(spec, inference.EMB_BLOCK_LENGTH, inference.EMB_BLOCK_LENGTH // 2, True)
    return torch.Tensor(cut)


@torch.no_grad()
def stages(net, windows):
    """Outputs of every block, and the embedding."""
    seen = {}
    hooks = [
        block.register_forward_hook(lambda _m, _i, output, name=name: seen.__setitem__(name, output))
        for name, block in net.embedding_net.named_children()
    ]
    seen["embedding"] = net.get_embedding(windows)
    for hook in hooks:
        hook.remove()
    return {stage: value.numpy() for stage, value in seen.items()}


def main():
    with torch.serialization.safe_globals([(np._core.multiarray.scalar, "numpy.core.multiarray.scalar"), np.dtype, type(np.dtype("i8"))]):
        weights, libraries = torch.load(PACKAGE / "aisfx/models/checkpoint.pth", map_location="cpu", weights_only=True)
    goldenio.write_keys("aisfx", NOTES, weights)
    net = inference.load_bestModel(weights, libraries, "cpu")
    embeddings = {}
    for name in (*WAVES, *CLIPS):
        if name in WAVES:
            samples = synth.chirp_noise(RATE, WAVES[name][0], seed=WAVES[name][1])
        else:
            samples = np.array(MediaItem.open(MEDIA / name).audio(AudioSpec(sample_rate=RATE, peak_dbfs=-1.0))[:])
        spec = spectrogram(quantised(samples))
        embedding = inference.model_get_embedding(spec, 0.5, True, net, "cpu").numpy()
        embeddings[name] = embedding.mean(axis=0)
        print(name, spec.shape, embedding.shape)
    np.savez_compressed(HERE / "trained.npz", **embeddings)
    fill.fill_state_dict(net)
    out = {}
    for name, (seconds, seed) in WAVES.items():
        spec = spectrogram(quantised(synth.chirp_noise(RATE, seconds, seed=seed)))
        goldenio.put(out, f"{name}/mel", blocks(spec).numpy(), limit=LIMIT)
        found = stages(net, blocks(spec))
        exact = stages(net.double(), blocks(spec).double())
        net.float()
        fill.fill_state_dict(net)
        for stage, value in found.items():
            goldenio.put(out, f"{name}/{stage}", value, limit=LIMIT)
            scale = np.abs(exact[stage]).max()
            print(name, stage, value.shape, f"{np.abs(value - exact[stage]).max() / scale:.1e}")
    np.savez_compressed(HERE / "fill.npz", **out)


if __name__ == "__main__":
    main()
