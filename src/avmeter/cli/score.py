"""`avmeter score`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.completion import complete_metrics, complete_presets
from avmeter.cli.config_file import add_to_file, resolved, use_config
from avmeter.cli.interrupts import Interrupts
from avmeter.cli.scoring.request import ScoreRequest

INPUTS, METRICS, OUTPUT, SPEED, LIMITS = "Inputs", "Metrics", "Output", "Speed", "Limits"
"""Panels of the help, in its order."""


def score_command(
    context: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(help="Clips, folders, tar shards, or one manifest (csv, jsonl, parquet); paths or URLs."),
    ],
    reference: Annotated[
        str | None,
        typer.Option(help="Real clip, or folder paired by relative path without extension.", rich_help_panel=INPUTS),
    ] = None,
    prompts: Annotated[
        str | None,
        typer.Option(
            help="Table of names of clips, in any column, and text_prompt, reference_text.", rich_help_panel=INPUTS
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="What a column means: --column id=video_id --column text_prompt=label",
            rich_help_panel=INPUTS,
        ),
    ] = None,
    pairing: Annotated[str, typer.Option(help="auto, path or order.", rich_help_panel=INPUTS)] = "auto",
    paired: Annotated[
        bool, typer.Option("--paired", help="Leave out what has no partner on the other side.", rich_help_panel=INPUTS)
    ] = False,
    text_prompt: Annotated[
        str | None, typer.Option(help="Text the clips were made from.", rich_help_panel=INPUTS)
    ] = None,
    reference_text: Annotated[
        str | None, typer.Option(help="Words that should be spoken.", rich_help_panel=INPUTS)
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of the speech, e.g. en.", rich_help_panel=INPUTS)
    ] = None,
    audio_stream: Annotated[
        int | None,
        typer.Option(
            min=0, help="Audio track of the clips to score, 0 the first. Default: the file's.", rich_help_panel=INPUTS
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metrics",
            "-m",
            help="Names and groups, comma-separated or one by one. Default: all.",
            autocompletion=complete_metrics,
            rich_help_panel=METRICS,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Metrics and settings of a published table; `avmeter list --presets` has them.",
            autocompletion=complete_presets,
            rich_help_panel=METRICS,
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="fastvideo or av-benchmark (av-benchmark@10s reads the first 10 s in place of 8).",
            rich_help_panel=METRICS,
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", help="Option of a metric: audio.wer.model_name=small", rich_help_panel=METRICS),
    ] = None,
    fetch: Annotated[
        bool,
        typer.Option("--fetch", help="Fetch what is missing, also above 1 GB.", rich_help_panel=METRICS),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Say what would run, what is missing and how long it takes; then end.",
            rich_help_panel=METRICS,
        ),
    ] = False,
    reference_features: Annotated[
        Path | None,
        typer.Option(help="Features or statistics of the reference set (.pt, .npy, .npz).", rich_help_panel=METRICS),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Run folder to write; a path, or a URL such as s3://bucket/run.", rich_help_panel=OUTPUT
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Column to break down every metric by, e.g. language.", rich_help_panel=OUTPUT),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Clips that share a value count together; id for none. Default: text_prompt.", rich_help_panel=OUTPUT
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            help="Score one part of the set, for `merge`: 2/8, or auto in a Slurm array or under torchrun.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            help="End with 5 where a score is so: 'audio.wer > 0.05'. Adds to those of --config.",
            callback=add_to_file,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON in place of tables.", rich_help_panel=OUTPUT)
    ] = False,
    thumbnails: Annotated[
        int,
        typer.Option(
            help="Clips on the page, worst first, whose frames and spectrograms are drawn; 0 for none.",
            min=0,
            rich_help_panel=OUTPUT,
        ),
    ] = 60,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Options out of a TOML file, or of an earlier run's run.json.",
            callback=use_config,
            is_eager=True,
            rich_help_panel=INPUTS,
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Refuse doubtful input, and exit with 1 when anything was skipped.", rich_help_panel=OUTPUT
        ),
    ] = False,
    output_format: Annotated[
        str, typer.Option("--format", help="What is printed: tables, or the JSON of fastvideo.", rich_help_panel=OUTPUT)
    ] = "tables",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0 ...", rich_help_panel=SPEED)] = "auto",
    gpus: Annotated[int, typer.Option(min=1, help="How many GPUs of this machine to use.", rich_help_panel=SPEED)] = 1,
    ray: Annotated[
        str | None,
        typer.Option(
            help="Use a Ray cluster: auto (also where no value follows), local, or host:port of its head.",
            rich_help_panel=SPEED,
        ),
    ] = None,
    precision: Annotated[str, typer.Option(help="float32, tf32, bf16 or fp16.", rich_help_panel=SPEED)] = "float32",
    batch_size: Annotated[int | None, typer.Option(min=1, help="Windows per batch.", rich_help_panel=SPEED)] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Decoding threads.", rich_help_panel=SPEED)] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=0, help="Decoding processes in place of threads; 0: all in one process.", rich_help_panel=SPEED
        ),
    ] = None,
    decoder: Annotated[
        str, typer.Option(help="libav, or nvdec: an NVIDIA card's, for decoding processes.", rich_help_panel=SPEED)
    ] = "libav",
    scoring_processes: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Processes that score what is stored; 0: this one. Default: as many as cores for large sets.",
            rich_help_panel=SPEED,
        ),
    ] = None,
    weights: Annotated[str, typer.Option(help="auto, dummy, or a folder.", rich_help_panel=SPEED)] = "auto",
    store: Annotated[
        Path | None,
        typer.Option(help="Folder of the feature store; default is the cache folder.", rich_help_panel=SPEED),
    ] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep no features.", rich_help_panel=SPEED)] = False,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", help="What a clip may unfold to: max_duration_s=36000", rich_help_panel=LIMITS),
    ] = None,
    remote: Annotated[
        list[str] | None,
        typer.Option(
            help="How URLs are fetched: max_file_bytes=2000000000 attempts=8 timeout_s=60", rich_help_panel=LIMITS
        ),
    ] = None,
    allow_private_hosts: Annotated[
        bool,
        typer.Option(
            "--allow-private-hosts",
            help="Fetch web addresses of this machine and network, too.",
            rich_help_panel=LIMITS,
        ),
    ] = False,
    decode_timeout: Annotated[
        float,
        typer.Option(
            help="Seconds without any result after which a file is given up; long ones get more.",
            rich_help_panel=LIMITS,
        ),
    ] = 300.0,
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

        avmeter score --config run.toml --fail-if 'audio.wer > 0.05' --json

        avmeter score s3://bucket/set/ 'shards/{000..003}.tar' -m audio.loudness
    """
    from avmeter.cli.scoring.prepare import prepare
    from avmeter.cli.scoring.run import run_job

    interrupts: Interrupts = context.obj
    request = ScoreRequest.parse(context.params, resolved(context))
    raise typer.Exit(run_job(prepare(context, request), request, interrupts))
