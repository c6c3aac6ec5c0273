"""`avmeter score`: the main job."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from avmeter.cli.options import parse_options
from avmeter.engine.local import Progress as OnProgress
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.manifest import attach_prompts, samples_from_inputs
from avmeter.metrics.base import Metric
from avmeter.report import print_run, write_report
from avmeter.run import EvalResults
from avmeter.sample import Sample, as_samples

EXIT_SKIPPED, EXIT_NOTHING = 1, 3


def score(
    inputs: Annotated[
        list[Path], typer.Argument(help="Clips, folders of clips, or one manifest (csv, jsonl, parquet).")
    ],
    reference: Annotated[
        Path | None, typer.Option(help="Real clip, or folder paired by relative path without extension.")
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help="Table of id or file, text_prompt, reference_text.")] = None,
    text_prompt: Annotated[str | None, typer.Option(help="Text the clips were made from.")] = None,
    reference_text: Annotated[str | None, typer.Option(help="Words that should be heard.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of the speech, e.g. en.")] = None,
    metrics: Annotated[str, typer.Option("--metrics", "-m", help="Names and groups, comma-separated.")] = "all",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run folder to write.")] = None,
    protocol: Annotated[str, typer.Option(help="fastvideo or av-benchmark.")] = "fastvideo",
    option: Annotated[
        list[str] | None, typer.Option("--set", help="Option of a metric: audio.wer.model_name=small")
    ] = None,
    weights: Annotated[str, typer.Option(help="auto, dummy, or a folder.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0 ...")] = "auto",
    precision: Annotated[str, typer.Option(help="float32, tf32, bf16 or fp16.")] = "float32",
    store: Annotated[
        Path | None, typer.Option(help="Folder of the feature store; default is the cache folder.")
    ] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep no features.")] = False,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Windows per batch.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Decoding threads.")] = None,
    reference_features: Annotated[
        Path | None, typer.Option(help="Features or statistics of the reference set (.pt, .npy, .npz).")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when anything was skipped.")] = False,
) -> None:
    """Score clips, and write a run folder with tables and a report.

    Examples:

        avmeter score gen/ --reference ref/ --prompts prompts.csv --out run/

        avmeter score clip.mp4 --text-prompt "a dog barks" --reference-text "Sit!"

        avmeter score set.csv --metrics audio.wer,audio.dnsmos --set audio.wer.model_name=small
    """
    samples: list[dict[str, Any]] = samples_from_inputs(inputs, reference=reference)
    if prompts is not None:
        samples = attach_prompts(samples, prompts)
    common = {"text_prompt": text_prompt, "reference_text": reference_text, "language": language}
    stated = {k: v for k, v in common.items() if v is not None}
    items = as_samples([{**stated, **sample} for sample in samples])
    options = parse_options(option or [])
    if reference_features is not None:
        options.setdefault("audio.frechet_distance", {})["reference_features"] = str(reference_features)
    evaluator = Evaluator(
        metrics,
        device,
        weights=weights,
        protocol=protocol,
        options=options,
        store=False if no_store else (store or True),
        precision=precision,
        batch_size=batch_size,
        loader_threads=threads,
    )
    results = run_evaluator(evaluator, items, named=metrics.split(","))
    finish_run(results, out=out, strict=strict)


def run_evaluator(evaluator: Evaluator, items: Sequence[Sample], *, named: Sequence[str] = ()) -> EvalResults:
    """Run all metrics for which some sample has the inputs; name the others once."""
    left_out = {n: r for n, m in evaluator.metrics.items() if (r := _absent_inputs(m, items)) and n not in named}
    chosen = [n for n in evaluator.metric_names if n not in left_out]
    console = Console(stderr=True, highlight=False)
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        console.print(f"not run, no sample has {reason}: {', '.join(names)}", markup=False)
    if not chosen:
        raise UsageError("no metric has the inputs it needs", hint="see `avmeter list` for what each metric needs")
    with _progress(len(items)) as on_progress:
        return evaluator.evaluate(samples=items, metrics=chosen, progress=on_progress)


def _absent_inputs(metric: Metric, items: Sequence[Sample]) -> str | None:
    """What no sample has, or None when some sample has all the metric reads."""
    absent: set[str] = set()
    for sample in items:
        fields = {f for need in metric.needs if not need.optional for f in need.fields}
        lacking = sorted(f for f in fields if not sample.has(f))
        if not lacking and sample.role == "generated" and (skip := metric.check(sample)) is not None:
            lacking = [skip.hint.partition("`")[2].partition("=")[0] or str(skip.code)]
        if not lacking:
            return None
        absent.update(lacking)
    return " and ".join(f"`{a}`" for a in sorted(absent))


@contextmanager
def _progress(total: int) -> Iterator[OnProgress | None]:
    """A bar with rate and remaining time on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("scoring"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scoring", total=total, rate="")

        def update(done: int, total: int) -> None:
            elapsed = bar.tasks[task].elapsed or 0.0
            rate = f"{done / elapsed:.1f} clips/s" if elapsed else ""
            bar.update(task, completed=done, total=total, rate=rate)

        yield update


def finish_run(results: EvalResults, *, out: Path | None, strict: bool, **report: Any) -> None:
    """Print the table, write the run folder, and end with the exit code that the results deserve."""
    print_run(results)
    if out is not None:
        results.write(out)
        page = write_report(results, out, **report)
        Console(stderr=True, highlight=False).print(f"written: {out} (open {page})", markup=False, soft_wrap=True)
    everything = [r for row in results for r in row.values()] + list(results.corpus.values())
    if not any(r.score is not None for r in everything):
        raise typer.Exit(EXIT_NOTHING)
    if strict and any(r.skip is not None for r in everything):
        raise typer.Exit(EXIT_SKIPPED)
