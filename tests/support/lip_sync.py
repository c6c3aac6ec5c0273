"""A face whose brightness and a sound whose loudness follow one line, and networks that see and hear just that."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avmeter.runtime import Runtime

FPS, RATE = 25, 16_000
SIDE = 96
FACE = (32, 24, 64, 56)  # left, top, right, bottom, pixels
NUM_FRAMES = 60


def line(num_frames: int, seed: int = 0) -> np.ndarray:
    """Random levels (T,) between -1 and 1."""
    return np.random.default_rng(seed).uniform(-1, 1, num_frames)


def talking(early: int, *, num_frames: int = NUM_FRAMES, second: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Frames (T, 96, 96, 3) uint8 and a waveform (N,) that is so many frames early; or two faces, one of another."""
    levels = line(num_frames + 40)
    frames = np.full((num_frames, SIDE, SIDE, 3), 40, np.uint8)
    left, top, right, bottom = FACE
    seen = levels[20 : 20 + num_frames]
    frames[:, top:bottom, left:right] = np.rint(150 + 60 * seen)[:, None, None, None].astype(np.uint8)
    if second:
        other = np.rint(150 + 60 * line(num_frames, seed=9))[:, None, None, None].astype(np.uint8)
        frames[:, top:bottom, :30] = other
    heard = np.repeat(levels[20 + early : 20 + early + num_frames], RATE // FPS)
    noise = np.random.default_rng(1).standard_normal(len(heard))
    return frames, (0.02 * np.exp(heard) * noise).astype(np.float32)


class Watcher(nn.Module):
    """In place of a detector: where it is told that faces are, from the middle grey on."""

    def __init__(self, *faces: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.faces = torch.tensor(faces).view(-1, 4) / SIDE

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        return self.faces.expand(len(pictures), -1, -1), torch.full((len(pictures), len(self.faces)), 0.99)


class LevelNet(nn.Module):
    """In place of SyncNet: the levels of 5 frames, of the face and of the sound, less their mean."""

    def embed_faces(self, faces: Tensor) -> Tensor:
        levels = faces[:, :, :, 60:150, 80:140].mean(dim=(1, 3, 4)) / 60
        return _centred(levels.unfold(1, 5, 1))

    def embed_sound(self, cepstrum: Tensor) -> Tensor:
        energy = cepstrum[:, 0].unflatten(1, (5, 4))[:, :, :2].mean(dim=2)  # frames of 25 ms within one of 40 ms
        return _centred(energy / 2)


def _centred(levels: Tensor) -> Tensor:
    return levels - levels.mean(dim=-1, keepdim=True)


def put_level_networks(runtime: Runtime, *faces: tuple[int, int, int, int], detector: str = "blazeface") -> None:
    """These networks where the runtime looks for the published ones."""
    entry: Any = {"blazeface": "blazeface-short-range", "s3fd": "s3fd"}[detector]
    runtime.networks[f"faces_{detector}", entry] = Watcher(*faces)
    runtime.networks[("syncnet",)] = LevelNet()
