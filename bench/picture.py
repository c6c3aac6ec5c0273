"""Metrics of the picture over one decoding pass against one metric after the other: seconds a clip.

    python bench/picture.py [--device cuda] [--clips 8] [--seconds 10] [--width 832] [--height 480] [--metrics ...]

Clips are a drifting pattern with noise, 24 fps; references are the same, coded less coarsely. Every clip has bytes
of its own, nothing is stored, weights are stand-ins, and networks are loaded before the clock starts. "One after the
other" is the sum over runs with one metric each, as harnesses do that decode for every metric anew.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from gpu import distinct_copies

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


def seconds(metrics: Sequence[str], clips: Clips, count: int, device: str) -> float:
    """Return the seconds a clip of a run whose networks are loaded and whose processes have started."""
    evaluator = create_evaluator(metrics=metrics, device=device, weights="dummy", store=None)
    evaluator.evaluate(samples=list(clips.take(2)))
    samples = list(clips.take(count))
    start = time.perf_counter()
    results = evaluator.evaluate(samples=samples)
    taken = time.perf_counter() - start
    evaluator.shutdown()
    skips = [r.skip for row in results for r in row.values() if r.skip is not None]
    if skips:
        raise SystemExit(f"not measured: {skips[0].reason}")
    return taken / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
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
            f"{args.clips} pairs of {args.seconds:g} s, {args.width}x{args.height}, on {args.device}; seconds a clip",
            flush=True,
        )
        together = seconds(args.metrics, clips, args.clips, args.device)
        print(f"{'decoded once':30} {together:8.3f}", flush=True)
        alone = 0.0
        for metric in args.metrics:
            taken = seconds([metric], clips, args.clips, args.device)
            alone += taken
            print(f"{metric:30} {taken:8.3f}", flush=True)
        print(f"{'one after the other':30} {alone:8.3f}   decoded once is {alone / together:.2f} times as fast")


if __name__ == "__main__":
    main()
