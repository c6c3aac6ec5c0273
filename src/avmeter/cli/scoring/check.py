"""Before anything is computed: which metrics run and why the others do not, and what is fetched for them."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from avmeter.cli.fetching import fetch_checkpoints
from avmeter.cli.messages import say
from avmeter.cli.scoring.block import format_bytes, not_run_lines, say_block, say_lines
from avmeter.cli.scoring.prepare import ScoreJob
from avmeter.errors import UsageError

if TYPE_CHECKING:
    from avmeter.preflight import MissingCheckpoint, Preflight

UNASKED_BYTES = 1_000_000_000
"""So much is fetched without a question."""


def check_job(job: ScoreJob, *, is_agreed: bool) -> Preflight:
    """Find out what the job will do, and print it.

    Args:
        job: The job.
        is_agreed: The user agreed on the command line to fetch anything.

    Raises:
        UsageError: No metric has the inputs that it needs.
    """
    preflight = _look_ahead(job)
    if not preflight.metrics and not preflight.stopped:
        say_lines(not_run_lines(preflight.not_run))
        raise UsageError("no metric has what it needs", hint="see `avmeter list` for what each metric needs")
    say_block(preflight, job.samples, fetching=_fetching(preflight, is_agreed=is_agreed))
    return preflight


def fetch_for(job: ScoreJob, preflight: Preflight, *, is_agreed: bool) -> tuple[ScoreJob, Preflight]:
    """Fetch what the metrics lack, if it is little or the user agrees.

    Args:
        job: The job.
        preflight: What is known of it.
        is_agreed: The user agreed on the command line to fetch anything.

    Returns:
        Both again; without the metrics whose checkpoints were not fetched, unless their features are stored.
    """
    lacking = _to_fetch(preflight)
    if not lacking:
        return job, preflight
    if is_agreed or _is_little(lacking) or _agrees(lacking):
        names = [m.name for m in lacking]
        if not fetch_checkpoints(names, job.evaluator.config.weights_source):
            return job, preflight
    else:
        say("not fetched, being more than 1 GB: --fetch fetches it")
    local = _without_network(job)
    left = _look_ahead(local)
    said = {*preflight.not_run, *(n for m in preflight.missing for n in m.metrics)}  # what is missing was named with it
    say_lines(not_run_lines({n: reason for n, reason in left.not_run.items() if n not in said}))
    return local, left


def _look_ahead(job: ScoreJob) -> Preflight:
    from avmeter.preflight import look_ahead
    from avmeter.sample import as_samples

    items = as_samples(job.samples, access=job.evaluator.config.remote_access)
    return look_ahead(job.evaluator, items, explicit=job.chosen.explicit)


def _fetching(preflight: Preflight, *, is_agreed: bool) -> str:
    """Return what the run itself will do about checkpoints that are missing."""
    lacking = _to_fetch(preflight)
    if preflight.offline_because:
        return f"{preflight.offline_because} forbids the network, so the run fetches nothing"
    if _is_stored(preflight):
        return "the run fetches nothing, as all features are in the store"
    if not lacking:
        return "the run fetches nothing"
    if is_agreed or _is_little(lacking):
        return "else fetched at the start of the run, unless AVMETER_OFFLINE is set"
    return "more than 1 GB, so the run fetches it with --fetch only, or after a yes at the terminal"


def _is_stored(preflight: Preflight) -> bool:
    return preflight.num_looked_up > 0 and preflight.store.num_stored == preflight.store.num_needed


def _to_fetch(preflight: Preflight) -> Sequence[MissingCheckpoint]:
    """Return what would be fetched; nothing if every feature is stored already, or the network is forbidden."""
    if preflight.offline_because or _is_stored(preflight):
        return ()
    chosen = set(preflight.metrics)
    return [m for m in preflight.missing if m.has_source and chosen & {*m.metrics, *m.optional_for}]


def _is_little(missing: Sequence[MissingCheckpoint]) -> bool:
    from avmeter.preflight.checkpoints import total_bytes

    total = total_bytes(missing)
    return total is not None and total <= UNASKED_BYTES


def _agrees(missing: Sequence[MissingCheckpoint]) -> bool:
    """Ask, where somebody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    import typer

    known = sum(m.size_bytes or 0 for m in missing)
    more = "" if all(m.size_bytes is not None for m in missing) else " or more"
    question = f"fetch {', '.join(m.name for m in missing)}: {format_bytes(known)}{more}?"
    return typer.confirm(question, default=False, err=True)


def _without_network(job: ScoreJob) -> ScoreJob:
    """Return the job with an evaluator that fetches nothing."""
    from avmeter.evaluator import Evaluator

    config = job.evaluator.config
    source = dataclasses.replace(config.weights_source, may_fetch=False)
    job.evaluator.shutdown()
    local = Evaluator.from_config(job.chosen.metrics, dataclasses.replace(config, weights=source))
    return dataclasses.replace(job, evaluator=local)
