"""Number formats and sanitised text, the same in every table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from avmeter.plain import is_obeyed
from avmeter.result import DUMMY_MARK, MetricResult

ABSENT = "–"
OWN_RUN = "own run"
"""Stands for a corpus score of a group that cannot be computed from the run."""
MARK = f"[{DUMMY_MARK}]"
_ARROWS = {"higher": "↑", "lower": "↓"}


def format_number(value: float | None) -> str:
    """Format with four significant digits; a dash for None."""
    if value is None:
        return ABSENT
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-4:
        return f"{value:.3e}"
    return f"{value:.{max(0, 3 - math.floor(math.log10(size)))}f}"


def format_interval(ends: Mapping[str, Any] | None) -> str:
    """Format the ends of an interval of a summary."""
    return ABSENT if ends is None else f"{format_number(ends['low'])} … {format_number(ends['high'])}"


def format_corpus(corpus: Mapping[str, Any] | None) -> str:
    """Format the corpus score of a summary; the skip's code, or "own run", in place of an absent one."""
    if corpus is None:
        return ABSENT
    if corpus["score"] is not None:
        return format_number(corpus["score"])
    return corpus["skip_code"] or (OWN_RUN if corpus["reason"] else ABSENT)


def format_score(result: MetricResult | None) -> str:
    """Format a score, marked if made with stand-in weights; the skip's code in place of an absent one."""
    if result is None:
        return ABSENT
    if result.score is None:
        from avmeter.run.score_table import skip_code  # imports media, which lists and help do without

        return str(skip_code(result))
    return f"{format_number(result.score)} {MARK}" if result.dummy else format_number(result.score)


def with_arrow(metric: str, direction: str | None) -> str:
    """Format a metric's name with an arrow that points to better."""
    arrow = _ARROWS.get(direction or "", "")
    return f"{metric} {arrow}".rstrip()


def printable_json(value: Any, *, indent: int | None = None) -> str:
    """Return JSON with nothing in it that a terminal obeys: such characters are escaped, as JSON allows.

    Args:
        value: What `json` takes; anything else is shown as its text.
        indent: Blanks per level, each value on a line of its own; None for one line in all.
    """
    text = json.dumps(value, default=str, ensure_ascii=False, indent=indent)
    return "".join(f"\\u{ord(c):04x}" if is_obeyed(c) and c != "\n" else c for c in text)


def shorten(text: str, length: int) -> str:
    """Shorten text to `length` characters by leaving out its middle."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"
