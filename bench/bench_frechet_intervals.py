"""What the intervals of a difference of Fréchet distances are worth: see docs/statistics.md.

    python bench/bench_frechet_intervals.py [--draws 400]

Gaussian embeddings of 64 dimensions, whose spread falls as 1/k or not at all, and 1000 reference clips. Percent of
draws in which the 95% interval of `avmeter compare` holds the difference that sets of n clips are expected to have.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from avmeter.stats.bootstrap import Interval
from avmeter.stats.frechet import frechet_distance
from avmeter.stats.frechet_influence import frechet_contributions
from avmeter.stats.influence_interval import influence_interval
from avmeter.stats.moments import Moments

DIM, NUM_REFERENCES = 64, 1000
COUNTS = (10, 16, 32, 64, 128, 640)
Rows = np.ndarray
Pair = Callable[[np.random.Generator, int], tuple[Rows, Rows]]


def white(rng: np.random.Generator, count: int) -> Rows:
    return rng.standard_normal((count, DIM)) / np.sqrt(DIM)


def falling(rng: np.random.Generator, count: int) -> Rows:
    spectrum = 1 / np.arange(1, DIM + 1)
    return rng.standard_normal((count, DIM)) * np.sqrt(spectrum / spectrum.sum())


def heavy(rng: np.random.Generator, count: int) -> Rows:
    """Student's t of five degrees, as embeddings have outliers."""
    return falling(rng, count) * np.sqrt(3 / rng.chisquare(5, size=(count, 1)))


def alike(rng: np.random.Generator, count: int) -> tuple[Rows, Rows]:
    """Two systems that are equal, with 0.64 of the variance of a clip that of its prompt."""
    prompts = falling(rng, count)
    first, second = (0.8 * prompts + 0.6 * falling(rng, count) for _ in range(2))
    return first, second


PAIRS: dict[str, tuple[Callable[[np.random.Generator, int], Rows], Pair]] = {
    "equal systems, spread 1/k": (falling, lambda rng, n: (falling(rng, n), falling(rng, n))),
    "equal systems, clips of one prompt alike": (falling, alike),
    "equal systems, equal spread": (white, lambda rng, n: (white(rng, n), white(rng, n))),
    "equal systems, heavy tails": (heavy, lambda rng, n: (heavy(rng, n), heavy(rng, n))),
    "B is moved": (falling, lambda rng, n: (falling(rng, n), falling(rng, n) + 0.06)),
    "B has less variety": (falling, lambda rng, n: (falling(rng, n), 0.8 * falling(rng, n))),
}


def interval_of(pair: tuple[Rows, Rows], reference: Moments) -> Interval:
    distances = [frechet_distance(generated=Moments.of(rows), reference=reference).distance for rows in pair]
    a, b = (dict(enumerate(frechet_contributions(generated=rows, reference=reference).tolist())) for rows in pair)
    named = [{str(i): value for i, value in side.items()} for side in (a, b)]
    found = influence_interval(distances[1] - distances[0], candidate=named[1], baseline=named[0])
    assert found is not None
    return found


def print_row(name: str, cells: Sequence[str]) -> None:
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=400)
    draws = parser.parse_args().draws
    print_row("systems", [f"n = {n}" for n in COUNTS])
    print_row(":--", ["--:"] * len(COUNTS))
    for name, (draw, pair) in PAIRS.items():
        rng = np.random.default_rng(0)
        reference = Moments.of(draw(rng, NUM_REFERENCES))
        covered, means = [], []
        for count in COUNTS:
            intervals = [interval_of(pair(rng, count), reference) for _ in range(draws)]
            mean = float(np.mean([i.estimate for i in intervals]))
            true = 0.0 if name.startswith("equal") else mean
            covered.append(f"{100 * sum(not i.excludes(true) for i in intervals) / draws:.1f}")
            means.append(f"{mean:+.3f}")
        print_row(name, covered)
        if not name.startswith("equal"):
            print_row(f"{name}: mean of B − A", means)


if __name__ == "__main__":
    main()
