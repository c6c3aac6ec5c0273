"""Values that help texts list are all the values that there are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import get_args

import pytest
import typer.main

from avmeter.cli.app import app
from avmeter.manifest import Pairing
from avmeter.protocols import PROTOCOLS
from avmeter.runtime import Precision
from avmeter.sample import MEDIA_FIELDS

LISTED: dict[tuple[str, ...], Iterable[str]] = {
    ("score", "--protocol"): PROTOCOLS,
    ("score", "--pairing"): get_args(Pairing),
    ("features", "export", "--protocol"): PROTOCOLS,
    ("score", "--precision"): Precision,
    ("features", "export", "--field"): MEDIA_FIELDS,
}


@pytest.mark.parametrize("place", LISTED, ids=" ".join)
def test_help_lists_every_value(place: tuple[str, ...]) -> None:
    """A value that is added elsewhere is missed here."""
    *names, option = place
    command = typer.main.get_command(app)
    for name in names:
        command = command.commands[name]  # type: ignore[attr-defined]
    (parameter,) = (p for p in command.params if option in p.opts)
    values, _, _ = parameter.help.partition("(")  # type: ignore[attr-defined]
    words = re.findall(r"[\w-]+", values)
    assert {w for w in words if w not in ("or", "and")} == {str(v) for v in LISTED[place]}


def test_every_command_function_is_called_a_command() -> None:
    """`avmeter weights fetch` is `fetch_command`."""
    groups = [typer.main.get_command(app)]
    while groups:
        for name, command in groups.pop().commands.items():  # type: ignore[attr-defined]
            if hasattr(command, "commands"):
                groups.append(command)
            else:
                assert command.callback is not None
                assert command.callback.__name__ == f"{name}_command"
