"""`avmeter report`: print a run again, and write its page anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.json_output import run_payload, show_json
from avmeter.cli.messages import say, warn
from avmeter.cli.remote_runs import local_input
from avmeter.files import as_url


def report_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    by: Annotated[list[str] | None, typer.Option("--by", help="Column to break down every metric by.")] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Clips that share a value count together; id for none. Default: text_prompt.")
    ] = None,
    thumbnails: Annotated[
        int, typer.Option(help="Samples, worst first, whose frames and spectrograms are drawn; 0 for none.", min=0)
    ] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="Page or archive to mail, .html or .zip, with the sound of the clips inside.")
    ] = None,
    bundle_video: Annotated[bool, typer.Option("--bundle-video", help="Videos in the bundle, too.")] = False,
    bundle_limit: Annotated[float, typer.Option(help="Size of the clips in a bundle, MB.", min=0)] = 25.0,
) -> None:
    """Print the table of a run and write its report.html anew; with --by, breakdown.csv too.

    Examples:

        avmeter report run/

        avmeter report run/ --by language --by speaker

        avmeter report run/ --bundle run.html
    """
    from avmeter.report import print_run, write_report
    from avmeter.run import read_run, write_breakdown
    from avmeter.run.remote_folder import replace_derived

    place, run = as_url(run), local_input(context, run)
    results = read_run(run)
    if results.provenance.get("partial"):
        warn(results.provenance["notes"][0])
    if by or cluster is not None:
        results.group(cluster=cluster, by=by or ())
    if by:
        write_breakdown(results, run)
    try:
        page = write_report(results, run, most_drawn=thumbnails)
        if place is not None:
            replace_derived(run, place)
        say(f"written: {page if place is None else place.joined(page.name)}")
        if bundle is not None:
            from avmeter.report.bundle import write_bundle

            made = write_bundle(results, run, bundle, with_video=bundle_video, most_bytes=round(bundle_limit * 1e6))
            say(f"written: {made.line()}")
    finally:
        if as_json:
            show_json(run_payload(results))
        else:
            print_run(results)
