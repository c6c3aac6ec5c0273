"""Options of one value, which may be given once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typer.core import TyperCommand, TyperOption


class OnceCommand(TyperCommand):
    """A command that refuses an option given twice, where the parser would take the last value in silence.

    Options that collect values (`-m`, `--set`, `--column`) may be repeated, and so may switches.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments of the command line.

        Raises:
            UsageError: Of the parser, as for any wrong use: an option of one value occurs twice.
        """
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter, count in Counter(order).items():
            if count > 1 and isinstance(parameter, TyperOption) and not (parameter.multiple or parameter.is_flag):
                ctx.fail(f"Option '{parameter.opts[0]}' was given {count} times, and takes one value.")
        return super().parse_args(ctx, args)
