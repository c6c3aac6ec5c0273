"""Widths of columns: words stay whole for as long as there is room."""

from __future__ import annotations

from avmeter.report.widths import fit_blocks, fit_widths, fits_in_words, longest_word


def test_columns_that_fit_keep_their_widths() -> None:
    """Two columns of 5 and 3 take 15 characters with their frame."""
    assert fit_widths([("metric"[:5],), ("abc",)], 15) == [5, 3]


def test_cells_are_wrapped_between_words_first() -> None:
    """An interval gives way in two lines, and a name stays whole."""
    columns = [("audio.wer ↓",), ("-0.4408 … 3.512",)]
    assert fit_widths(columns, 27) == [11, 9]
    assert fits_in_words(columns, 27)


def test_widest_column_is_folded_where_words_do_not_fit() -> None:
    """Nothing is wider than the terminal."""
    columns = [("x" * 30,), ("y" * 10,)]
    assert not fits_in_words(columns, 30)
    assert fit_widths(columns, 30) == [13, 10]


def test_long_text_is_not_wrapped_into_a_strip() -> None:
    """A reason of 120 characters keeps a quarter of them beside names."""
    reason = "no clip " * 15
    assert fit_widths([("x" * 40,), (reason,)], 80) == [40, 33]
    assert fit_widths([("x" * 60,), (reason,)], 80) == [43, 30]


def test_too_many_columns_make_several_tables() -> None:
    """The leading column stands in each table, and every other in one."""
    columns = [("metric",), ("a" * 8,), ("b" * 8,), ("c" * 8,)]
    assert fit_blocks(columns, 1, 32) == [[0, 1, 2], [0, 3]]
    assert fit_blocks(columns, 4, 32) == [[0, 1, 2, 3]]


def test_arrow_belongs_to_its_name() -> None:
    """`↓` never stands on a line of its own."""
    assert longest_word(["audio.wer ↓ [dummy weights]"]) == len("audio.wer ↓")
