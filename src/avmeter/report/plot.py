"""Plots as inline SVG: histograms and curves. Colours come from the page's style sheet, so that they follow it.

Coordinates are pixels of the view box; y grows downwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from avmeter.errors import StatsError
from avmeter.report.format import format_number

WIDTH, HEIGHT = 340, 182
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 14, 36
_MOST_TICKS_IN_RUG = 300
_CUT_AT = 0.99
_FEWEST_TO_CUT = 100  # of fewer the 99th percentile is the largest


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A named line; `y` may hold None where there is no value."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """A linear map from [low, high] to the pixels [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def histogram(
    values: Sequence[float],
    *,
    title: str,
    unit: str = "",
    mean: float | None = None,
    interval: Mapping[str, Any] | None = None,
) -> Markup:
    """Draw the distribution of scores, with the mean, its interval, and up to 300 single values as ticks.

    Args:
        values: Finite scores, at least one.
        title: Accessible name of the plot.
        unit: Shown beside the axis.
        mean: Drawn as a line.
        interval: `low` and `high`, drawn as a band.

    Raises:
        StatsError: No values, or one that is not finite.
    """
    scores = np.asarray(values, dtype=np.float64)
    if scores.size == 0 or not np.isfinite(scores).all():
        raise StatsError(f"{title}: a histogram needs finite values, got {scores.size}")
    low, high = _padded(float(scores.min()), float(scores.max()))
    inner = (scores.min(), scores.max()) if np.ptp(scores) > (high - low) / 2 else (low, high)
    counts, edges = np.histogram(scores, bins=_num_bins(scores), range=inner)
    x = _Axis(low=low, high=high, start=_LEFT, end=WIDTH - _RIGHT)
    top = _nice_top(int(counts.max()))
    y = _Axis(low=0, high=top, start=HEIGHT - _BOTTOM, end=_TOP)
    parts = [_y_grid(y, _count_ticks(top))]
    if interval is not None and interval["low"] <= high and interval["high"] >= low:
        left, right = x(max(interval["low"], low)), x(min(interval["high"], high))
        parts.append(_rect(left, _TOP, max(right - left, 1.0), HEIGHT - _BOTTOM - _TOP, css="band"))
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            tip = f"{format_number(left)} to {format_number(right)}: {count}"
            parts.append(_rect(x(left) + 0.5, y(count), x(right) - x(left) - 1, y(0) - y(count), css="bar", tip=tip))
    if scores.size <= _MOST_TICKS_IN_RUG:
        parts += [_line(x(v), y(0), x(v), y(0) + 4, "rug") for v in np.unique(scores)]
    if mean is not None and low <= mean <= high:
        parts.append(_line(x(mean), _TOP, x(mean), y(0), "mean"))
    parts.append(_x_axis(x, y(0), unit))
    return _svg(parts, f"{title}: distribution of {scores.size} scores")


def without_tail(values: Sequence[float]) -> tuple[list[float], str]:
    """Return the scores that a histogram draws, and a sentence about the others; empty where all are drawn.

    A tail beyond the 99th (or below the 1st) percentile is cut off if it is longer than everything else: one clip
    at 900 would squeeze thousands about 1 into one bar.

    Args:
        values: Finite scores.
    """
    scores = np.asarray(values, dtype=np.float64)
    if scores.size < _FEWEST_TO_CUT:
        return list(values), ""
    low, high = np.quantile(scores, (1 - _CUT_AT, _CUT_AT))
    body = high - low
    top = high if scores.max() - high > body > 0 else math.inf
    bottom = low if low - scores.min() > body > 0 else -math.inf
    drawn = scores[(scores >= bottom) & (scores <= top)]
    parts = []
    if top < math.inf:
        count = int((scores > top).sum())
        parts.append(f"{count} above {format_number(top)}, the 99th percentile (up to {format_number(scores.max())})")
    if bottom > -math.inf:
        count = int((scores < bottom).sum())
        parts.append(
            f"{count} below {format_number(bottom)}, the 1st percentile (down to {format_number(scores.min())})"
        )
    return drawn.tolist(), f"Not drawn: {'; '.join(parts)}." if parts else ""


def curves(lines: Sequence[Curve], *, title: str, x_label: str = "", y_label: str = "") -> Markup:
    """Draw lines over a common axis, with a legend; gaps where a value is None.

    Raises:
        StatsError: There is no value, or one that is not finite.
    """
    pairs = [(a, b) for line in lines for a, b in zip(line.x, line.y, strict=True) if b is not None]
    if not pairs or not all(math.isfinite(v) for pair in pairs for v in pair):
        raise StatsError(f"{title}: curves need finite values, got {len(pairs)}")
    x_low, x_high = _padded(min(p[0] for p in pairs), max(p[0] for p in pairs), share=0.0)
    y_low, y_high = _padded(min(p[1] for p in pairs), max(p[1] for p in pairs))
    x = _Axis(low=x_low, high=x_high, start=_LEFT, end=WIDTH - _RIGHT)
    y = _Axis(low=y_low, high=y_high, start=HEIGHT - _BOTTOM, end=_TOP)
    parts = [_y_grid(y, _ticks(y_low, y_high)), _x_axis(x, HEIGHT - _BOTTOM, x_label)]
    for i, line in enumerate(lines):
        parts += _curve(line, x, y, f"curve series-{i % 8}")
    if y_label:
        parts.append(Markup('<text class="label" x="{}" y="{}">{}</text>').format(2, _TOP - 3, y_label))
    names = [Markup('<span class="key series-{}">{}</span>').format(i % 8, line.name) for i, line in enumerate(lines)]
    legend = Markup('<figcaption class="legend">{}</figcaption>').format(Markup(" ").join(names))
    return Markup('<figure class="curves">{}{}</figure>').format(_svg(parts, title), legend)


def _curve(line: Curve, x: _Axis, y: _Axis, css: str) -> list[Markup]:
    parts: list[Markup] = []
    stretch: list[str] = []
    for a, b in [*zip(line.x, line.y, strict=True), (0.0, None)]:
        if b is not None:
            stretch.append(f"{x(a):.1f},{y(b):.1f}")
            tip = escape(f"{line.name}: {format_number(a)}, {format_number(b)}")
            dot = Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="2.5"><title>{}</title></circle>')
            parts.append(dot.format(css, x(a), y(b), tip))
        elif stretch:
            parts.append(Markup('<polyline class="{}" points="{}"/>').format(css, " ".join(stretch)))
            stretch = []
    return parts


def _svg(parts: Sequence[Markup], label: str) -> Markup:
    head = Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, label)
    return head + Markup("").join(parts) + Markup("</svg>")


