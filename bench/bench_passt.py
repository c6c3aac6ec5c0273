"""PaSST for two metrics: avmeter (each window once, in batches) against one call of the network per clip and metric.

    python bench/bench_passt.py [--clips 2] [--duration 10] [--device cpu]

Both use the same network with stand-in weights, the same preprocessing and strict float32; the feature store is off.
The second way is how per-metric tools work: KL divergence and Fréchet distance both read, resample and embed the
clip and its reference. It leaves out what such tools do besides, so the ratio is a lower bound.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from avmeter import create_evaluator
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.media.write import write_audio
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource

METRICS = ("audio.kl_divergence", "audio.frechet_distance")
SAMPLE_RATE = 32_000


def render(folder: Path, count: int, duration_s: float) -> list[dict[str, str]]:
    """Pairs of coloured noise, no two alike."""
    samples = []
    for number in range(count):
        paths = {}
        for side, key in enumerate(("audio", "reference_audio")):
            rng = np.random.default_rng(2 * number + side)
            wave = 0.1 * rng.standard_normal(int(duration_s * SAMPLE_RATE)).astype(np.float32)
            paths[key] = str(folder / f"{number}-{key}.flac")
            write_audio(Path(paths[key]), wave[None], SAMPLE_RATE)
        samples.append(paths)
    return samples


def one_by_one(samples: list[dict[str, str]], runtime: Runtime) -> float:
    """Seconds of a call per window, clip and metric, each reading its file."""
    extractor = get_extractor("passt")
    extractor.load(runtime)
    start = time.perf_counter()
    for _ in METRICS:
        for sample in samples:
            for path in sample.values():
                with MediaItem.open(path) as item:
                    for window in extractor.windows(item):
                        extractor.run([window], runtime)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=2)
    parser.add_argument("--duration", type=float, default=10.0)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        samples = render(Path(name), arguments.clips, arguments.duration)
        evaluator = create_evaluator(metrics=METRICS, device=arguments.device, weights="dummy", store=False)
        evaluator.evaluate(samples=samples[:1])  # loads the network
        start = time.perf_counter()
        evaluator.evaluate(samples=samples)
        shared_s = time.perf_counter() - start
        evaluator.shutdown()
        runtime = Runtime(
            device=torch.device(arguments.device), precision="float32", weights=WeightsSource.parse("dummy")
        )
        separate_s = one_by_one(samples, runtime)
    count = arguments.clips
    print(f"{count} clips of {arguments.duration:g} s with references, {' and '.join(METRICS)}, {arguments.device}")
    print(f"avmeter {count / shared_s:.3f} clips/s; a call per clip and metric {count / separate_s:.3f} clips/s")
    print(f"ratio {separate_s / shared_s:.2f}")


if __name__ == "__main__":
    main()
