"""Metrics of the picture over one decoding pass against one metric after the other: seconds a clip, and core seconds.

    python bench/picture.py [--device cuda] [--precision tf32] [--clips 8] [--seconds 10] [--width 832] [--height 480]
                            [--metrics ...]

Clips are a drifting pattern with noise, 24 fps; references are the same, coded less coarsely. Every clip has bytes
of its own, nothing is stored, weights are stand-ins, and networks are loaded before the clock starts. "One after the
other" is the sum over runs with one metric each, as harnesses do that decode for every metric anew. Core seconds are
those in which a core of this machine was busy, whatever else ran there.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from gpu import busy_core_seconds, distinct_copies

from avmeter import create_evaluator
from avmeter.media.write import write_clip

METRICS = ("common.fvd", "common.lpips", "common.psnr", "common.ssim", "vbench.temporal_flickering")
FPS = 24


def render(path: Path, *, num_frames: int, height: int, width: int, crf: float) -> Path:
    """Write a drifting gradient with noise."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 40, (height, width, 3))
    ramp = np.linspace(0, 200, width + 4 * num_frames)
    shown = ((ramp[4 * i : 4 * i + width][None, :, None] + noise).astype(np.uint8) for i in range(num_frames))
    return write_clip(path, shown, fps=FPS, crf=crf)


class Clips:
    """Pairs of files that no run has met before."""

    def __init__(self, folder: Path, generated: Path, reference: Path) -> None:
        self._folder = folder
        self._pair = generated, reference
        self._tags = itertools.count()

    def take(self, count: int) -> Iterator[dict[str, str]]:
        """Yield so many pairs."""
        tag = next(self._tags)
        sides = [
            distinct_copies([p], self._folder, count, f"{tag}{side}") for p, side in zip(self._pair, "gr", strict=True)
        ]
        for generated, reference in zip(*sides, strict=True):
            yield {"video": str(generated), "reference": str(reference)}


class Cost(NamedTuple):
    """What a clip takes, in seconds of the clock and of cores."""

    wall_s: float
    core_s: float

    def __str__(self) -> str:
        return f"{self.wall_s:8.3f} {self.core_s:8.3f}"


def cost(metrics: Sequence[str], clips: Clips, count: int, device: str, precision: str) -> Cost:
    """Return the cost of a clip in a run whose networks are loaded and whose processes have started."""
    evaluator = create_evaluator(metrics=metrics, device=device, weights="dummy", precision=precision, store=None)
    evaluator.evaluate(samples=list(clips.take(2)))
    samples = list(clips.take(count))
    start, busy_s = time.perf_counter(), busy_core_seconds()
    results = evaluator.evaluate(samples=samples)
    taken_s, busy_s = time.perf_counter() - start, busy_core_seconds() - busy_s
    evaluator.shutdown()
    skips = [r.skip for row in results for r in row.values() if r.skip is not None]
    if skips:
        raise SystemExit(f"not measured: {skips[0].reason}")
    return Cost(taken_s / count, busy_s / count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--width", type=int, default=832)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--metrics", nargs="+", default=list(METRICS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = {"num_frames": round(args.seconds * FPS), "height": args.height, "width": args.width}
        generated = render(folder / "generated.mp4", **size, crf=32)
        reference = render(folder / "reference.mp4", **size, crf=23)
        clips = Clips(folder, generated, reference)
        print(
            f"{args.clips} pairs of {args.seconds:g} s, {args.width}x{args.height}, on {args.device} in "
            f"{args.precision}; seconds a clip, core seconds",
            flush=True,
        )
        run = {"count": args.clips, "device": args.device, "precision": args.precision}
        together = cost(args.metrics, clips, **run)
        print(f"{'decoded once':30} {together}", flush=True)
        alone = []
        for metric in args.metrics:
            alone.append(cost([metric], clips, **run))
            print(f"{metric:30} {alone[-1]}", flush=True)
        total = Cost(*map(sum, zip(*alone, strict=True)))
        ratio = total.wall_s / together.wall_s
        print(f"{'one after the other':30} {total}   decoded once is {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
