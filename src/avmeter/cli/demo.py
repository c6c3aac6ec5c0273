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
from avmeter.features.base import get_extractor
from avmeter.metrics.resolve import resolve_metrics
from avmeter.stress.variants import SEED_VARIANTS
from avmeter.weights import WeightsSource

_OPTIONS = {
    name: {"backbone": "yamnet"} for name in ("audio.kl_divergence", "audio.frechet_distance", "audio.kernel_distance")
}
_LEFT_OUT = ("audio.frechet_distance_infinity", "audio.inception_score", "audio.prdc", "audio.text_audio_retrieval")


def demo_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder to write.")] = Path("demo-run"),
) -> None:
    """Render clips, damage them in known ways, score all, print the table and write a report.

    Runs without internet: only metrics whose weights are on this machine. Example: avmeter demo
    """
    started = time.monotonic()
    samples = render_clips(out / "originals")
    source = WeightsSource.parse("auto")
    metrics = resolve_metrics(["all"], options=_OPTIONS)
    ready = [
        name
        for name, metric in metrics.items()
        if name not in _LEFT_OUT
        and all(
            source.available(entry)
            for need in metric.needs
            for entry in get_extractor(need.extractor, **need.options).weights()
        )
    ]
    options = {name: option for name, option in _OPTIONS.items() if name in ready}
    evaluator = Evaluator(ready, options=options, store=out / "store")
    stress(samples, evaluator, out, variants=SEED_VARIANTS, title="avmeter demo")
    Console(stderr=True, highlight=False).print(f"done in {time.monotonic() - started:.0f} s")
