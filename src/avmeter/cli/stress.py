"""`avmeter stress`: does a metric react to what it claims to measure?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from avmeter.cli.exit_codes import EXIT_NOTHING
from avmeter.cli.options import parse_options
from avmeter.cli.stress_page import anchors_section, print_anchors, print_table, print_verdicts, sections
from avmeter.demo.scenes import render_siren
from avmeter.evaluator import Evaluator
from avmeter.manifest import samples_from_inputs
from avmeter.report import write_report
from avmeter.stress.anchors import AnchorsResult, run_anchors
from avmeter.stress.fallbacks import FALLBACK_BACKBONE, with_fallbacks
from avmeter.stress.suite import StressResult, run_stress
from avmeter.stress.variants import SEED_VARIANTS, variant_names, variants_of
from avmeter.weights import WeightsSource


def stress_command(
    clips: Annotated[list[Path], typer.Argument(help="Clips, folders or a manifest.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder to write.")],
    metrics: Annotated[str, typer.Option("--metrics", "-m", help="Names and groups, comma-separated.")] = "all",
    variants: Annotated[
        str, typer.Option(help="Names, comma-separated; `seed` (nine), `all`, or single ones.")
    ] = "seed",
    ladder: Annotated[bool, typer.Option("--ladder", help="All doses of each damage.")] = False,
    unrelated: Annotated[
        Path | None, typer.Option(help="Clip whose sound replaces that of the others; default is a siren.")
    ] = None,
    reference_text: Annotated[str | None, typer.Option(help="Words that are said in the clips.")] = None,
    text_prompt: Annotated[str | None, typer.Option(help="Text the clips were made from.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of the speech, e.g. en.")] = None,
    anchors: Annotated[
        bool, typer.Option("--anchors", help="Add floors and ceilings: noise, silence, shuffled pairs, the truth.")
    ] = False,
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
        v.strip() for v in variants.split(",") if v.strip()
    ]
    stated = {"reference_text": reference_text, "text_prompt": text_prompt, "language": language}
    texts = {k: v for k, v in stated.items() if v is not None}
    samples = [{**texts, **s} for s in samples_from_inputs(clips)]
    options, changed = with_fallbacks(metrics, parse_options(option or []), WeightsSource.parse(weights))
    evaluator = Evaluator(metrics, device, weights=weights, options=options, store=not no_store)
    try:
        result = stress(
            samples, evaluator, out, variants=chosen, ladder=ladder, seed=seed, unrelated=unrelated, anchors=anchors,
            fallbacks=changed,
        )  # fmt: skip
    finally:
        evaluator.shutdown()
    if not result.scored_metrics:
        raise typer.Exit(EXIT_NOTHING)


def stress(
    samples: Sequence[dict[str, Any]],
    evaluator: Evaluator,
    out: Path,
    *,
    variants: Sequence[str],
    ladder: bool = False,
    seed: int = 0,
    unrelated: Path | None = None,
    anchors: bool = False,
    fallbacks: Sequence[str] = (),
    title: str = "avmeter stress",
) -> StressResult:
    """Run the suite, print its table, and write the run folder with table, verdicts and page."""
    console = Console(stderr=True, highlight=False)
    chosen = variants_of(["original", *variants], ladder=ladder)
    result = run_stress(
        samples,
        evaluator,
        out,
        variants=chosen,
        unrelated=unrelated or render_siren(out / "clips"),
        seed=seed,
        progress=lambda label: console.print(f"scoring: {label}", markup=False),
    )
    notes = ["The summary is over all variants together: read the table of variants and metrics."]
    if fallbacks:
        named = ", ".join(fallbacks)
        notes.append(f"Weights of the published backbone are not on this machine: {named} with {FALLBACK_BACKBONE}.")
    print_table(result)
    for note in notes[1:]:
        console.print(note, markup=False)
    print_verdicts(result)
    parts = sections(result)
    found = None
    if anchors:
        found = run_anchors([_as_own_truth(s) for s in samples], evaluator, out, seed=seed)
        print_anchors(found)
        parts.append(anchors_section(found))
    result.results.write(out)
    _write_json(out / "stress.json", _content(result, found))
    page = write_report(result.results, out, sections=parts, title=title, notes=notes)
    console.print(f"written: {out} (open {page})", markup=False, soft_wrap=True)
    return result


def _as_own_truth(sample: dict[str, Any]) -> dict[str, Any]:
    """Where nothing else is the reference, a clip that is to be damaged is the truth."""
    if "reference" in sample or "reference_audio" in sample:
        return sample
    source = sample.get("video") or sample.get("video_path") or sample.get("audio")
    return {**sample, "reference_audio": source}


def _content(result: StressResult, anchors: AnchorsResult | None) -> dict[str, Any]:
    content: dict[str, Any] = {
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
    if anchors is not None:
        content["anchors"] = [
            {
                "anchor": anchor, "metric": name, "clips": anchors.given[name], "score": a.score, "gap": a.gap,
                "standard_errors": a.standard_errors, "num_scored": a.num_scored,
                "skip": str(a.skip.code) if a.skip else None, "dummy": a.dummy,
            }
            for (anchor, name), a in anchors.anchors.items()
        ]  # fmt: skip
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
    temporary.replace(path)
