"""`avmeter score`: the main job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from avmeter.cli.exit_codes import EXIT_NOTHING, EXIT_SKIPPED
from avmeter.cli.formats import print_fastvideo, require_format
from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.journal import journal_of
from avmeter.cli.messages import join_names, say, warn
from avmeter.cli.options import parse_limits, parse_options, parse_remote
from avmeter.cli.presets import choose, with_videos
from avmeter.cli.progress import progress_bar
from avmeter.cli.remote_runs import local_output
from avmeter.cli.shards import ShardJob, find_shard, refuse_other_shard, run_shard
from avmeter.errors import UsageError
from avmeter.files import is_folder

if TYPE_CHECKING:
    from avmeter.evaluator import Evaluator
    from avmeter.manifest import SampleList
    from avmeter.run import EvalResults
    from avmeter.sample import Sample


def score_command(
    context: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(help="Clips, folders, tar shards, or one manifest (csv, jsonl, parquet); paths or URLs."),
    ],
    reference: Annotated[
        str | None, typer.Option(help="Real clip, or folder paired by relative path without extension.")
    ] = None,
    prompts: Annotated[
        str | None, typer.Option(help="Table of names of clips, in any column, and text_prompt, reference_text.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="What a column means: --column id=video_id --column text_prompt=label"),
    ] = None,
    pairing: Annotated[str, typer.Option(help="auto, path or order.")] = "auto",
    paired: Annotated[bool, typer.Option("--paired", help="Leave out what has no partner on the other side.")] = False,
    text_prompt: Annotated[str | None, typer.Option(help="Text the clips were made from.")] = None,
    reference_text: Annotated[str | None, typer.Option(help="Words that should be spoken.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of the speech, e.g. en.")] = None,
    audio_stream: Annotated[
        int | None,
        typer.Option(min=0, help="Audio track of the clips to score, 0 the first. Default: the file's."),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metrics", "-m", help="Names and groups, comma-separated or one by one. Default: all."),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Metrics and settings of a published table; `avmeter list --presets` has them.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Run folder to write; a path, or a URL such as s3://bucket/run.")
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(help="Score one part of the set, for `merge`: 2/8, or auto in a Slurm array or under torchrun."),
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="Column to break down every metric by, e.g. language.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Clips that share a value count together; id for none. Default: text_prompt.")
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="fastvideo or av-benchmark.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--set", help="Option of a metric: audio.wer.model_name=small")
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", help="What a clip may unfold to: max_duration_s=36000")
    ] = None,
    remote: Annotated[
        list[str] | None, typer.Option(help="How URLs are fetched: max_file_bytes=2000000000 attempts=8 timeout_s=60")
    ] = None,
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Fetch web addresses of this machine and network, too.")
    ] = False,
    weights: Annotated[str, typer.Option(help="auto, dummy, or a folder.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0 ...")] = "auto",
    gpus: Annotated[int, typer.Option(min=1, help="How many GPUs of this machine to use.")] = 1,
    ray: Annotated[
        str | None,
        typer.Option(help="Use a Ray cluster: auto (also where no value follows), local, or host:port of its head."),
    ] = None,
    precision: Annotated[str, typer.Option(help="float32, tf32, bf16 or fp16.")] = "float32",
    store: Annotated[
        Path | None, typer.Option(help="Folder of the feature store; default is the cache folder.")
    ] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep no features.")] = False,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Windows per batch.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Decoding threads.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=0, help="Decoding processes in place of threads; 0: all in one process.")
    ] = None,
    decode_timeout: Annotated[
        float, typer.Option(help="Seconds without any result after which a file is given up; long ones get more.")
    ] = 300.0,
    reference_features: Annotated[
        Path | None, typer.Option(help="Features or statistics of the reference set (.pt, .npy, .npz).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse doubtful input, and exit with 1 when anything was skipped.")
    ] = False,
    output_format: Annotated[
        str, typer.Option("--format", help="What is printed: tables, or the JSON of fastvideo.")
    ] = "tables",
) -> None:
    """Score clips, and write a run folder with tables and a report.

    Examples:

        avmeter score gen/ --reference ref/ --prompts prompts.csv --out run/

        avmeter score clip.mp4 --text-prompt "a dog barks" --reference-text "Sit!"

        avmeter score gen/ --reference ref/ --preset v2a --out run/

        avmeter score set.csv --metrics audio.wer,audio.dnsmos --set audio.wer.model_name=small

        avmeter score gen/ --prompts audiocaps.csv --column id=youtube_id --column text_prompt=caption

        avmeter score gen/ --prompts lines.txt --pairing order

        avmeter score set.csv --shard auto --out run/{shard}

        avmeter score s3://bucket/set/ 'shards/{000..003}.tar' -m audio.loudness
    """
    from avmeter.evaluator import Evaluator
    from avmeter.manifest import parse_columns, parse_pairing, samples_from_inputs, with_texts
    from avmeter.metrics.selection import with_reference_features
    from avmeter.run import Grouping, claim_run, prepare_run
    from avmeter.sample import as_samples

    require_format(output_format)
    part, out = find_shard(shard, out)
    chosen = choose(metrics, preset=preset, protocol=protocol, options=parse_options(option or []))
    access = parse_remote(remote or [], allow_private_hosts=allow_private_hosts)
    samples = samples_from_inputs(
        inputs,
        reference=reference,
        prompts=prompts,
        columns=parse_columns(column or []),
        pairing=parse_pairing(pairing),
        paired=paired,
        strict=strict,
        remote=access,
    )
    if samples.pairing.ignored:
        say(f"ignored, not media: {join_names(samples.pairing.ignored)}")
    if out is not None:
        out = local_output(context, out, access)
        _refuse_input_folder(out, [*inputs, *([reference] if reference is not None else [])])
        prepare_run(out, breakdown=bool(by))
        refuse_other_shard(out, part)
        context.with_resource(claim_run(out))
    samples = with_texts(
        with_videos(samples, chosen.preset),
        text_prompt=text_prompt,
        reference_text=reference_text,
        language=language,
        audio_stream=audio_stream,
    )
    grouping = Grouping(cluster=cluster, by=tuple(by or ()))
    grouping.check(as_samples(samples))
    options = chosen.options
    if reference_features is not None:
        options, refusals = with_reference_features(
            options, reference_features, metrics=",".join(chosen.metrics), protocol=chosen.protocol
        )
        for name, refusal in refusals.items():
            warn(f"{name} does without --reference-features: {refusal.message}")
    evaluator = Evaluator(
        chosen.metrics,
        device,
        gpus,
        weights=weights,
        protocol=chosen.protocol,
        options=options,
        skip_missing_deps=chosen.preset is not None,
        store=False if no_store else (store or True),
        precision=precision,
        batch_size=batch_size,
        loader_threads=threads,
        loader_processes=processes,
        decode_timeout_s=decode_timeout,
        limits=parse_limits(limit or []),
        remote=access,
        executor="local" if ray is None else "ray",
        ray_address=ray or "auto",
    )
    interrupts: Interrupts = context.obj
    interrupts.has_store = not no_store
    if part is not None and out is not None:
        items = as_samples(samples, access=access)
        names = _select(evaluator, items, samples, explicit=chosen.explicit)
        origin: dict[str, Any] = {"understood": samples.pairing.lines()}
        if chosen.preset is not None:
            origin["preset"] = chosen.preset.name
        groups = bool(grouping.by) and not no_store
        job = ShardJob(shard=part, out=out, metrics=names, grouping=grouping, with_groups=groups, origin=origin)
        raise typer.Exit(run_shard(evaluator, items, job, interrupts, strict=strict))
    with interrupts.deferred():
        results = _evaluate(evaluator, samples, out, interrupts, explicit=chosen.explicit)
        if chosen.preset is not None:
            results.provenance = {**results.provenance, "preset": chosen.preset.name}
        if grouping != Grouping():
            results.group(cluster=cluster, by=grouping.by)
        if grouping.by and not no_store and not interrupts.is_requested:
            evaluator.evaluate_groups(results, should_stop=interrupts.should_stop)
        with interrupts.saving():
            _write_and_show(results, out, output_format)
        if interrupts.is_requested:
            raise Interrupted
        evaluator.shutdown()
    raise typer.Exit(exit_code(results, strict=strict))


def _refuse_input_folder(out: Path, inputs: Sequence[str]) -> None:
    for folder in map(Path, inputs):
        if is_folder(folder) and folder.resolve() == out.resolve():
            raise UsageError(
                f"--out {out} is the folder of the clips, and nothing is written there", hint=f"--out {out / 'run'}"
            )


def _evaluate(
    evaluator: Evaluator, samples: SampleList, out: Path | None, interrupts: Interrupts, *, explicit: Sequence[str]
) -> EvalResults:
    """Run the metrics for which some sample has the inputs; rows go to the disk as they come."""
    from avmeter.sample import as_samples

    chosen = _select(evaluator, as_samples(samples), samples, explicit=explicit)
    with (
        journal_of(out, len(samples), evaluator.describe(chosen)) as on_rows,
        progress_bar(len(samples), "scoring") as on_progress,
    ):
        return evaluator.evaluate(
            samples=samples,
            metrics=chosen,
            progress=on_progress,
            should_stop=interrupts.should_stop,
            on_rows=on_rows,
        )


def _select(
    evaluator: Evaluator, items: Sequence[Sample], samples: SampleList, *, explicit: Sequence[str]
) -> Sequence[str]:
    """Return the metrics for which some sample has the inputs; name the others once, and say what was understood."""
    from avmeter.metrics.selection import select_metrics

    selection = select_metrics(evaluator.metrics, items, explicit=explicit)
    for fields, names in selection.by_fields().items():
        say(f"not run, no sample has {' and '.join(f'`{f}`' for f in fields)}: {', '.join(names)}")
    if not selection.chosen:
        raise UsageError("no metric has the inputs it needs", hint="see `avmeter list` for what each metric needs")
    if samples.pairing.has_more_than_a_clip:
        say("\n".join(samples.pairing.lines()))
    return selection.chosen


def _write_and_show(results: EvalResults, out: Path | None, output_format: str) -> None:
    """Write the run folder, then print: what ends the printing costs no results, and a full disk no table."""
    from avmeter.report import print_run, write_report
    from avmeter.run.folder import remove_unfinished

    if results.provenance.get("partial"):
        if out is not None and results.provenance["num_finished"]:
            _write_partial(results, out)
        elif out is not None:
            remove_unfinished(out)
        return
    try:
        if out is not None:
            results.write(out)
            page = write_report(results, out)
            say(f"written: {out} (open {page})")
    finally:
        if output_format == "fastvideo":
            print_fastvideo(results)
        else:
            print_run(results)


def _write_partial(results: EvalResults, out: Path) -> None:
    from avmeter.report import write_report

    results.write(out)
    page = write_report(results, out)
    finished = f"{results.provenance['num_finished']} of {len(results)} samples"
    say(f"written: {out} with {finished} (open {page})")


def exit_code(results: EvalResults, *, strict: bool) -> int:
    """Return 3 if nothing was scored, 1 if with `strict` something was skipped, else 0."""
    everything = [r for row in results for r in row.values()] + list(results.corpus.values())
    if not any(r.score is not None for r in everything):
        return EXIT_NOTHING
    return EXIT_SKIPPED if strict and any(r.skip is not None for r in everything) else 0
