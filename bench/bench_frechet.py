"""Fréchet distance from moments: seconds and difference against scipy.linalg.sqrtm, in one run.

    python bench/bench_frechet.py [--dims 128 768] [--counts 100 2000]

"general" is what published tools do: scipy.linalg.sqrtm of the product of the covariances. Both start from
the same moments. The error of each is against singular values of the centred rows where a set is singular.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
import scipy.linalg

from avmeter.stats.frechet import frechet_distance
from avmeter.stats.frechet_bias import expected_bias
from avmeter.stats.moments import Moments


def general(generated: Moments, reference: Moments) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = scipy.linalg.sqrtm(generated.covariance @ reference.covariance)
    difference = generated.mean - reference.mean
    traces = np.trace(generated.covariance) + np.trace(reference.covariance)
    return float(difference @ difference + traces - 2 * np.trace(np.real(root)))


def from_rows(x: np.ndarray, y: np.ndarray) -> float:
    """Exact: singular values of the product of the centred rows, or of triangular factors of them."""
    a, b = (np.linalg.qr((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1))[1] for rows in (x, y))
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    difference = x.mean(axis=0) - y.mean(axis=0)
    return float(difference @ difference + np.sum(a**2) + np.sum(b**2) - 2 * root)


def timed(call: Callable[[], float], repeats: int) -> tuple[float, float]:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        value = call()
        seconds.append(time.perf_counter() - start)
    return value, min(seconds)


def draw(count: int, dim: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, dim)) * (1 + np.arange(dim)) ** -0.5 + 0.02 * seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", type=int, nargs="+", default=[128, 768])
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 2000])
    arguments = parser.parse_args()
    print(f"numpy {np.__version__}, scipy {scipy.__version__}; seconds, best of 3 (1 above D = 1000)")
    print(f"{'D':>5} {'N = M':>6} {'moments':>8} {'general':>8} {'avmeter':>8} {'ratio':>6} "
          f"{'error general':>14} {'error avmeter':>14} {'bias':>6}")  # fmt: skip
    for dim in arguments.dims:
        for count in arguments.counts:
            x, y = draw(count, dim, 0), draw(count, dim, 1)
            start = time.perf_counter()
            generated, reference = Moments.of(x), Moments.of(y)
            moments_s = time.perf_counter() - start
            repeats = 1 if dim > 1000 else 3
            exact = from_rows(x, y)
            theirs, theirs_s = timed(lambda g=generated, r=reference: general(g, r), repeats)
            ours, ours_s = timed(
                lambda g=generated, r=reference: frechet_distance(generated=g, reference=r).distance, repeats
            )
            _, bias_s = timed(lambda r=reference, n=count: expected_bias(reference=r, generated_count=n).value, 1)
            print(
                f"{dim:5d} {count:6d} {moments_s:8.3f} {theirs_s:8.3f} {ours_s:8.3f} {theirs_s / ours_s:6.1f} "
                f"{abs(theirs / exact - 1):14.1e} {abs(ours / exact - 1):14.1e} {bias_s:6.2f}"
            )


if __name__ == "__main__":
    main()
