"""A paper's table in four formats."""

from __future__ import annotations

import csv
import io

import pytest

from avmeter.report.system_table import RENDERERS, render_csv, render_html, render_latex, render_markdown
from avmeter.run.system_table import SystemTable, system_table
from support.systems import system_run

EVIL = "a&b_50%$x^~#{}\\<script>|\n\\input{/etc/passwd}"


def two(**options: bool) -> SystemTable:
    return system_table({"x": system_run([1.0, 2.0]), "y": system_run([2.0, 3.0])}, **options)


def test_latex_has_rules_arrows_and_the_best_in_bold() -> None:
    """And a comment for each column that says what it is."""
    lines = render_latex(two()).splitlines()
    assert lines[0] == r"\begin{tabular}{lr}"
    assert lines[2] == r"System & m.a $\downarrow$ \\"
    assert lines[4] == r"x & \textbf{1.500} \\"
    assert lines[5] == r"y & 2.500 \\"
    assert lines[-1].startswith("% m.a: m.a|weights:net=01234567|")


@pytest.mark.parametrize(("name", "cell"), [("[ours]", "{}[ours]"), ("*new*", "{}*new*"), ("a[1]*", "a[1]*")])
def test_latex_rule_takes_nothing_of_the_first_cell(name: str, cell: str) -> None:
    r"""`\midrule` and `\\` read `[` as a length, and do not compile; a star vanishes."""
    (line,) = (line for line in render_latex(system_table({name: system_run([1.0])})).splitlines() if "1.000" in line)
    assert line.startswith(f"{cell} & ")


def test_markdown_has_the_best_in_bold_and_signatures_to_copy() -> None:
    """In a code span, as they are."""
    text = render_markdown(two())
    assert "| x | **1.500** |" in text
    assert "- m.a: `m.a|weights:net=01234567|protocol:fastvideo|" in text


def test_csv_has_numbers_at_full_precision() -> None:
    """With both ends of intervals where asked for."""
    rows = list(csv.reader(io.StringIO(render_csv(two(), intervals=True))))
    assert rows[0] == ["system", "m.a", "m.a low", "m.a high"]
    assert rows[1][:2] == ["x", "1.5"]
    assert float(rows[1][2]) < 1.5 < float(rows[1][3])


def test_intervals_stand_behind_the_numbers() -> None:
    """In every format that is read by people."""
    for name in ("latex", "markdown", "html"):
        assert "1.500 [" in RENDERERS[name](two(), intervals=True)


@pytest.mark.parametrize("name", RENDERERS)
def test_name_of_a_system_is_data(name: str) -> None:
    """It ends no cell, no row and no comment, and opens no tag."""
    text = RENDERERS[name](system_table({EVIL: system_run([1.0])}))
    plain = RENDERERS[name](system_table({"x": system_run([1.0])}))
    assert len(text.splitlines()) == len(plain.splitlines())
    assert "<script>" not in text or name == "csv"
    assert r"\input{" not in text or name in ("csv", "html")


def test_formula_in_a_name_is_none_in_a_spreadsheet() -> None:
    """An apostrophe stands before it."""
    assert render_csv(system_table({"=1+1": system_run([1.0])})).splitlines()[1].startswith('"\'=1+1"')


@pytest.mark.parametrize(
    ("name", "mark"), [("latex", "dummy"), ("markdown", "[dummy"), ("csv", "[dummy"), ("html", "[dummy")]
)
def test_stand_in_scores_carry_their_mark(name: str, mark: str) -> None:
    """In every format."""
    assert mark in RENDERERS[name](system_table({"x": system_run([1.0], dummy=True)}))


def test_html_is_escaped() -> None:
    """Names and notes."""
    assert "&lt;script&gt;" in render_html(system_table({EVIL: system_run([1.0])}))
