"""What limits the networks on a GPU: its power while they run for seconds on end, or the launching of their kernels.

    python bench/bench_limits.py [--precision fp16 ...] [--only synchformer_video ...] [--seconds 3]

Of each network, at the batch size of a run: milliseconds of a 10 s clip after a pause and at the end of some seconds
without one, clock and power meanwhile; how long the host takes to launch a batch, and how long the batch takes. Then
the matrix products of a block of Synchformer alone. Inputs are noise, weights are stand-ins.
"""

from __future__ import annotations

import argparse
import subprocess
import threading
import time
from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from bench_networks import CASES, Case

from avmeter.features.base import WindowExtractor, get_extractor
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource

_QUERY = ["nvidia-smi", "--query-gpu=clocks.sm,power.draw", "--format=csv,noheader,nounits", "-lms", "100"]
_PAUSE_S = 1.5
_READ_OVER_S = 1.2  # before the end


class Clock(threading.Thread):
    """Reads clock (MHz) and power (W) of the first GPU ten times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._rows: list[tuple[float, float, float]] = []

    def run(self) -> None:
        with subprocess.Popen(_QUERY, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                clock, power = line.split(",")
                self._rows.append((time.monotonic(), float(clock), float(power)))

    def mean_since(self, start: float) -> tuple[float, float]:
        """Mean clock and power since a time."""
        rows = [row for row in self._rows if row[0] >= start]
        return sum(r[1] for r in rows) / len(rows), sum(r[2] for r in rows) / len(rows)


def timed(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Milliseconds of the GPU, and of the host until all was launched, for each repeat."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    began = time.perf_counter()
    for _ in range(repeats):
        work()
    launched = time.perf_counter() - began
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / repeats, 1000 * launched / repeats


def rested_and_sustained(work: Callable[[], object], clock: Clock, seconds: float) -> tuple[float, float, float, float]:
    """Milliseconds after a pause, then at the end of some seconds without one, and clock and power there."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    time.sleep(_PAUSE_S)
    rested, _ = timed(work, 3)
    end, sustained = time.monotonic() + seconds, rested
    while time.monotonic() < end:
        sustained, _ = timed(work, max(1, int(300 / rested)))
    return rested, sustained, *clock.mean_since(time.monotonic() - _READ_OVER_S)


def measure(case: Case, precision: str, clock: Clock, seconds: float) -> None:
    """Print a network's line."""
    extractor = cast(WindowExtractor, get_extractor(case.name))
    runtime = Runtime(device=torch.device("cuda"), precision=precision, weights=WeightsSource.parse("dummy"))
    extractor.load(runtime)
    size = extractor.gpu_batch_size
    batch = case.batch(size)
    with torch.inference_mode(), runtime.precision.applied(runtime.device):
        rested, sustained, mhz, watts = rested_and_sustained(lambda: extractor.launch(batch, runtime), clock, seconds)
        whole, launch = timed(lambda: extractor.launch(batch, runtime), 5)
    share = case.per_clip / size
    print(
        f"{precision} {case.name:20s} {rested * share:7.2f} ms a clip, sustained {sustained * share:7.2f} at "
        f"{mhz:.0f} MHz, {watts:.0f} W; a batch of {size}: {launch:.1f} ms to launch, {whole:.1f} in all",
        flush=True,
    )
    extractor.unload()
    runtime.unload()


def measure_products(dtype: torch.dtype, clock: Clock, seconds: float) -> None:
    """Print the rate of the matrix products of a block of Synchformer's video tower, for 32 segments."""
    rows = 32 * 8 * 197
    narrow, wide = (torch.randn(rows, width, device="cuda", dtype=dtype) for width in (768, 3072))
    shapes = ((2304, 768), (2304, 768), (768, 768), (768, 768), (3072, 768), (768, 3072))
    weights = [0.03 * torch.randn(shape, device="cuda", dtype=dtype) for shape in shapes]

    def work() -> None:
        for weight in weights:
            F.linear(wide if weight.shape[1] == 3072 else narrow, weight)

    rested, sustained, mhz, watts = rested_and_sustained(work, clock, seconds)
    operations = sum(2 * rows * out * width for out, width in shapes)
    rate, sustained_rate = (operations / ms / 1e9 for ms in (rested, sustained))
    print(f"{dtype} products: {rate:.0f} TFLOP/s, sustained {sustained_rate:.0f} at {mhz:.0f} MHz, {watts:.0f} W")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", action="append")
    parser.add_argument("--only", action="append")
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    clock = Clock()
    clock.start()
    for precision in options.precision or ["fp16"]:
        for case in CASES:
            if not options.only or case.name in options.only:
                measure(case, precision, clock, options.seconds)
    for dtype in (torch.float16, torch.bfloat16):
        measure_products(dtype, clock, options.seconds)


if __name__ == "__main__":
    main()
