"""What is printed of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from avmeter.errors import UnknownNameError

if TYPE_CHECKING:
    from avmeter.run import EvalResults

_FORMATS = ("tables", "fastvideo")


def require_format(name: str) -> None:
    """Make sure that a format exists.

    Raises:
        UnknownNameError: It does not.
    """
    if name not in _FORMATS:
        raise UnknownNameError.among("format", name, _FORMATS)


def print_fastvideo(results: EvalResults) -> None:
    """Print the samples as FastVideo's JSON; results of the corpus have no place in it and are remarks."""
    from avmeter.cli.messages import say
    from avmeter.plain import to_jsonable
    from avmeter.report.format import printable_json

    for result in results.corpus.values():
        say(f"of the corpus: {result}")
    typer.echo(printable_json(to_jsonable(results.to_fastvideo()), indent=2))
