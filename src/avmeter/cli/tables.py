"""Tables without cut cells: records on a terminal too narrow for them, and full width where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from avmeter.plain import sanitise
from avmeter.report.widths import fit_widths, fits_in_words

_NATURAL_WIDTH = 10_000


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table whose cells are never cut; text in them cannot steer the terminal.

    Where a terminal is too narrow for the longest words, each row is printed as a record of a few lines.
    """
    cells = [tuple(sanitise(cell) for cell in row) for row in rows]
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_NATURAL_WIDTH)
    columns = list(zip(heads, *cells, strict=True))
    if not fits_in_words(columns, console.width):
        for row in cells:
            _print_record(heads, row, console)
        return
    table = Table(header_style="bold")
    for head, width in zip(heads, fit_widths(columns, console.width), strict=True):
        table.add_column(head, overflow="fold", width=width)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_record(heads: Sequence[str], row: Sequence[str], console: Console) -> None:
    console.print(Text(row[0], style="bold", overflow="fold"))
    facts = Text("; ".join(f"{head}: {cell}" for head, cell in zip(heads[1:], row[1:], strict=True) if cell))
    console.print(Padding(facts, (0, 0, 0, 4)))
