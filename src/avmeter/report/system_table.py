"""A table of systems by metrics as LaTeX, Markdown, CSV or HTML: best in bold, what scores are below."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from avmeter.plain import sanitise
from avmeter.report.format import format_number
from avmeter.result import DUMMY_MARK
from avmeter.run.spreadsheet import spreadsheet_cell
from avmeter.run.system_table import Cell, Column, SystemTable

_LATEX = MappingProxyType(
    {
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
        "|": r"\textbar{}", "@": "@",
    }
)  # fmt: skip
_LATEX_ARROWS = MappingProxyType({"higher": r"$\uparrow$", "lower": r"$\downarrow$"})
_ARROWS = MappingProxyType({"higher": "↑", "lower": "↓"})
_AS_GOOD = "not clearly worse than the best (95%)"


def render_latex(table: SystemTable, *, intervals: bool = False) -> str:
    """Return a `tabular` with booktabs rules, and the signatures as comments below it."""
    head = " & ".join(
        ["System", *(f"{_latex(c.title)} {_LATEX_ARROWS.get(c.direction or '', '')}".rstrip() for c in table.columns)]
    )
    lines = [rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}", r"\toprule", rf"{head} \\", r"\midrule"]
    for system, cells in table.rows.items():
        shown = [_latex_cell(cell, column, intervals) for cell, column in zip(cells, table.columns, strict=True)]
        lines.append(rf"{' & '.join([_latex_first(system), *shown])} \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    # A line break in a comment would end it.
    return "\n".join([*lines, *(f"% {sanitise(line)}" for line in _footnotes(table))]) + "\n"


def render_markdown(table: SystemTable, *, intervals: bool = False) -> str:
    """Return a pipe table, and the signatures below it."""
    head = ["System", *(_title(c) for c in table.columns)]
    rows = [head, ["---", *["---:"] * len(table.columns)]]
    for system, cells in table.rows.items():
        shown = [_markdown_cell(cell, column, intervals) for cell, column in zip(cells, table.columns, strict=True)]
        rows.append([_markdown(system), *shown])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *(f"- {_markdown_note(line)}" for line in _footnotes(table))]) + "\n"


def render_csv(table: SystemTable, *, intervals: bool = False) -> str:
    """Return a row per system with numbers at full precision; a column says of what each is."""
    ends = ("low", "high") if intervals else ()
    head = ["system", *(text for c in table.columns for text in (c.title, *(f"{c.title} {end}" for end in ends)))]
    lines = [[spreadsheet_cell(text) for text in head]]
    for system, cells in table.rows.items():
        numbers = [n for cell in cells for n in ((cell.value, cell.low, cell.high) if intervals else (cell.value,))]
        mark = f" [{DUMMY_MARK}]" if any(cell.is_dummy for cell in cells) else ""
        lines.append([spreadsheet_cell(f"{system}{mark}"), *("" if n is None else repr(float(n)) for n in numbers)])
    return "".join(f"{','.join(line)}\n" for line in lines)


def render_html(table: SystemTable, *, intervals: bool = False) -> str:
    """Return a `<table>` without a page around it, and the signatures in a list below it."""
    heads = ("System", *(_title(c) for c in table.columns))
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in heads)
    body = []
    for system, cells in table.rows.items():
        shown = [_html_cell(cell, column, intervals) for cell, column in zip(cells, table.columns, strict=True)]
        body.append(f'<tr><th scope="row">{html.escape(sanitise(system))}</th>{"".join(shown)}</tr>')
    notes = "".join(f"<li>{html.escape(sanitise(line))}</li>" for line in _footnotes(table))
    return (
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(body)
        + f"\n</tbody></table>\n<ul>{notes}</ul>\n"
    )


RENDERERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {"latex": render_latex, "markdown": render_markdown, "csv": render_csv, "html": render_html}
)
"""Format -> what writes it."""


def _footnotes(table: SystemTable) -> list[str]:
    as_good = any(cell.is_as_good for cells in table.rows.values() for cell in cells)
    return [*([f"=: {_AS_GOOD}"] if as_good else []), *table.notes, *table.signatures]


def _number(cell: Cell, column: Column, intervals: bool) -> str:
    if cell.value is None:
        return "–"
    text = _rounded(cell.value, column)
    if intervals and cell.low is not None and cell.high is not None:
        text += f" [{_rounded(cell.low, column)}, {_rounded(cell.high, column)}]"
    return text


def _rounded(value: float, column: Column) -> str:
    return format_number(value) if column.digits is None else f"{value:.{column.digits}f}"


def _marks(cell: Cell) -> str:
    return "=" * cell.is_as_good + f" [{DUMMY_MARK}]" * cell.is_dummy


def _title(column: Column) -> str:
    return f"{sanitise(column.title)} {_ARROWS.get(column.direction or '', '')}".rstrip()


def _latex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in sanitise(text))


def _latex_first(text: str) -> str:
    """Return a first cell: the rule or row before it takes `[` for a length that belongs to it, and `*` too."""
    cell = _latex(text)
    return rf"{{}}{cell}" if cell.lstrip().startswith(("[", "*")) else cell


def _latex_cell(cell: Cell, column: Column, intervals: bool) -> str:
    text = _latex(_number(cell, column, intervals)).replace("–", "--")
    if cell.is_best:
        text = rf"\textbf{{{text}}}"
    if cell.is_as_good:
        text += "$^{=}$"
    return text + (r"$^{\mathrm{dummy}}$" if cell.is_dummy else "")


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", sanitise(text))


def _markdown_note(line: str) -> str:
    """Return a footnote; a signature is copied out of it as it is."""
    title, colon, rest = line.partition(": ")
    return f"{_markdown(title)}: `{sanitise(rest).replace('`', chr(39))}`" if colon and "|" in rest else _markdown(line)


def _markdown_cell(cell: Cell, column: Column, intervals: bool) -> str:
    text = _number(cell, column, intervals)
    return (f"**{text}**" if cell.is_best else text) + _marks(cell)


def _html_cell(cell: Cell, column: Column, intervals: bool) -> str:
    text = html.escape(_number(cell, column, intervals))
    return f"<td>{f'<b>{text}</b>' if cell.is_best else text}{_marks(cell)}</td>"
