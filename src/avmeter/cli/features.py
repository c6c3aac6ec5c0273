"""`avmeter features`: embeddings of a set, as a reference set or for use elsewhere; features of several stores."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.messages import say, show
from avmeter.cli.options import parse_limits, parse_remote
from avmeter.cli.progress import progress_bar
from avmeter.errors import UsageError
from avmeter.files import is_file

if TYPE_CHECKING:
    from avmeter.engine.feature_table import FeatureTable
    from avmeter.sample import RemoteAccess, Sample

app = typer.Typer(help="Export the embeddings of a set, or copy features between stores.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Export the embeddings of a set, or copy features between stores."""


@app.command("copy")
def copy_command(
    stores: Annotated[
        list[Path], typer.Argument(help="Folders of feature stores, as of nodes with disks of their own.")
    ],
    store: Annotated[
        Path | None, typer.Option(help="Folder of the store that gets them; default is the cache folder.")
    ] = None,
) -> None:
    """Copy what a feature store lacks out of others; clips scored on any node are then computed nowhere again.

    Examples:

        avmeter features copy /mnt/node1/store /mnt/node2/store --store /shared/store
    """
    from avmeter.engine.store import default_store_folder
    from avmeter.engine.store.exchange import copy_features

    target = store or default_store_folder()
    for source in stores:
        done = copy_features(source, target)
        damaged = f", {done.num_damaged} damaged ones left" if done.num_damaged else ""
        show(f"{source}: {done.num_new} of {done.num_read} features copied to {target}{damaged}")


@app.command("export")
def export_command(
    context: typer.Context,
    inputs: Annotated[
        list[Path], typer.Argument(help="Run folder, clips, folders, tar shards, or one manifest; paths or URLs.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, .npz.")],
    extractor: Annotated[str, typer.Option(help="A backbone, or any extractor with an embedding.")] = "passt",
    field: Annotated[
        str,
        typer.Option(
            help="audio, reference_audio, video, reference, reference_take2, video_mask, reference_mask or "
            "reference_take2_mask."
        ),
    ] = "audio",
    rows: Annotated[
        bool, typer.Option("--rows", help="Write every embedding; default is their mean and covariance.")
    ] = False,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="What a column means: --column id=video_id --column text_prompt=label"),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="fastvideo or av-benchmark (av-benchmark@10s reads the first 10 s in place of 8).")
    ] = "fastvideo",
    limit: Annotated[
        list[str] | None, typer.Option("--limit", help="What a clip may unfold to: max_duration_s=36000")
    ] = None,
    remote: Annotated[list[str] | None, typer.Option(help="How URLs are fetched: attempts=8 timeout_s=60")] = None,
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Fetch web addresses of this machine and network, too.")
    ] = False,
    weights: Annotated[str, typer.Option(help="auto, dummy, or a folder.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0 ...")] = "auto",
    precision: Annotated[str, typer.Option(help="float32, tf32, bf16 or fp16.")] = "float32",
    store: Annotated[
        Path | None, typer.Option(help="Folder of the feature store; default is the cache folder.")
    ] = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep no features.")] = False,
) -> None:
    """Write the embeddings of a set, or their mean and covariance, for `avmeter score --reference-features`.

    The file holds n, dim, extractor, fingerprint, dummy, and mu and sigma, or with --rows features and ids.

    Examples:

        avmeter features export real/ --extractor passt --out real.npz

        avmeter features export run/ --field reference_audio --extractor yamnet --rows --out reference.npz
    """
    from avmeter.engine.feature_table import check_export
    from avmeter.evaluator import compute_features
    from avmeter.manifest import parse_columns
    from avmeter.report.format import MARK

    check_export(out)
    access = parse_remote(remote or [], allow_private_hosts=allow_private_hosts)
    samples = _samples(inputs, parse_columns(column or []), access)
    interrupts: Interrupts = context.obj
    interrupts.has_store = not no_store
    with interrupts.deferred():
        with _no_error_if_asked_to_stop(interrupts), progress_bar(len(samples), "embedding") as on_progress:
            table = compute_features(
                samples,
                extractor,
                field=field,
                device=device,
                weights=weights,
                protocol=protocol,
                precision=precision,
                limits=parse_limits(limit or []),
                remote=access,
                store=False if no_store else (store or True),
                progress=on_progress,
                should_stop=interrupts.should_stop,
            )
        if interrupts.is_requested:  # a part of a set is no reference set: nothing is written
            raise Interrupted
        with interrupts.saving():
            _save(table, out, content="rows" if rows else "statistics")
    mark = f" {MARK}" if table.dummy else ""
    show(f"{out}: {len(table.rows)} x {table.rows.shape[1]} of {extractor}{mark}")


@contextlib.contextmanager
def _no_error_if_asked_to_stop(interrupts: Interrupts) -> Iterator[None]:
    """Let a run that was ended before its first embedding be an interrupt, not a set without features."""
    try:
        yield
    except UsageError:
        if interrupts.is_requested:
            raise Interrupted from None
        raise


def _save(table: FeatureTable, out: Path, *, content: str) -> None:
    try:
        table.save(out, content=content)
    finally:  # also where what was left out is the reason that too little is left
        for sample_id, skip in table.skips.items():
            say(f"left out: {sample_id}: {skip.code}: {skip.reason}")


def _samples(inputs: list[Path], columns: Mapping[str, str], access: RemoteAccess) -> list[Sample]:
    from avmeter.manifest import samples_from_inputs
    from avmeter.run import read_run
    from avmeter.sample import as_samples

    if len(inputs) == 1 and is_file(inputs[0] / "run.json"):
        return read_run(inputs[0]).samples
    return as_samples(samples_from_inputs(inputs, columns=columns, remote=access), access=access)
