"""Widths of the columns of a table in a terminal: words stay whole for as long as there is room."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

#: A column's padding and the line at its left.
_FRAME = 3
#: Text is wrapped into about this many lines before words elsewhere are broken.
_MOST_LINES = 4


def fit_widths(columns: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return widths of columns, without padding, of a table that fits.

    Args:
        columns: The cells of each column, its head among them.
        width: Width of the terminal in characters.

    Returns:
        The natural widths if they fit; else columns that can be wrapped between words are narrowed, and only where that
        is not enough the widest below their longest word.
    """
    widths = [max(map(cell_len, cells)) for cells in columns]
    excess = sum(widths) + _FRAME * len(widths) + 1 - width
    wrapped = [max(longest_word(cells), size // _MOST_LINES) for cells, size in zip(columns, widths, strict=True)]
    for floors in (wrapped, [1] * len(columns)):
        while excess > 0:
            slack, i = max((size - floor, i) for i, (size, floor) in enumerate(zip(widths, floors, strict=True)))
            if slack <= 0:
                break
            widths[i] -= 1
            excess -= 1
    return widths


def fits_in_words(columns: Sequence[Sequence[str]], width: int) -> bool:
    """True if the table fits without a broken word."""
    return sum(longest_word(cells) + _FRAME for cells in columns) + 1 <= width


def fit_blocks(columns: Sequence[Sequence[str]], num_repeated: int, width: int) -> list[list[int]]:
    """Return the indices of the columns of each of the tables that one too wide is shown in.

    The first `num_repeated` columns stand in each table. A column that fits into none has a table of its own.
    """
    least = [longest_word(cells) + _FRAME for cells in columns]
    room = width - 1 - sum(least[:num_repeated])
    blocks: list[list[int]] = []
    used = 0
    for i in range(num_repeated, len(columns)):
        if not blocks or used + least[i] > room:
            blocks.append(list(range(num_repeated)))
            used = 0
        blocks[-1].append(i)
        used += least[i]
    return blocks or [list(range(len(columns)))]


def longest_word(cells: Sequence[str]) -> int:
    """Return the width of the longest word of some cells; an arrow or dots belong to the word before them."""
    words = (word for cell in cells for word in re.split(r" (?![↑↓…])", cell))
    return max(map(cell_len, words), default=0)
