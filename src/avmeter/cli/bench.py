"""`avmeter bench`: rates of metrics on this machine, where time goes, and what to change."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from avmeter.cli.messages import say
from avmeter.cli.options import parse_options

if TYPE_CHECKING:
    from avmeter.bench.rates import MetricRate


def bench_command(
    inputs: Annotated[
        list[Path] | None, typer.Argument(help="Clips, folders or a manifest; default is rendered clips.")
    ] = None,
    metrics: Annotated[str, typer.Option("--metrics", "-m", help="Names and groups, comma-separated.")] = "all",
    clips: Annotated[int, typer.Option(min=1, help="Clips of each run, at most.")] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0 ...")] = "auto",
    precision: Annotated[str, typer.Option(help="float32, tf32, fp16, bf16.")] = "float32",
    weights: Annotated[str, typer.Option(help="auto, dummy (speed is the same), or a folder.")] = "auto",
    processes: Annotated[int | None, typer.Option(min=0, help="Decoding processes.")] = None,
    decoder: Annotated[str, typer.Option(help="libav or nvdec.")] = "libav",
    threads: Annotated[int | None, typer.Option(min=1, help="Decoding threads.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Windows of a batch.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--set", help="Option of a metric: audio.wer.model_name=small")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure clips per second of each metric here, where the time goes, and say what to change.

    Metrics whose weights are not on this machine are left out, unless they are named; nothing is downloaded.

    Example: avmeter bench clips/ -m audio.wer,av.align
    """
    from avmeter.bench.clips import built_in_samples
    from avmeter.bench.rates import run_benchmark
    from avmeter.engine.config import EvaluatorConfig
    from avmeter.manifest import samples_from_inputs
    from avmeter.sample import as_samples
    from avmeter.stress.fallbacks import with_fallbacks

    options, _ = with_fallbacks(metrics, parse_options(option or []), _source(weights))
    config = EvaluatorConfig(
        device=device,
        precision=precision,
        weights=weights,
        options=options,
        loader_processes=processes,
        decoder=decoder,
        loader_threads=threads,
        batch_size=batch_size,
        skip_missing_deps=True,
    )
    with tempfile.TemporaryDirectory(prefix="avmeter-bench-") as folder:
        found: Any = samples_from_inputs(inputs) if inputs else built_in_samples(Path(folder), clips)
        samples = as_samples(found)[:clips]
        chosen = _runnable(config, metrics, samples, weights)
        benchmark = run_benchmark(samples, chosen, config, progress=lambda name: say(f"measuring: {name}"))
    _show(benchmark, as_json=as_json)


def _source(weights: str) -> Any:
    from avmeter.weights import WeightsSource

    return WeightsSource.parse(weights)


def _runnable(config: Any, selectors: str, samples: Sequence[Any], weights: str) -> dict[str, Any]:
    """Return the metrics that can be measured; say which are left out and why."""
    from avmeter.errors import UsageError
    from avmeter.metrics.requirements import requirements_of
    from avmeter.metrics.selection import select_metrics

    metrics = config.resolve_metrics(selectors)
    explicit = {name.strip() for name in selectors.split(",")}
    source = _source(weights)
    absent = [n for n, m in metrics.items() if n not in explicit and requirements_of(m).missing_checkpoints(source)]
    if absent:
        say(f"left out, weights are not on this machine: {', '.join(absent)}")
    present = {name: metric for name, metric in metrics.items() if name not in absent}
    selection = select_metrics(present, samples, explicit=explicit)
    for reason, names in selection.by_reason().items():
        say(f"left out, {reason}: {', '.join(names)}")
    if not selection.chosen:
        raise UsageError("no metric can be measured", hint="`--weights dummy` measures speed without any checkpoint")
    return {name: present[name] for name in selection.chosen}


def _show(benchmark: Any, *, as_json: bool) -> None:
    from avmeter.cli.tables import print_table
    from avmeter.report.format import printable_json

    if as_json:
        typer.echo(printable_json(benchmark.payload()))
        return
    machine = benchmark.machine
    typer.echo(
        f"{machine.device}, {machine.precision}; on the CPU {machine.num_lanes} batches at once, "
        f"threads of each: {machine.threads}"
    )
    heads = ("metric", "clips/s", "CPU s/clip", "decode", "prepare", "transfer", "forward", "wait", "note")
    print_table(heads, [_row(rate) for rate in benchmark.rates])
    typer.echo("decode to wait: milliseconds of a clip")
    for line in benchmark.advice:
        typer.echo(f"- {line}")


def _row(rate: MetricRate) -> tuple[str, ...]:
    stages = [f"{rate.stages[name]:.1f}" for name in ("decode", "prepare", "transfer", "forward")]
    speed = (f"{rate.clips_per_s:.2f}", f"{rate.cpu_s:.3f}")
    return rate.metric, *speed, *stages, f"{rate.wait:.1f}", f"no score: {rate.skipped}" if rate.skipped else ""
