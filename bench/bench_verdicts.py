"""How often `compare` is wrong about equal systems, and how often intervals hold the truth: see docs/statistics.md.

    python bench/bench_verdicts.py [--draws 2000]

False verdicts: both systems are draws from one distribution; "better" and "worse" together should stay near 5%.
Coverage: the share of 95% intervals that hold the true mean.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence

import numpy as np

from avmeter.result import MetricResult
from avmeter.run import EvalResults, compare
from avmeter.sample import as_samples
from avmeter.stats.bootstrap import Interval, mean_interval, ratio_interval
from avmeter.stats.sign_flip import fewest_pairs, paired_interval

COUNTS = (2, 3, 5, 6, 8, 10, 30, 100)
Scores = np.ndarray
Draw = Callable[[np.random.Generator, int], Scores]


def word_rates(rng: np.random.Generator, count: int) -> Scores:
    words = rng.integers(3, 15, count)
    return rng.binomial(words, 0.08) / words


def clustered(rng: np.random.Generator, count: int) -> Scores:
    """Eight clips for each of `count` prompts; most of the spread is the prompt's."""
    return np.repeat(rng.standard_normal(count), 8) + 0.1 * rng.standard_normal(8 * count)


DISTRIBUTIONS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "skewed (exponential)": lambda rng, n: rng.exponential(size=n),
    "skewed (log-normal, sigma 1)": lambda rng, n: rng.lognormal(size=n),
    "word error rates of short texts": word_rates,
    "right or wrong (0 or 1)": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "heavy tails (t, 2 degrees)": lambda rng, n: rng.standard_t(2, n),
}
MEANS = {"normal": 0.0, "skewed (exponential)": 1.0, "right or wrong (0 or 1)": 0.5, "heavy tails (t, 2 degrees)": 0.0}
IntervalOf = Callable[[np.random.Generator, int], Interval | None]


def false_verdict(difference: Scores, clusters: Sequence[int] | None = None) -> bool:
    interval = paired_interval(difference, clusters=clusters)
    return interval is not None and interval.excludes(0.0)


def print_row(name: str, cells: Sequence[str]) -> None:
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def print_false_verdicts(draws: int) -> None:
    print(f'\nFalse verdicts in percent of {draws} draws; – is "too few pairs"\n')
    print_row("scores", [f"n = {n}" for n in COUNTS])
    print_row(":--", ["--:"] * len(COUNTS))
    for name, draw in DISTRIBUTIONS.items():
        print_row(name, [_rate_of(draw, n, draws) for n in COUNTS])
    print_row("8 seeds for each of n prompts", [_rate_of(clustered, n, draws, seeds=8) for n in COUNTS])


def _rate_of(draw: Draw, count: int, draws: int, *, seeds: int = 1) -> str:
    if count < fewest_pairs():
        return "–"
    rng = np.random.default_rng(count)
    clusters = None if seeds == 1 else list(np.repeat(np.arange(count), seeds))
    wrong = sum(false_verdict(draw(rng, count) - draw(rng, count), clusters) for _ in range(draws))
    return f"{100 * wrong / draws:.1f}"


def print_coverage(draws: int) -> None:
    print(f"\nCoverage of 95% intervals of a mean in percent of {draws} draws\n")
    counts = (3, 5, 10, 30, 100)
    print_row("scores", [f"n = {n}" for n in counts])
    print_row(":--", ["--:"] * len(counts))
    means = {
        "normal": 0.0,
        "skewed (exponential)": 1.0,
        "right or wrong (0 or 1)": 0.5,
        "heavy tails (t, 2 degrees)": 0.0,
    }
    for name, mean in means.items():
        print_row(name, [_coverage(lambda rng, n, d=DISTRIBUTIONS[name]: mean_interval(d(rng, n)), n, draws, mean)
                         for n in counts])  # fmt: skip
    print_row("word errors over words", [_coverage(_ratio, n, draws, 0.08) for n in counts])
    print_row("8 seeds for each of n prompts", [_coverage(_by_prompt, n, draws, 0.0) for n in counts])
    print_row("the same, clips taken as independent", [_coverage(_by_clip, n, draws, 0.0) for n in counts])


def _coverage(
    interval_of: Callable[[np.random.Generator, int], Interval | None], n: int, draws: int, true: float
) -> str:
    rng = np.random.default_rng(n)
    intervals = [interval_of(rng, n) for _ in range(draws)]
    return f"{100 * sum(i is not None and i.low - 1e-12 <= true <= i.high + 1e-12 for i in intervals) / draws:.1f}"


def _ratio(rng: np.random.Generator, count: int) -> Interval | None:
    words = rng.integers(3, 15, count)
    return ratio_interval(rng.binomial(words, 0.08), words)


def _by_prompt(rng: np.random.Generator, count: int) -> Interval | None:
    return mean_interval(clustered(rng, count), clusters=list(np.repeat(np.arange(count), 8)))


def _by_clip(rng: np.random.Generator, count: int) -> Interval | None:
    return mean_interval(clustered(rng, count))


def print_compare(draws: int) -> None:
    """The same through the public call, for ten prompts by eight seeds."""
    rng = np.random.default_rng(0)
    samples = as_samples([{"id": f"{i}", "audio": f"{i}.wav", "text_prompt": f"prompt {i // 8}"} for i in range(80)])
    verdicts = []
    for _ in range(draws):
        runs = [EvalResults([{"m.x": MetricResult("m.x", float(s))} for s in clustered(rng, 10)], samples=samples)
                for _ in range(2)]  # fmt: skip
        verdicts.append(compare(*runs)[0].verdict)
    share = 100 * (1 - verdicts.count("no clear difference") / draws)
    print(f"\n`compare` of two runs of ten prompts by eight seeds, {draws} draws: {share:.1f}% false verdicts")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    print_false_verdicts(draws)
    print_coverage(draws)
    print_compare(math.ceil(draws / 4))


if __name__ == "__main__":
    main()
