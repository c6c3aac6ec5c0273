"""Tables and heat maps: alignment, dashes, tints, and escaped text."""

from __future__ import annotations

import re

import pytest

from avmeter.errors import UsageError
from avmeter.report.parts import data_table, heat_map


def test_text_is_escaped_numbers_are_formatted_and_none_is_a_dash() -> None:
    """Cells hold what a table of numbers and foreign text needs."""
    table = data_table(["x", "y"], [["<b>", 1.5], [None, 3]], caption="<c>")
    assert '<th scope="row">&lt;b&gt;</th><td class="num">1.500</td>' in table
    assert '<td class="num absent">–</td><td class="num">3</td>' in table
    assert "<caption>&lt;c&gt;</caption>" in table


@pytest.mark.parametrize(
    "table", [data_table(["x", "y"], [["a", 1.0]], caption="c"), heat_map(["a"], ["y"], [[1.0]], caption="c")]
)
def test_tables_are_reached_by_keys_and_read_cell_by_cell(table: str) -> None:
    """A wide one scrolls in a region with a name that takes the focus; a number has headings of row and column."""
    assert table.startswith('<div class="scroll" tabindex="0" role="region" aria-label="c">')
    assert '<th scope="row">a</th>' in table
    assert re.findall(r"<th\b(?! scope)", table) == []


def test_heat_map_tints_by_sign_and_size() -> None:
    """The largest distance from zero has the full tint."""
    table = heat_map(["r"], ["a", "b", "c"], [[1.0, -2.0, None]])
    assert 'class="num above" style="--share:0.500"' in table
    assert 'class="num below" style="--share:1.000"' in table
    with pytest.raises(UsageError, match="1 rows and 2 columns"):
        heat_map(["r"], ["a", "b"], [[1.0]])
    with pytest.raises(UsageError, match="row 0 has 1 cells"):
        data_table(["a", "b"], [["x"]])


def test_limit_sets_the_full_tint() -> None:
    """Beyond it a cell is not tinted more; zeros alone have no tint and no division by zero."""
    table = heat_map(["r"], ["a", "b"], [[5.0, 1.0]], limit=2.0)
    assert re.findall(r"--share:([0-9.]+)", table) == ["1.000", "0.500"]
    assert re.findall(r"--share:([0-9.]+)", heat_map(["r"], ["a"], [[0.0]])) == ["0.000"]