def _rect(left: float, top: float, width: float, height: float, *, css: str, tip: str = "") -> Markup:
    title = Markup("<title>{}</title>").format(tip) if tip else Markup("")
    shape = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">{}</rect>')
    return shape.format(css, left, top, max(width, 0.5), height, title)


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    shape = Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
    return shape.format(css, x1, y1, x2, y2)


def _x_axis(x: _Axis, base: float, label: str) -> Markup:
    parts = [_line(x.start, base, x.end, base, "axis")]
    text = Markup('<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>')
    parts += [text.format(x(t), base + 15, _tick_text(t)) for t in _ticks(x.low, x.high)]
    if label:
        end = Markup('<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>')
        parts.append(end.format(x.end, base + 30, label))
    return Markup("").join(parts)


def _y_grid(y: _Axis, ticks: Sequence[float]) -> Markup:
    text = Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>')
    parts = []
    for tick in ticks:
        parts.append(_line(_LEFT, y(tick), WIDTH - _RIGHT, y(tick), "grid"))
        parts.append(text.format(_LEFT - 5, y(tick) + 3.5, _tick_text(tick)))
    return Markup("").join(parts)


def _tick_text(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _padded(low: float, high: float, *, share: float = 0.04) -> tuple[float, float]:
    """Widen limits by a share of their distance; equal limits are moved apart."""
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-12):
        room = abs(low) * 0.1 or 0.5
        return low - room, high + room
    room = (high - low) * share
    return low - room, high + room


def _num_bins(scores: np.ndarray[Any, Any]) -> int:
    """Return the number of bins by Freedman and Diaconis, between 8 and 40."""
    quarters = np.quantile(scores, (0.25, 0.75))
    spread, extent = float(quarters[1] - quarters[0]), float(np.ptp(scores))
    if spread <= 0 or extent <= 0:
        return 20
    return int(np.clip(math.ceil(extent / (2 * spread / len(scores) ** (1 / 3))), 8, 40))


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about `count` round numbers between the limits."""
    raw = (high - low) / count
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(s * scale for s in (1, 2, 2.5, 5, 10) if s * scale >= raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]


def _nice_top(count: int) -> int:
    scale = 10 ** max(0, math.floor(math.log10(count)))
    return next(int(s * scale) for s in (1, 2, 3, 4, 5, 6, 8, 10) if s * scale >= count)


def _count_ticks(top: int) -> list[float]:
    return [0.0, float(top)] if top % 2 else [0.0, top / 2, float(top)]
