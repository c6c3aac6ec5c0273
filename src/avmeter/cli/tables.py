"""Tables without cut cells: names are folded on a narrow terminal, and at full width where there is none."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_NATURAL_WIDTH = 10_000


def full_table(*heads: str) -> Table:
    """Build an empty table whose cells are never cut."""
    table = Table(header_style="bold")
    for i, head in enumerate(heads):
        table.add_column(head, overflow="fold", no_wrap=i == 0)
    return table


def table_console() -> Console:
    """Return the console that such a table is printed to."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_NATURAL_WIDTH)
