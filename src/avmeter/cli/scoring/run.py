"""Running a prepared job, whole or as a shard, and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from avmeter.cli.exit_codes import EXIT_NOTHING, EXIT_SKIPPED
from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.journal import journal_of
from avmeter.cli.progress import progress_bar
from avmeter.cli.scoring.check import choose_runnable
from avmeter.cli.scoring.prepare import ScoreJob
from avmeter.cli.scoring.request import ScoreRequest
from avmeter.cli.scoring.write import write_and_show
from avmeter.cli.shards import ShardJob, run_shard

if TYPE_CHECKING:
    from pathlib import Path

    from avmeter.run import EvalResults
    from avmeter.shards import Shard


def run_job(job: ScoreJob, request: ScoreRequest, interrupts: Interrupts) -> int:
    """Score, write and print; return the exit code.

    Raises:
        UsageError: No metric has the inputs that it needs.
        Interrupted: The run was ended early; what was finished is written.
    """
    interrupts.has_store = not request.no_store
    names = choose_runnable(job)
    if job.shard is not None and job.out is not None:
        return _run_part(job, job.shard, job.out, names, interrupts, strict=request.strict)
    evaluator = job.evaluator
    with interrupts.deferred():
        results = _evaluate(job, names, interrupts)
        _group(job, results, interrupts)
        with interrupts.saving():
            write_and_show(results, job.out, request.output_format)
        if interrupts.is_requested:
            raise Interrupted
        evaluator.shutdown()
    return exit_code(results, strict=request.strict)


def _run_part(
    job: ScoreJob, shard: Shard, out: Path, names: Sequence[str], interrupts: Interrupts, *, strict: bool
) -> int:
    from avmeter.sample import as_samples

    items = as_samples(job.samples, access=job.evaluator.config.remote_access)
    origin: dict[str, Any] = {"understood": job.samples.pairing.lines()}
    if job.chosen.preset is not None:
        origin["preset"] = job.chosen.preset.name
    part = ShardJob(
        shard=shard,
        out=out,
        metrics=names,
        grouping=job.grouping,
        with_groups=bool(job.grouping.by) and interrupts.has_store,
        origin=origin,
    )
    return run_shard(job.evaluator, items, part, interrupts, strict=strict)


def _evaluate(job: ScoreJob, names: Sequence[str], interrupts: Interrupts) -> EvalResults:
    """Run these metrics; rows go to the disk as they come."""
    evaluator, samples = job.evaluator, job.samples
    with (
        journal_of(job.out, len(samples), evaluator.describe(names)) as on_rows,
        progress_bar(len(samples), "scoring") as on_progress,
    ):
        results = evaluator.evaluate(
            samples=samples,
            metrics=names,
            progress=on_progress,
            should_stop=interrupts.should_stop,
            on_rows=on_rows,
        )
    if job.chosen.preset is not None:
        results.provenance = {**results.provenance, "preset": job.chosen.preset.name}
    return results


def _group(job: ScoreJob, results: EvalResults, interrupts: Interrupts) -> None:
    """Say which samples belong together, and compute corpus scores of the groups where their features are stored."""
    from avmeter.run import Grouping

    if job.grouping != Grouping():
        results.group(cluster=job.grouping.cluster, by=job.grouping.by)
    if job.grouping.by and interrupts.has_store and not interrupts.is_requested:
        job.evaluator.evaluate_groups(results, should_stop=interrupts.should_stop)


def exit_code(results: EvalResults, *, strict: bool) -> int:
    """Return 3 if nothing was scored, 1 if with `strict` something was skipped, else 0."""
    everything = [r for row in results for r in row.values()] + list(results.corpus.values())
    if not any(r.score is not None for r in everything):
        return EXIT_NOTHING
    return EXIT_SKIPPED if strict and any(r.skip is not None for r in everything) else 0
