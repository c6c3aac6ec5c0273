"""What goes to the standard error stream: remarks, warnings, errors. Data goes to standard output."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from avmeter.report.words import clean

_SHOWN = 8


def say(text: str) -> None:
    """A remark; file names in it cannot steer the terminal."""
    lines = [clean(line) for line in text.splitlines()]
    Console(stderr=True, highlight=False).print("\n".join(lines), markup=False, soft_wrap=True)


def warn(text: str) -> None:
    """Something is doubtful; the command goes on."""
    say(f"warning: {text}")


def fail(text: str) -> None:
    """The command ends, or this part of it."""
    say(f"error: {text}")


def named(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(n.replace("\n", "⏎") for n in names[:_SHOWN]) + more
