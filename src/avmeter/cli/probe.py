"""`avmeter probe`: streams, times and rates of media files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.exit_codes import EXIT_NOTHING, EXIT_SKIPPED
from avmeter.cli.json_output import show_json
from avmeter.cli.messages import fail
from avmeter.cli.streams import is_output_lost
from avmeter.errors import SkipCode, SkipError


def probe_command(
    files: Annotated[list[Path], typer.Argument(help="Media files.")],
    decode: Annotated[bool, typer.Option("--decode", help="Decode too: real lengths, peaks, flags.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Show what avmeter sees in a file: streams, times, rates, rotation. Prints JSON, one object a line.

    A file that cannot be read is named on standard error, and the others are shown. Exit code 1 if there was one, 3
    if there was no other.

    Example: avmeter probe clip.mp4 --decode
    """
    from avmeter.media import describe_file
    from avmeter.report.format import printable_json

    failed = 0
    descriptions = []
    for file in files:
        if is_output_lost():
            break
        try:
            _refuse_url(file)
            description = describe_file(file, decode=decode)
        except SkipError as error:
            failed += 1
            fail(str(error))
        else:
            descriptions.append(description)
            if not as_json:
                typer.echo(printable_json(description))
    if as_json:
        show_json(descriptions)
    if failed:
        raise typer.Exit(EXIT_NOTHING if failed == len(files) else EXIT_SKIPPED)


def _refuse_url(file: Path) -> None:
    """Say of a URL that it is one: a path of this name would be missing.

    Raises:
        SkipError: It is a URL.
    """
    from avmeter.files import as_url

    url = as_url(file)
    if url is not None:
        raise SkipError(
            SkipCode.UNSUPPORTED,
            f"{url}: probe reads files of this machine",
            hint="copy the file here; score reads URLs",
        )
