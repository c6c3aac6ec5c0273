"""`--ray`, whose value may be left out: `avmeter score --ray gen/` uses the cluster that is found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from avmeter.cli.once import OnceCommand

_OPTION, _DEFAULT = "--ray", "auto"
_ADDRESS = re.compile(r"auto|local|ray://.+|(\[[^\]]+\]|[^:/\\\s]+):\d+")


class RayOptionCommand(OnceCommand):
    """A command in which `--ray` before anything that is no address stands for `--ray auto`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments of the command line, after writing out the value."""
        return super().parse_args(ctx, write_address(args))


def write_address(arguments: Sequence[str]) -> list[str]:
    """Return arguments in which an address follows `--ray`."""
    found: list[str] = []
    for i, argument in enumerate(arguments):
        found.append(argument)
        if argument == _OPTION and not _ADDRESS.fullmatch("".join(arguments[i + 1 : i + 2])):
            found.append(_DEFAULT)
    return found
