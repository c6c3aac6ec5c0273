"""`avmeter stress`: does a metric react to what it claims to measure?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from avmeter.cli.options import parse_options
from avmeter.cli.score import EXIT_NOTHING
from avmeter.demo.scenes import render_melody
from avmeter.evaluator import Evaluator
from avmeter.manifest import samples_from_inputs
from avmeter.report import Curve, Section, curves, data_table, heat_map, write_report
from avmeter.stress.suite import Cell, StressResult, run_stress
from avmeter.stress.variants import SEED_VARIANTS, variant_names, variants_of


def stress_command(
    clips: Annotated[list[Path], typer.Argument(help="Clips, folders or a manifest.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder to write.")],
    metrics: Annotated[str, typer.Option("--metrics", "-m", help="Names and groups, comma-separated.")] = "all",
    variants: Annotated[
        str, typer.Option(help="Names, comma-separated; `seed` (nine), `all`, or single ones.")
    ] = "seed",
    ladder: Annotated[bool, typer.Option("--ladder", help="All doses of each damage.")] = False,
    reference_text: Annotated[str | None, typer.Option(help="Words that are said in the clips.")] = None,
    text_prompt: Annotated[str | None, typer.Option(help="Text the clips were made from.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--set", help="Option of a metric: audio.wer.model_name=small")
    ] = None,
    weights: Annotated[str, typer.Option(help="auto, dummy, or a folder.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0 ...")] = "auto",
    seed: Annotated[int, typer.Option(help="Of all random damage.")] = 0,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep no features.")] = False,
) -> None:
    """Damage clips in known ways, score the variants, and judge each metric by what it should do.

    Example: avmeter stress clip.mp4 --metrics audio,av --reference-text "What is said." --out stress/
    """
    chosen = {"seed": list(SEED_VARIANTS), "all": variant_names()}.get(variants) or [
        v.strip() for v in variants.split(",")
    ]
    texts = {k: v for k, v in (("reference_text", reference_text), ("text_prompt", text_prompt)) if v is not None}
    samples = [{**texts, **s} for s in samples_from_inputs(clips)]
    evaluator = Evaluator(metrics, device, weights=weights, options=parse_options(option or []), store=not no_store)
    out.mkdir(parents=True, exist_ok=True)
    result = stress(samples, evaluator, out, variants=chosen, ladder=ladder, seed=seed)
    if not any(c.score is not None for c in result.cells.values()):
        raise typer.Exit(EXIT_NOTHING)


def stress(
    samples: Sequence[dict[str, Any]],
    evaluator: Evaluator,
    out: Path,
    *,
    variants: Sequence[str],
    ladder: bool = False,
    seed: int = 0,
    title: str = "avmeter stress",
) -> StressResult:
    """Run the suite, print its table, and write the run folder with table, verdicts and page."""
    console = Console(stderr=True, highlight=False)
    result = run_stress(
        samples,
        evaluator,
        out,
        variants=variants_of(variants, ladder=ladder),
        unrelated=render_melody(out / "clips"),
        seed=seed,
        progress=lambda label: console.print(f"scoring: {label}", markup=False),
    )
    _print_table(result)
    _print_verdicts(result)
    result.results.write(out)
    _write_json(out / "stress.json", result)
    page = write_report(result.results, out, sections=_sections(result), title=title)
    console.print(f"written: {out} (open {page})", markup=False, soft_wrap=True)
    return result


def _text(cell: Cell) -> str:
    if cell.score is None:
        return str(cell.skip.code) if cell.skip else "-"
    part = (
        ""
        if len(cell.scores) in (cell.num_clips, 0) or "corpus" in cell.scores
        else f" ({len(cell.scores)}/{cell.num_clips})"
    )
    return f"{cell.score:.3g}{part}{' [dummy]' if cell.dummy else ''}"


def _short(name: str) -> str:
    return name.partition(".")[2]


def _print_table(result: StressResult) -> None:
    console = Console(highlight=False, width=max(120, Console().width))
    table = Table(header_style="bold")
    table.add_column("variant", no_wrap=True)
    for name, direction in result.metrics.items():
        arrow = {"higher": "↑", "lower": "↓"}.get(direction, "")
        table.add_column(f"{_short(name)} {arrow}", justify="right", overflow="fold")
    for variant in result.variants:
        table.add_row(variant.label, *(_text(result.cells[variant.label, n]) for n in result.metrics))
    console.print(table)


def _print_verdicts(result: StressResult) -> None:
    tested = [v for v in result.verdicts if v.kept is not None]
    console = Console(highlight=False)
    for verdict in tested:
        promise = verdict.expectation
        mark = "[green]kept[/]  " if verdict.kept else "[red]broken[/]"
        console.print(
            f"{mark} {promise.metric} {promise.kind} under {promise.variant}: {verdict.measured}", soft_wrap=True
        )
    untested = len(result.verdicts) - len(tested)
    console.print(f"{sum(bool(v.kept) for v in tested)} of {len(tested)} promises kept, {untested} not tested here")


def _sections(result: StressResult) -> list[Section]:
    labels = [v.label for v in result.variants]
    header = ["variant", *(_short(n) for n in result.metrics), "what was done"]
    rows = [[v.label, *(_text(result.cells[v.label, n]) for n in result.metrics), v.note] for v in result.variants]
    sections = [Section(title="Variants and metrics", body=data_table(header, rows))]
    sections.append(
        Section(
            title="Reaction",
            lead="Change against the original clip, in standard deviations over the variants; positive is worse.",
            body=heat_map(labels, [_short(n) for n in result.metrics], _reactions(result)),
        )
    )
    ladders = [_curve(result, name) for name in dict.fromkeys(v.name for v in result.variants)]
    drawn = [c for c in ladders if c]
    if drawn:
        sections.append(Section(title="Dose and response", body=Markup("").join(drawn)))
    verdicts = [
        [v.expectation.metric, v.expectation.variant, v.expectation.kind,
         {True: "kept", False: "broken", None: "not tested"}[v.kept], v.measured, v.expectation.reason]
        for v in result.verdicts
    ]  # fmt: skip
    sections.append(
        Section(
            title="Verdicts",
            body=data_table(["metric", "damage", "expected", "verdict", "measured", "because"], verdicts),
        )
    )
    return sections


def _reactions(result: StressResult) -> list[list[float | None]]:
    columns: list[list[float | None]] = []
    for name, direction in result.metrics.items():
        scores = [result.cells[v.label, name].score for v in result.variants]
        known = [s for s in scores if s is not None]
        original = result.cells.get(("original", name))
        spread = (sum((s - sum(known) / len(known)) ** 2 for s in known) / len(known)) ** 0.5 if known else 0.0
        if original is None or original.score is None or not spread:
            columns.append([None] * len(scores))
            continue
        sign = -1.0 if direction == "higher" else 1.0
        base = original.score
        columns.append([None if s is None else sign * (s - base) / spread for s in scores])
    return [list(row) for row in zip(*columns, strict=True)]


def _curve(result: StressResult, damage: str) -> Markup | None:
    ladder = [v for v in result.variants if v.name == damage and v.dose is not None]
    if len(ladder) < 3:
        return None
    lines = []
    for name in result.metrics:
        scores = [result.cells[v.label, name].score for v in ladder]
        if None not in scores:
            lines.append(Curve(name=_short(name), x=[v.dose or 0.0 for v in ladder], y=scores))
    unit = ladder[0].label.rpartition(" ")[2]
    return curves(lines, title=damage, x_label=f"{damage} ({unit})") if lines else None


def _write_json(path: Path, result: StressResult) -> None:
    content = {
        "cells": [
            {
                "variant": v.label, "note": v.note, "metric": n, "score": c.score, "scores": dict(c.scores),
                "skip": str(c.skip.code) if c.skip else None, "reason": c.skip.reason if c.skip else None,
                "dummy": c.dummy,
            }
            for v in result.variants for n in result.metrics for c in [result.cells[v.label, n]]
        ],
        "verdicts": [
            {
                "metric": v.expectation.metric, "variant": v.expectation.variant, "kind": v.expectation.kind,
                "kept": v.kept, "measured": v.measured, "reason": v.expectation.reason,
            }
            for v in result.verdicts
        ],
    }  # fmt: skip
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
    temporary.replace(path)
