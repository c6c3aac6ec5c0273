"""`avmeter demo`: clips made on the spot, damaged, scored with everything that has weights here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from avmeter.cli.stress import stress
from avmeter.demo.scenes import render_clips
from avmeter.evaluator import Evaluator
from avmeter.metrics.base import CorpusMetric
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.resolve import resolve_metrics
from avmeter.stress.fallbacks import with_fallbacks
from avmeter.stress.variants import SEED_VARIANTS
from avmeter.weights import WeightsSource


def demo_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder to write.")] = Path("demo-run"),
) -> None:
    """Render clips, damage them in known ways, score all, print the table and write a report.

    Runs without internet: only metrics whose weights are on this machine. Example: avmeter demo
    """
    started = time.monotonic()
    console = Console(stderr=True, highlight=False)
    samples = render_clips(out / "originals")
    source = WeightsSource.parse("auto")
    options, changed = with_fallbacks("all", {}, source)
    metrics = resolve_metrics("all", options=options)
    without = {n for n, m in metrics.items() if requirements_of(m).missing_checkpoints(source)}
    many = {n for n, m in metrics.items() if isinstance(m, CorpusMetric) and m.min_samples > len(samples)}
    ready = [n for n in metrics if n not in without and n not in many]
    evaluator = Evaluator(ready, options={n: options[n] for n in ready if n in options}, store=out / "store")
    try:
        stress(samples, evaluator, out, variants=SEED_VARIANTS, title="avmeter demo",
               fallbacks=[n for n in changed if n in ready])  # fmt: skip
    finally:
        evaluator.shutdown()
    if without:
        console.print(f"not run, weights are not on this machine: {', '.join(sorted(without))}", markup=False)
    listed = ", ".join(sorted(many - without))
    console.print(f"not run, they need more than {len(samples)} clips: {listed}", markup=False)
    console.print(f"done in {time.monotonic() - started:.0f} s")
