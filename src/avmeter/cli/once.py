"""Commands that take no option twice and no empty value."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typer.core import TyperCommand, TyperOption

_MAY_BE_EMPTY = frozenset({"text_prompt", "reference_text"})


class OnceCommand(TyperCommand):
    """A command that refuses an option given twice, and empty values.

    The parser would take the last value in silence, and an empty path, as an unset variable of a script gives it, for
    the current folder. Options that collect values (`-m`, `--set`, `--column`) may be repeated, and so may switches.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments of the command line.

        Raises:
            UsageError: Of the parser, as for any wrong use: an option of one value occurs twice, or a value is empty.
        """
        values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter, count in Counter(order).items():
            if count > 1 and isinstance(parameter, TyperOption) and not (parameter.multiple or parameter.is_flag):
                ctx.fail(f"Option '{parameter.opts[0]}' was given {count} times, and takes one value.")
            value = values.get(parameter.name)
            if parameter.name not in _MAY_BE_EMPTY and "" in (value if isinstance(value, list | tuple) else [value]):
                ctx.fail(f"{_described(parameter)} is empty.")
        return super().parse_args(ctx, args)


def _described(parameter: Any) -> str:
    if isinstance(parameter, TyperOption):
        return f"Option '{parameter.opts[0]}'"
    return f"Argument '{parameter.name}'"
