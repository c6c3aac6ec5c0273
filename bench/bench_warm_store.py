"""Clips per second of a run whose features are all stored: the six network metrics, made-up features, no network.

    python bench/bench_warm_store.py --media FOLDER [--clips 1000] [--file-kb 64] [--runs 3]

The real clips are decoded and cut as ever; in place of a network's outputs there are random numbers of their shape.
What that gives is stored once for each made-up file, whose bytes nobody decodes. The first of the timed runs opens the
store; the others find it open, and files hashed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from gpu import METRICS
from torch import Tensor

from avmeter import create_evaluator, list_metrics
from avmeter.engine.compute.keys import Fingerprints, content_keys
from avmeter.engine.plan import make_plan
from avmeter.engine.store import SqliteStore
from avmeter.evaluator import Evaluator
from avmeter.features.base import WindowExtractor
from avmeter.features.network import NetworkExtractor
from avmeter.sample import as_samples


def _build_on_meta(self: NetworkExtractor, runtime: Any) -> Any:
    net, _ = self.architecture(runtime)
    return net.to("meta").eval()


def _launch_on_meta(self: WindowExtractor, batch: Mapping[str, Tensor], runtime: Any) -> Mapping[str, Tensor]:
    if self.name.startswith("clap"):  # what it does depends on the values of its input
        return {"embedding": torch.randn(len(next(iter(batch.values()))), 512)}
    outputs = self.forward({name: tensor.to("meta") for name, tensor in batch.items()})
    return {name: torch.randn(tensor.shape) for name, tensor in outputs.items()}


def evaluator_of(store: Path) -> Evaluator:
    metrics = [m for m in METRICS if m in list_metrics()]
    return create_evaluator(metrics, "cpu", weights="dummy", store=store, loader_threads=os.cpu_count())


def pairs(files: list[Path]) -> list[dict[str, str]]:
    """Each file with the next one's sound, and a prompt of its own."""
    return [
        {"video": str(f), "reference_audio": str(files[i - 1]), "text_prompt": f"people and things, number {i}"}
        for i, f in enumerate(files)
    ]


def fill_store(evaluator: Evaluator, media: list[Path], samples: list[dict[str, str]], store: Path) -> None:
    """Store for every sample what one of the real pairs has."""
    originals = pairs(media)
    with (
        mock.patch.object(NetworkExtractor, "build_network", _build_on_meta),
        mock.patch.object(WindowExtractor, "launch", _launch_on_meta),
    ):
        evaluator.evaluate(samples=originals)
    evaluator.shutdown()
    runtime = evaluator._computer.runtime
    database, fingerprints = SqliteStore(store), Fingerprints(runtime)

    def keys_of(sample: dict[str, str]) -> list[Any]:
        plan = make_plan(as_samples([sample]), evaluator.metrics, {})
        content = content_keys(plan.sources, num_threads=1)
        return [fingerprints.key(request, plan, content) for request in plan.requests]

    known = [keys_of(sample) for sample in originals]
    stored = [database.get(keys) for keys in known]
    for i, sample in enumerate(samples):
        source = i % len(media)
        for old, new in zip(known[source], keys_of(sample), strict=True):
            database.put(new, stored[source][old])
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--file-kb", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--half", action="store_true", help="runs over half of the clips as well, for the cost of one more"
    )
    parser.add_argument("--profile", action="store_true", help="profile the last run by function")
    options = parser.parse_args()
    media = sorted(p for p in options.media.iterdir() if p.suffix == ".mp4")
    with tempfile.TemporaryDirectory(prefix="avmeter-warm-") as name:
        folder = Path(name)
        files = [folder / f"{i:05d}.mp4" for i in range(options.clips)]
        for file in files:
            file.write_bytes(os.urandom(options.file_kb << 10))
        samples = pairs(files)
        fill_store(evaluator_of(folder / "store"), media, samples, folder / "store")
        size_mb = sum(f.stat().st_size for f in (folder / "store").iterdir()) / 1e6
        print(f"{len(samples)} pairs, store of {size_mb:.0f} MB, {os.cpu_count()} cores, torch {torch.__version__}")
        evaluator = evaluator_of(folder / "store")
        of_half = [True] * options.runs if options.half else []
        for run, is_half in enumerate([*of_half, *[False] * options.runs]):
            chosen = samples[: len(samples) // 2] if is_half else samples
            profiler = (
                _profiler() if options.profile and not is_half and run == len(of_half) + options.runs - 1 else None
            )
            began, spent = time.perf_counter(), time.process_time()
            results = evaluator.evaluate(samples=chosen)
            took, spent = time.perf_counter() - began, time.process_time() - spent
            if profiler is not None:
                profiler.disable()
                profiler.print_stats("tottime")
            skipped = sum(r.score is None for row in results for r in row.values())
            if evaluator._computer.counts.computed:
                raise SystemExit("features were computed that should have been stored")
            print(
                f"run {run}: {len(chosen) / took:.0f} clips/s, {len(chosen) / spent:.0f} a core second "
                f"({len(chosen)} clips, {took:.2f} s; {spent:.2f} core seconds; {skipped} skips)",
                flush=True,
            )
        evaluator.shutdown()


def _profiler() -> Any:
    import cProfile

    profiler = cProfile.Profile()
    profiler.enable()
    return profiler


if __name__ == "__main__":
    main()
