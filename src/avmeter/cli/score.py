"""`avmeter score`: the main job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from avmeter.cli.messages import named, say
from avmeter.cli.options import add_reference_features, parse_options
from avmeter.cli.progress import progress_bar
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.manifest import SampleList, attach_prompts, samples_from_inputs
from avmeter.metrics.base import Metric
from avmeter.report import print_run, write_report
from avmeter.run import EvalResults, prepare_run
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
    gpus: Annotated[int, typer.Option(min=1, help="How many GPUs of this machine to use.")] = 1,
    precision: Annotated[str, typer.Option(help="float32, tf32, bf16 or fp16.")] = "float32",
    store: Annotated[
        Path | None, typer.Option(help="Folder of the feature store; default is the cache folder.")
    ] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep no features.")] = False,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Windows per batch.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Decoding threads.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=0, help="Decoding processes in place of threads; 0 for none.")
    ] = None,
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
    samples: list[dict[str, Any]] = _read_inputs(inputs, reference)
    if out is not None:
        _refuse_input_folder(out, [*inputs, *([reference] if reference is not None else [])])
        prepare_run(out)
    if prompts is not None:
        samples = attach_prompts(samples, prompts)
    common = {"text_prompt": text_prompt, "reference_text": reference_text, "language": language}
    stated = {k: v for k, v in common.items() if v is not None}
    items = as_samples([{**stated, **sample} for sample in samples])
    options = parse_options(option or [])
    if reference_features is not None:
        add_reference_features(options, reference_features, metrics, protocol)
    evaluator = Evaluator(
        metrics,
        device,
        gpus,
        weights=weights,
        protocol=protocol,
        options=options,
        store=False if no_store else (store or True),
        precision=precision,
        batch_size=batch_size,
        loader_threads=threads,
        loader_processes=processes,
    )
    results = run_evaluator(evaluator, items, stated=[m.strip() for m in metrics.split(",")])
    finish_run(results, out=out, strict=strict)


def _read_inputs(inputs: Sequence[Path], reference: Path | None) -> SampleList:
    samples = samples_from_inputs(inputs, reference=reference)
    ignored = samples.pairing.ignored
    if ignored:
        say(f"ignored, not media: {named(ignored)}")
    return samples


def _refuse_input_folder(out: Path, inputs: Sequence[Path]) -> None:
    for folder in inputs:
        if folder.is_dir() and folder.resolve() == out.resolve():
            raise UsageError(
                f"--out {out} is the folder of the clips, and nothing is written there", hint=f"--out {out / 'run'}"
            )


def run_evaluator(evaluator: Evaluator, items: Sequence[Sample], *, stated: Sequence[str] = ()) -> EvalResults:
    """Run all metrics for which some sample has the inputs; name the others once."""
    if not evaluator.metric_names:
        raise UsageError("no metric was chosen", hint="`avmeter list` shows names and groups")
    left_out = {n: r for n, m in evaluator.metrics.items() if (r := _absent_inputs(m, items)) and n not in stated}
    chosen = [n for n in evaluator.metric_names if n not in left_out]
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        say(f"not run, no sample has {reason}: {', '.join(names)}")
    if not chosen:
        raise UsageError("no metric has the inputs it needs", hint="see `avmeter list` for what each metric needs")
    with progress_bar(len(items), "scoring") as on_progress:
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


def finish_run(results: EvalResults, *, out: Path | None, strict: bool, **report: Any) -> None:
    """Print the table, write the run folder, and end with the exit code that the results deserve."""
    print_run(results)
    if out is not None:
        results.write(out)
        report["notes"] = [*results.provenance.get("notes", ()), *report.get("notes", ())]
        page = write_report(results, out, **report)
        say(f"written: {out} (open {page})")
    everything = [r for row in results for r in row.values()] + list(results.corpus.values())
    if not any(r.score is not None for r in everything):
        raise typer.Exit(EXIT_NOTHING)
    if strict and any(r.skip is not None for r in everything):
        raise typer.Exit(EXIT_SKIPPED)
