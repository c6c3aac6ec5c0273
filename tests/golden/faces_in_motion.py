"""Pictures, boxes, sound and embeddings that are the same on every machine, for lip sync."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

MIN_TRACK, MIN_SIZE = 20, 100
SIZE = (333, 222)
CROPS = (0, 9, 30)
FILMED = (0, 60)


def _random(seed: int) -> np.random.RandomState:
    return np.random.RandomState(seed)


def faces() -> Tensor:
    """(1, 3, 6, 224, 224), 0 to 255."""
    return torch.from_numpy(_random(1).randint(0, 256, (1, 3, 6, 224, 224)).astype(np.float32))


def cepstrum() -> Tensor:
    """(2, 13, 20)."""
    return torch.from_numpy((8 * _random(2).standard_normal((2, 13, 20))).astype(np.float32))


def frame() -> np.ndarray:
    """(222, 333, 3) uint8: waves and noise."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    waves = 110 + 90 * np.stack([np.sin(rows / 9), np.cos(columns / 14), np.sin((rows + columns) / 20)], axis=-1)
    return (waves + _random(3).randint(0, 50, waves.shape)).clip(0, 255).astype(np.uint8)


def picture() -> Tensor:
    """(56, 83, 3) uint8."""
    return torch.from_numpy(np.ascontiguousarray(frame()[::4, ::4]))


def small_picture() -> Tensor:
    """(128, 128, 3) uint8."""
    return torch.from_numpy(np.ascontiguousarray(frame()[50:178, 60:188]))


def candidates() -> tuple[np.ndarray, np.ndarray]:
    """Boxes (200, 4) from 0 to 1 around five places, and scores (200,)."""
    random = _random(4)
    centres = random.uniform(0.2, 0.8, (5, 2))[random.randint(0, 5, 200)] + 0.04 * random.standard_normal((200, 2))
    half = random.uniform(0.05, 0.12, (200, 2))
    scores = random.uniform(0.3, 1, 200).astype(np.float32).astype(np.float64)
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32).astype(np.float64), scores


def boxes_in_motion() -> list[np.ndarray]:
    """Boxes of 80 frames: two faces that move, one of them with gaps; a small one; and what flickers."""
    random = _random(5)
    found = []
    for number in range(80):
        boxes = []
        if not 30 <= number < 42 and number % 7:
            boxes.append([40 + number, 30, 160 + number, 170 + number / 3])
        if number < 60:
            boxes.append([210 - number / 2, 40, 320 - number / 2, 190])
        boxes.append([5, 5, 45, 45])
        if random.uniform() < 0.3:
            corner = random.uniform(0, 150, 2)
            boxes.append([*corner, *(corner + 60)])
        order = random.permutation(len(boxes))
        found.append(np.array([boxes[i] for i in order]) + random.uniform(-2, 2, (len(boxes), 4)))
    return found


def shots() -> list[np.ndarray]:
    """60 frames (40, 60, 3) uint8 of four scenes, of which the third is too short to count."""
    scenes = [_random(seed).randint(0, 256, 3) for seed in (10, 11, 12, 13)]
    numbers = [0] * 20 + [1] * 20 + [2] * 8 + [3] * 12
    noise = _random(6)
    return [(scenes[n] + noise.randint(-6, 7, (40, 60, 3))).clip(0, 255).astype(np.uint8) for n in numbers]


def speech_like() -> np.ndarray:
    """(8000,) int16: noise with pauses, and zeros."""
    random = _random(7)
    envelope = np.abs(np.sin(np.arange(8000) / 700))
    waveform = (6000 * envelope * random.standard_normal(8000)).clip(-32768, 32767).astype(np.int16)
    waveform[3000:4200] = 0
    return waveform


def _embeddings(shift: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    random = _random(8)
    walk = random.standard_normal((130, 64)).astype(np.float32)
    sound = walk[20:90]
    seen = walk[20 - shift : 90 - shift] + noise * random.standard_normal((70, 64))
    return seen.astype(np.float32), sound


EMBEDDINGS: Mapping[str, tuple[np.ndarray, np.ndarray]] = {
    "together": _embeddings(0, 0.3),
    "early": _embeddings(4, 0.3),
    "late": _embeddings(-7, 0.6),
    "apart": _embeddings(19, 0.3),
}
"""Embeddings of faces and of sound (70, 64) that is so many steps early."""
