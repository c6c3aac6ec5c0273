"""Tables and heat maps for sections that are added to a report. All text is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from avmeter.errors import UsageError
from avmeter.report.format import ABSENT, format_number

Cell = str | float | int | None


def data_table(header: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str = "") -> Markup:
    """Build a table: text to the left, numbers to the right, a dash for None; text in the first column heads its row.

    Raises:
        UsageError: A row is longer or shorter than the header.
    """
    for i, row in enumerate(rows):
        if len(row) != len(header):
            raise UsageError(f"row {i} has {len(row)} cells, the header {len(header)}")
    heads = Markup("").join(Markup('<th scope="col">{}</th>').format(h) for h in header)
    body = Markup("").join(map(_row, rows))
    return _table(heads, body, caption, "data")


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    caption: str = "",
    limit: float | None = None,
) -> Markup:
    """Build a table whose cells are tinted by value: one hue above zero, another below, stronger with distance.

    Args:
        rows: Names of the rows.
        columns: Names of the columns.
        values: One list per row; None is a dash without a tint.
        caption: Above the table.
        limit: Distance from zero at which the tint is full; default is the largest there is.

    Raises:
        UsageError: `values` does not have one value per row and column.
    """
    if len(values) != len(rows) or any(len(v) != len(columns) for v in values):
        raise UsageError(f"a heat map of {len(rows)} rows and {len(columns)} columns needs as many values")
    full = limit or max((abs(v) for row in values for v in row if v is not None), default=1.0) or 1.0
    heads = Markup("<td></td>") + Markup("").join(Markup('<th scope="col">{}</th>').format(c) for c in columns)
    lines = []
    for name, row in zip(rows, values, strict=True):
        cells = Markup("").join(_tinted(v, full) for v in row)
        lines.append(Markup('<tr><th scope="row">{}</th>{}</tr>').format(name, cells))
    return _table(heads, Markup("").join(lines), caption, "data heat")


def _table(heads: Markup, body: Markup, caption: str, css: str) -> Markup:
    title = Markup("<caption>{}</caption>").format(caption) if caption else Markup("")
    # Focusable, so that keys scroll it.
    whole = (
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table class="{}">{}<thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    )
    return Markup(whole).format(caption or "table", css, title, heads, body)


def _row(row: Sequence[Cell]) -> Markup:
    head = Markup("")
    if row and isinstance(row[0], str):
        head, row = Markup('<th scope="row">{}</th>').format(row[0]), row[1:]
    return Markup("<tr>{}{}</tr>").format(head, Markup("").join(map(_cell, row)))


def _cell(value: Cell) -> Markup:
    if value is None:
        return Markup('<td class="num absent">{}</td>').format(ABSENT)
    if isinstance(value, str):
        return Markup("<td>{}</td>").format(value)
    text = str(value) if isinstance(value, int) else format_number(value)
    return Markup('<td class="num">{}</td>').format(text)


def _tinted(value: float | None, full: float) -> Markup:
    if value is None:
        return Markup('<td class="num absent">{}</td>').format(ABSENT)
    share = min(abs(value) / full, 1.0)
    side = "above" if value >= 0 else "below"
    return Markup('<td class="num {}" style="--share:{:.3f}">{}</td>').format(side, share, format_number(value))
