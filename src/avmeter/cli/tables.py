"""Tables without cut cells: names are folded on a narrow terminal, and at full width where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from avmeter.report.format import sanitise

_NATURAL_WIDTH = 10_000


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table whose cells are never cut; text in them cannot steer the terminal."""
    table = Table(header_style="bold")
    for i, head in enumerate(heads):
        table.add_column(head, overflow="fold", no_wrap=i == 0)
    for row in rows:
        table.add_row(*(Text(sanitise(cell)) for cell in row))
    console = Console(highlight=False)
    (console if console.is_terminal else Console(highlight=False, width=_NATURAL_WIDTH)).print(table)
