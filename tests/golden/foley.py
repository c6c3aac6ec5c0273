"""Pairs of mono sounds (generated, reference) at 22.05 kHz with clear beginnings, the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

RATE = 22_050
Event = tuple[float, float]  # where it begins, s; how loud it is
Pair = tuple[np.ndarray, np.ndarray]

_EVENTS: Sequence[Event] = ((0.3, 0.6), (0.7, 0.3), (1.1, 0.5), (1.6, 0.2))


def hits(events: Sequence[Event], *, duration_s: float = 2.0, seed: int = 0) -> np.ndarray:
    """Decaying noise at each event over a quiet floor, (N,) float32."""
    rng = np.random.RandomState(seed)
    wave = 1e-4 * rng.standard_normal(round(duration_s * RATE))
    decay = np.exp(-25 * np.arange(RATE // 4) / RATE)
    for start_s, level in events:
        start = round(start_s * RATE)
        hit = level * 0.3 * rng.standard_normal(len(decay)) * decay
        wave[start : start + len(hit)] += hit[: max(0, len(wave) - start)]
    return wave.astype(np.float32)


def _random(seed: int, *, duration_s: float = 2.0) -> Pair:
    """Events of which some are moved, missing or new."""
    rng = np.random.RandomState(seed)
    starts = np.sort(rng.uniform(0.2, duration_s - 0.3, round(3 * duration_s)))
    reference = [(float(s), float(rng.uniform(0.1, 1))) for s in starts]
    moved = [(s + float(rng.normal(0, 0.05)), level) for s, level in reference if rng.uniform() < 0.8]
    new = [(float(s), float(rng.uniform(0.1, 1))) for s in rng.uniform(0.2, duration_s - 0.3, rng.randint(3))]
    return (
        hits(sorted(moved + new), duration_s=duration_s, seed=seed + 100),
        hits(reference, duration_s=duration_s, seed=seed),
    )


def pairs() -> Mapping[str, Pair]:
    """Return name -> pair."""
    reference = hits(_EVENTS)
    made = {
        "same": (reference, reference),
        "first_only": (hits(_EVENTS[:1], seed=1), reference),
        "delayed": (hits([(s + 0.15, level) for s, level in _EVENTS], seed=1), reference),
        "one_more": (hits([*_EVENTS, (0.95, 0.9)], seed=1), reference),
        "doubled": (hits([(s + d, level) for s, level in _EVENTS for d in (0, 0.047, 0.094)], seed=1), reference),
        "noise": (0.1 * np.random.RandomState(5).standard_normal(2 * RATE).astype(np.float32), reference),
    }
    made |= {f"random_{seed}": _random(seed) for seed in range(8)}
    return made | {"long": _random(20, duration_s=8.0)}
