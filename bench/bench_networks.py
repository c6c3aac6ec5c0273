"""Milliseconds that each network takes of a 10 s clip, at the batch sizes of a run: no decoding, no uploads.

    python bench/bench_networks.py [--precision fp16 ...] [--plain] [--only synchformer_video ...]

Inputs are noise, weights are stand-ins. `--plain` leaves fused kernels out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from unittest import mock

import torch
from torch import Tensor

from avmeter.features.base import WindowExtractor, get_extractor
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource


@dataclass(frozen=True)
class Case:
    """An extractor, its windows in a 10 s clip (both sides of a pair), and a batch of noise."""

    name: str
    per_clip: int
    batch: Callable[[int], dict[str, Tensor]]


def _noise(**shapes: tuple[int, ...]) -> Callable[[int], dict[str, Tensor]]:
    return lambda n: {name: torch.rand(n, *shape, device="cuda") for name, shape in shapes.items()}


def _tokens(n: int) -> dict[str, Tensor]:
    ids = torch.randint(4, 200, (n, 32), device="cuda")
    return {"ids": ids, "mask": torch.ones_like(ids)}


def _window(n: int) -> dict[str, Tensor]:
    waveform = 0.1 * torch.randn(n, 160_000, device="cuda")
    return {"waveform": waveform, "mask": torch.ones(n, 160_000, dtype=torch.bool, device="cuda")}


def _clap(n: int) -> dict[str, Tensor]:
    return {
        "mel": torch.randn(n, 4, 1001, 64, device="cuda"),
        "is_longer": torch.zeros(n, dtype=torch.bool, device="cuda"),
    }


CASES = (
    Case("synchformer_video", 28, _noise(pixels=(16, 3, 224, 224))),
    Case("synchformer_audio", 28, _noise(mel=(128, 66))),
    Case("synchformer_offset", 2, _noise(video=(14, 8, 768), audio=(14, 6, 768))),
    Case("imagebind_video", 15, _noise(pixels=(3, 2, 224, 224))),
    Case("imagebind_audio", 3, _noise(mel=(1, 128, 204))),
    Case("passt", 2, _noise(waveform=(320_000,))),
    Case("audiobox", 1, _window),
    Case("clap_audio", 1, _clap),
    Case("clap_text", 1, _tokens),
)


def milliseconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Median of event times, warmed up."""
    for _ in range(2):
        work()
    times = []
    for _ in range(repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[repeats // 2]


def measure(case: Case, precision: str, scale: float) -> float:
    """Milliseconds a clip, in batches of `scale` times their usual size."""
    extractor = get_extractor(case.name)
    assert isinstance(extractor, WindowExtractor)
    runtime = Runtime(device=torch.device("cuda"), precision=precision, weights=WeightsSource.parse("dummy"))
    extractor.load(runtime)
    size = int(extractor.gpu_batch_size * scale)
    batch = case.batch(size)
    with torch.inference_mode(), runtime.precision.applied(runtime.device):
        taken = milliseconds(lambda: extractor.launch(batch, runtime))
    extractor.unload()
    runtime.unload()
    return taken * case.per_clip / size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", action="append")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--only", action="append")
    parser.add_argument("--scale", type=float, default=1, help="batches of so many times the usual size")
    options = parser.parse_args()
    precisions = options.precision or ["fp16", "tf32", "float32"]
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {'plain' if options.plain else 'fused'}")
    print(f"{'ms a clip':20s}", *(f"{p:>9s}" for p in precisions))
    total = dict.fromkeys(precisions, 0.0)
    if options.plain:
        mock.patch("avmeter.nets.fused.availability.is_available", return_value=False).start()
    for case in CASES:
        if options.only and case.name not in options.only:
            continue
        row = {p: measure(case, p, options.scale) for p in precisions}
        total = {p: total[p] + row[p] for p in precisions}
        print(f"{case.name:20s}", *(f"{v:9.3f}" for v in row.values()), flush=True)
    print(f"{'sum':20s}", *(f"{v:9.3f}" for v in total.values()))


if __name__ == "__main__":
    sys.exit(main())
