"""The lines that say what a run will do, before it starts."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from avmeter.cli.messages import say
from avmeter.metrics.reasons import names_by_reason

if TYPE_CHECKING:
    from avmeter.manifest import SampleList
    from avmeter.preflight import MissingCheckpoint, Preflight

_HOUR_S, _MINUTE_S = 3600, 60


def say_block(preflight: Preflight, samples: SampleList, *, fetching: str) -> None:
    """Print what is known of a run, to standard error.

    Args:
        preflight: What is known.
        samples: The set.
        fetching: What the run itself does about checkpoints that are missing.
    """
    not_run = [*not_run_lines(preflight.not_run), *_no_score_lines(preflight.no_score)]
    say_lines([*_clip_lines(preflight, samples), *not_run, *_work_lines(preflight, fetching)])


def say_lines(lines: Sequence[str]) -> None:
    """Print lines, on a terminal wrapped to its width with their continuations indented."""
    if not lines:
        return
    if not sys.stderr.isatty():
        say("\n".join(lines))
        return
    from rich.console import Console

    width = Console(stderr=True).width
    for line in lines:
        say(textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))


def not_run_lines(not_run: Mapping[str, str]) -> list[str]:
    """Return a line for each reason, with the metrics that it is of."""
    return [f"not run, {reason}: {', '.join(names)}" for reason, names in names_by_reason(not_run).items()]


def _no_score_lines(no_score: Mapping[str, str]) -> list[str]:
    return [f"will have no score, {why}: {', '.join(names)}" for why, names in names_by_reason(no_score).items()]


def format_bytes(size: int | None, *, is_exact: bool = True) -> str:
    """Format a size in kilobytes, megabytes or gigabytes, each up to a thousand of them."""
    if size is None:
        return "size unknown"
    about = "" if is_exact else "about "
    if size >= 1e9:
        return f"{about}{size / 1e9:.1f} GB"
    if size < 1e6:
        return f"{about}{size / 1e3:.1f} kB"
    return f"{about}{size / 1e6:,.0f} MB" if size >= 1e7 else f"{about}{size / 1e6:.1f} MB"


def format_duration(seconds: float) -> str:
    """Format seconds as people say them."""
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    hours, minutes = divmod(round(seconds / _MINUTE_S), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _clip_lines(preflight: Preflight, samples: SampleList) -> list[str]:
    lines = samples.pairing.lines()
    counts = {preflight.num_clips, preflight.num_clips + preflight.num_references}
    columns = [name if n in counts else f"{name} ({n})" for name, n in preflight.columns.items()]
    return [*lines, f"columns: {', '.join(columns)}", f"metrics: {', '.join(preflight.metrics) or 'none'}"]


def _work_lines(preflight: Preflight, fetching: str) -> list[str]:
    lines = _missing_lines(preflight)
    if preflight.missing:
        names = " ".join(m.name for m in preflight.missing)
        lines.append(f"fetch: avmeter weights fetch {names} ({_total(preflight)}); {fetching}")
    if not preflight.metrics:
        return lines
    if preflight.num_looked_up:
        among = (
            ""
            if preflight.num_looked_up == preflight.num_clips + preflight.num_references
            else (f", of the first {preflight.num_looked_up} clips")
        )
        lines.append(f"in the store: {preflight.store.num_stored} of {preflight.store.num_needed} features{among}")
    return [*lines, f"time: {_time(preflight)}"]


def _missing_lines(preflight: Preflight) -> list[str]:
    """Return a line for each checkpoint that metrics lack, and one for all whose metrics are named as not run."""
    lines, sizes = [], []
    for missing in preflight.missing:
        size = format_bytes(missing.size_bytes, is_exact=missing.is_exact)
        what = _what_it_costs(missing, preflight.not_run)
        if what:
            lines.append(f"missing: {missing.name}, {size}{what}")
        else:
            sizes.append(f"{missing.name} ({size})")
    return [*lines, *([f"missing: {', '.join(sizes)}"] if sizes else [])]


def _what_it_costs(missing: MissingCheckpoint, not_run: Mapping[str, str]) -> str:
    stopped, lessened = ([n for n in names if n not in not_run] for names in (missing.metrics, missing.optional_for))
    stops = f"; without it not run: {', '.join(stopped)}" if stopped else ""
    return stops + (f"; without it less is measured by: {', '.join(lessened)}" if lessened else "")


def _total(preflight: Preflight) -> str:
    known = sum(m.size_bytes or 0 for m in preflight.missing)
    is_exact = all(m.is_exact for m in preflight.missing)
    if all(m.size_bytes is not None for m in preflight.missing):
        return format_bytes(known, is_exact=is_exact)
    return f"{format_bytes(known)} and what has no known size" if known else "size unknown"


def _time(preflight: Preflight) -> str:
    estimate = preflight.estimate
    if estimate.seconds is None:
        return "unknown, nothing like it was run on this machine yet"
    about = f"about {format_duration(estimate.seconds)}" if estimate.seconds >= 1 else "about a second"
    if estimate.unmeasured:
        return f"{about} and what was never run on this machine: {', '.join(estimate.unmeasured)}"
    return f"{about}, by earlier runs on this machine"
