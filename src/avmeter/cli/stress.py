"""`avmeter stress`: does a metric react to what it claims to measure?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avmeter.cli.exit_codes import EXIT_NOTHING
from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.json_output import show_json
from avmeter.cli.messages import say
from avmeter.cli.options import parse_limits, parse_options
from avmeter.errors import UsageError

if TYPE_CHECKING:
    from avmeter.stress.experiment import Experiment


def stress_command(
    context: typer.Context,
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
    prompts: Annotated[
        Path | None, typer.Option(help="Table of names of clips, in any column, and text_prompt, reference_text.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="What a column means: --column id=video_id --column text_prompt=label"),
    ] = None,
    pairing: Annotated[str, typer.Option(help="auto, path or order.")] = "auto",
    reference_text: Annotated[str | None, typer.Option(help="Words that are spoken in the clips.")] = None,
    text_prompt: Annotated[str | None, typer.Option(help="Text the clips were made from.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of the speech, e.g. en.")] = None,
    anchors: Annotated[
        bool, typer.Option("--anchors", help="Add floors and ceilings: noise, silence, shuffled pairs, the truth.")
    ] = False,
    option: Annotated[
        list[str] | None, typer.Option("--set", help="Option of a metric: audio.wer.model_name=small")
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", help="What a clip may unfold to: max_duration_s=36000")
    ] = None,
    weights: Annotated[str, typer.Option(help="auto, dummy, or a folder.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0 ...")] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of all random damage.")] = 0,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep no features.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Damage clips in known ways, score the variants, and judge each metric by what it should do.

    Example: avmeter stress clip.mp4 --metrics audio,av --reference-text "What is said." --out stress/
    """
    from avmeter.evaluator import Evaluator
    from avmeter.manifest import parse_columns, parse_pairing, samples_from_inputs, with_texts
    from avmeter.stress.experiment import parse_variants, run_experiment
    from avmeter.stress.fallbacks import with_fallbacks
    from avmeter.weights import WeightsSource

    chosen = parse_variants(variants, ladder=ladder)
    _refuse_folder_among_clips(out, clips)
    samples = with_texts(
        samples_from_inputs(
            clips, prompts=prompts, columns=parse_columns(column or []), pairing=parse_pairing(pairing)
        ),
        text_prompt=text_prompt,
        reference_text=reference_text,
        language=language,
    )
    options, changed = with_fallbacks(metrics, parse_options(option or []), WeightsSource.parse(weights))
    limits = parse_limits(limit or [])
    evaluator = Evaluator(metrics, device, weights=weights, options=options, store=not no_store, limits=limits)
    interrupts: Interrupts = context.obj
    interrupts.has_store = not no_store
    with interrupts.deferred():
        experiment = run_experiment(
            samples,
            evaluator,
            out,
            variants=chosen,
            unrelated=unrelated,
            anchors=anchors,
            seed=seed,
            fallbacks=changed,
            progress=lambda label: say(f"scoring: {label}"),
            should_stop=interrupts.should_stop,
        )
        with interrupts.saving():
            write_and_show(experiment, out, as_json=as_json)
        if interrupts.is_requested:
            raise Interrupted
        evaluator.shutdown()
    if not experiment.result.scored_metrics:
        raise typer.Exit(EXIT_NOTHING)


def write_and_show(
    experiment: Experiment,
    out: Path,
    *,
    title: str = "avmeter stress",
    as_json: bool = False,
) -> None:
    """Write the run folder, then print; of an experiment that was ended early write what is finished, if anything."""
    from avmeter.report.stress_page import print_experiment, write_experiment

    if experiment.is_partial:
        if experiment.result.variants:
            page = write_experiment(experiment, out, title=title)
            num_finished = len(experiment.result.variants)
            num_all = num_finished + len(experiment.result.unfinished)
            say(f"written: {out} with {num_finished} of {num_all} variants (open {page})")
        return
    if experiment.fallback_note:
        say(experiment.fallback_note)
    try:
        say(f"written: {out} (open {write_experiment(experiment, out, title=title)})")
    finally:
        if as_json:
            show_json(json.loads((out / "stress.json").read_text(encoding="utf-8")))
        else:
            print_experiment(experiment)


def _refuse_folder_among_clips(out: Path, inputs: Sequence[Path]) -> None:
    """Refuse to put variants into folders of clips: the next run over them would take the variants for clips.

    Raises:
        UsageError: `out` is an input folder, in one, or around one; or it is the folder of an input file.
    """
    place = out.resolve()
    for given in inputs:
        try:
            folder = (given if given.is_dir() else given.parent).resolve()
            is_inside = given.is_dir() and place.is_relative_to(folder)
        except OSError:  # no file: the clip will be a skip
            continue
        if is_inside or folder.is_relative_to(place):
            raise UsageError(
                f"--out {out} is or shares the folder of the clips {given}, among which no variants are written",
                hint="choose a folder beside them",
            )
