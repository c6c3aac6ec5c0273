"""A run whose features are in the store against the run that made them: seconds, and their ratio.

    python bench/bench_store.py [--clips 4] [--metrics audio.loudness,av.align]

The second run has a new evaluator, reads the same files, and must give the same scores; a third has one clip more.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from avmeter import EvalResults, create_evaluator
from avmeter.media.write import write_clip

FPS, SAMPLE_RATE, DURATION_S = 25, 24_000, 4.0


def render(folder: Path, count: int) -> list[dict[str, str]]:
    """Clips of a moving square and clicks, no two alike."""
    samples = []
    for number in range(count):
        rng = np.random.default_rng(number)
        frames = np.full((int(FPS * DURATION_S), 180, 320, 3), 40, np.uint8)
        for i, frame in enumerate(frames):
            left = (7 * i * (number + 1)) % 280
            frame[70:110, left : left + 40] = 220
        wave = 0.01 * rng.standard_normal(int(SAMPLE_RATE * DURATION_S)).astype(np.float32)
        wave[:: SAMPLE_RATE // 2] = 0.9
        path = folder / f"{number:03d}.mp4"
        write_clip(path, frames, fps=FPS, samples=wave[None], sample_rate=SAMPLE_RATE)
        samples.append({"video": str(path)})
    return samples


def timed_run(samples: list[dict[str, str]], metrics: str, store: Path) -> tuple[EvalResults, float]:
    """Results and seconds of a run by an evaluator of its own."""
    evaluator = create_evaluator(metrics=metrics, device="cpu", store=store)
    start = time.perf_counter()
    results = evaluator.evaluate(samples=samples)
    seconds = time.perf_counter() - start
    evaluator.shutdown()
    return results, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--metrics", default="audio.loudness,av.align")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = render(folder, arguments.clips + 1)
        timed_run(samples[-1:], arguments.metrics, folder / "warm-up")
        first, first_s = timed_run(samples[:-1], arguments.metrics, folder / "store")
        second, second_s = timed_run(samples[:-1], arguments.metrics, folder / "store")
        _, third_s = timed_run(samples, arguments.metrics, folder / "store")
    if [{n: r.score for n, r in row.items()} for row in first] != [
        {n: r.score for n, r in row.items()} for row in second
    ]:
        raise SystemExit("scores from the store differ from those that were stored")
    print(f"{arguments.clips} clips of {DURATION_S:g} s, 320x180, {arguments.metrics}")
    print(f"first run {first_s:.2f} s, from the store {second_s:.3f} s: {first_s / second_s:.0f} times faster")
    print(f"one clip more {third_s:.3f} s: {first_s / third_s:.1f} times faster than all")


if __name__ == "__main__":
    main()
