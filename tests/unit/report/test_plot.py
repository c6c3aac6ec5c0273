"""Plots: every score is drawn, gaps stay gaps, names are text."""

from __future__ import annotations

import re

import pytest

from avmeter.errors import StatsError
from avmeter.report.plot import Curve, curves, histogram

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def test_histogram_counts_every_score() -> None:
    """The bars' counts sum up to the number of scores, also for equal scores."""
    for values in ([0.1, 0.2, 0.2, 0.9], [3.0, 3.0], [0.0, 0.0, 0.0], list(range(1000))):
        plot = histogram(values, title="m", mean=sum(values) / len(values))
        counts = [int(c) for c in re.findall(r"<title>[^<]*: (\d+)</title>", plot)]
        assert sum(counts) == len(values)
        assert "nan" not in plot
    with pytest.raises(StatsError, match="finite"):
        histogram([], title="m")
    with pytest.raises(StatsError, match="finite"):
        histogram([1.0, float("nan")], title="m")


def test_plots_escape_their_names() -> None:
    """Titles and legends are text."""
    assert "<script" not in histogram([1.0, 2.0], title=EVIL, unit=EVIL)
    assert "<script" not in curves([Curve(name=EVIL, x=[0, 1], y=[0, 1])], title=EVIL, x_label=EVIL, y_label=EVIL)


def test_curve_has_gaps_where_there_is_no_value() -> None:
    """Two stretches, not one line across the gap."""
    plot = curves([Curve(name="c", x=[0, 1, 2, 3, 4], y=[0, 1, None, 1, 0])], title="t")
    assert plot.count("<polyline") == 2
    with pytest.raises(StatsError):
        curves([Curve(name="c", x=[0], y=[None])], title="t")
