"""Lines that are printed: remarks, warnings and errors to standard error, results to standard output."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 8


def show(text: str) -> None:
    """Print a line of results; file names in it cannot steer the terminal."""
    import typer

    from avmeter.plain import sanitise

    typer.echo(sanitise(text))


def say(text: str) -> None:
    """Print a remark; file names in it cannot steer the terminal."""
    from rich.console import Console

    from avmeter.plain import sanitise

    lines = [sanitise(line) for line in text.splitlines()]
    Console(stderr=True, highlight=False).print("\n".join(lines), markup=False, soft_wrap=True)


def warn(text: str) -> None:
    """Print that something is doubtful; the command goes on."""
    say(f"warning: {text}")


def fail(text: str) -> None:
    """Print why the command, or this part of it, ends."""
    say(f"error: {text}")


def join_names(names: Sequence[str]) -> str:
    """List the first few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(n.replace("\n", "⏎") for n in names[:_SHOWN]) + more
