"""Clips per second of a run whose features are all stored: the six network metrics, made-up features, no network.

    python bench/bench_warm_store.py --media FOLDER [--clips 1000] [--file-kb 64] [--runs 3] [--workers N]
        [--before CHECKOUT]

The real clips are decoded and cut as ever; in place of a network's outputs there are random numbers of their shape.
What that gives is stored for each made-up file, whose bytes nobody decodes, with noise on its arrays: no two clips
have the same features. Every timed process scores twice: the first run opens the store, the second finds it open and
files hashed. With workers they start in the first run and stay for the second; core seconds are those of all
processes. Processes of this checkout and of the one before take turns; the last figure of a line is a hash of all
results.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from gpu import METRICS
from torch import Tensor

from avmeter import create_evaluator, list_metrics
from avmeter.engine.compute.keys import Fingerprints, content_keys
from avmeter.engine.plan import make_plan
from avmeter.engine.store import SqliteStore
from avmeter.evaluator import Evaluator
from avmeter.features.base import Features, WindowExtractor
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


def evaluator_of(store: Path, workers: int = 0) -> Evaluator:
    metrics = [m for m in METRICS if m in list_metrics()]
    options = {"weights": "dummy", "store": store, "loader_threads": os.cpu_count()}
    if workers:
        options["scoring_processes"] = workers
    return create_evaluator(metrics, "cpu", **options)


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
            database.put(new, _varied(stored[source][old], i))
    database.close()


def _varied(features: Features, seed: int) -> Features:
    noise = np.random.default_rng(seed)
    arrays = {
        name: array + noise.normal(0, array.std() or 1.0, array.shape).astype(array.dtype)
        if array.dtype.kind == "f"
        else array
        for name, array in features.arrays.items()
    }
    return Features(arrays=arrays, facts=features.facts, dummy=features.dummy)


def score(folder: Path, clips: int, workers: int, *, profile: bool) -> None:
    """Score the files of a folder twice, all features from its store, and print what that took."""
    samples = pairs(sorted(folder.glob("*.mp4")))[:clips]
    evaluator = evaluator_of(folder / "store", workers)
    for run in ("first", "again"):
        profiler = _profiler() if profile and run == "again" else None
        began, spent, own = time.perf_counter(), core_seconds(evaluator), time.process_time()
        results = evaluator.evaluate(samples=samples)
        took, spent = time.perf_counter() - began, core_seconds(evaluator) - spent
        own = time.process_time() - own
        if profiler is not None:
            profiler.disable()
            profiler.print_stats("tottime")
        skipped = sum(r.score is None for row in results for r in row.values())
        if evaluator._executor.counts.computed or evaluator._computer.counts.store_reads * bool(workers):
            raise SystemExit("features were computed that should have been stored")
        digest = hashlib.sha256(repr((list(results), results.corpus)).encode()).hexdigest()[:12]
        print(
            f"{run}: {len(samples) / took:.0f} clips/s, {len(samples) / spent:.0f} a core second ({len(samples)} "
            f"clips, {took:.2f} s; {spent:.2f} core seconds, {own:.2f} of them in the run's own process; "
            f"{skipped} skips) {digest}",
            flush=True,
        )
    evaluator.shutdown()


def core_seconds(evaluator: Evaluator) -> float:
    """Processor time of this process and of the workers that live."""
    scoring = getattr(evaluator._executor, "scoring", None)
    pids = [worker.pid for worker in scoring.workers if worker.pid is not None] if scoring is not None else []
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _profiler() -> Any:
    import cProfile

    profiler = cProfile.Profile()
    profiler.enable()
    return profiler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, help="real clips to make a store of")
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--file-kb", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0, help="processes that score; 0: the run's own")
    parser.add_argument("--before", type=Path, help="another checkout, whose runs take turns with those of this one")
    parser.add_argument(
        "--half", action="store_true", help="runs over half of the clips as well, for the cost of one more"
    )
    parser.add_argument(
        "--made", type=Path, help="score what lies in a folder that a run with --keep made; nothing else"
    )
    parser.add_argument("--keep", type=Path, help="make files and store here, and score nothing")
    parser.add_argument("--profile", action="store_true", help="profile the second run of a process by function")
    options = parser.parse_args()
    if options.made is not None:
        score(options.made, options.clips, options.workers, profile=options.profile)
        return
    with tempfile.TemporaryDirectory(prefix="avmeter-warm-") as name:
        folder = options.keep or Path(name)
        make(folder, sorted(p for p in options.media.iterdir() if p.suffix == ".mp4"), options.clips, options.file_kb)
        if options.keep is None:
            take_turns(folder, options)


def make(folder: Path, media: list[Path], clips: int, file_kb: int) -> None:
    """Make files, and a store that has all of their features."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{i:05d}.mp4" for i in range(clips)]
    for i, file in enumerate(files):
        file.write_bytes(os.urandom((file_kb << 10) + i))  # hardly two clips are of one size
    samples = pairs(files)
    fill_store(evaluator_of(folder / "store"), media, samples, folder / "store")
    size_mb = sum(f.stat().st_size for f in (folder / "store").iterdir()) / 1e6
    print(
        f"{len(samples)} pairs, store of {size_mb:.0f} MB, {os.cpu_count()} cores, torch {torch.__version__}",
        flush=True,
    )


def take_turns(folder: Path, options: argparse.Namespace) -> None:
    """Score in processes of their own, those of another checkout in turn."""
    checkouts = {"now": Path(__file__).parent.parent}
    if options.before is not None:
        checkouts = {"before": options.before, **checkouts}
    for clips in [options.clips // 2, options.clips] if options.half else [options.clips]:
        for _ in range(options.runs):
            for title, checkout in checkouts.items():
                print(title, end=" ", flush=True)
                command = [sys.executable, __file__, "--made", str(folder), "--clips", str(clips)]
                command += ["--profile"] if options.profile else []
                command += ["--workers", str(options.workers)] if options.workers and title == "now" else []
                path = os.pathsep.join([str(checkout / "src"), os.environ.get("PYTHONPATH", "")])
                subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True)


if __name__ == "__main__":
    main()
