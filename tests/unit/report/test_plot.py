"""Plots: every score is drawn, gaps stay gaps, names are text."""

from __future__ import annotations

import itertools
import re

import pytest

from avmeter.errors import StatsError
from avmeter.report.plot import HEIGHT, Curve, curves, histogram, without_tail

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


def test_mean_and_interval_are_drawn_inside_the_plot() -> None:
    """An interval wider than the scores is cut at the axis."""
    plot = histogram([1.0, 2.0, 3.0], title="m", mean=2.0, interval={"low": -100.0, "high": 100.0})
    left, width = (float(re.search(rf'class="band"[^>]*{name}="([-0-9.]+)"', plot)[1]) for name in ("x", "width"))
    assert left >= 0
    assert left + width <= 340
    assert plot.count('class="mean"') == 1
    assert 'class="mean"' not in histogram([1.0], title="m")


def test_axis_has_a_few_round_numbers() -> None:
    """Whatever the size of the scores."""
    for scale in (1e-6, 1.0, 3e7):
        plot = histogram([scale, 2 * scale, 9 * scale], title="m")
        texts = re.findall(r'text-anchor="middle">([^<]+)</text>', plot)
        ticks = [float(text.replace("−", "-")) / scale for text in texts]
        assert 2 <= len(ticks) <= 8
        assert len({round(b - a, 6) for a, b in itertools.pairwise(ticks)}) == 1


def test_every_score_of_a_small_set_has_a_tick() -> None:
    """Equal scores share theirs; of a large set there are none."""
    assert histogram([1.0, 2.0, 2.0], title="m").count('class="rug"') == 2
    assert 'class="rug"' not in histogram(list(map(float, range(400))), title="m")


def test_long_tail_is_cut_with_a_note() -> None:
    """A few scores far beyond the 99th percentile are named, not drawn; ordinary ones are all drawn."""
    usual = [i / 100 for i in range(500)]
    drawn, note = without_tail([*usual, 900.0, 901.0])
    assert max(drawn) < 6
    assert note.startswith("Not drawn:")
    assert "the 99th percentile (up to 901.0)" in note
    drawn, note = without_tail([*usual, -900.0])
    assert "the 1st percentile (down to -900.0)" in note
    assert without_tail(usual) == (usual, "")
    assert without_tail([1.0, 2.0, 900.0]) == ([1.0, 2.0, 900.0], "")


def test_unit_stands_clear_of_the_ticks() -> None:
    """The baseline of the label is more than a line below that of the ticks, and inside the plot."""
    plot = str(histogram([1.0, 2.0, 2.5], title="t", unit="MOS"))
    ticks = [float(y) for y in re.findall(r'<text class="tick"[^>]* y="([0-9.]+)" text-anchor="middle"', plot)]
    label = float(re.search(r'<text class="label"[^>]* y="([0-9.]+)"', plot).group(1))
    assert min(label - y for y in ticks) >= 13
    assert label < HEIGHT
