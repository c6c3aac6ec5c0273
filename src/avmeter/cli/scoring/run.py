"""Running a prepared job, whole or as a shard, and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from avmeter.cli.conditions import Condition, code_after_conditions, require_metrics
from avmeter.cli.config_file import CONFIG
from avmeter.cli.exit_codes import EXIT_NOTHING, EXIT_SKIPPED, EXIT_UNSCORED
from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.journal import journal_of
from avmeter.cli.json_output import show_json
from avmeter.cli.messages import fail
from avmeter.cli.progress import progress_bar
from avmeter.cli.scoring.block import format_duration, say_lines
from avmeter.cli.scoring.check import check_job, fetch_for
from avmeter.cli.scoring.prepare import ScoreJob
from avmeter.cli.scoring.request import ScoreRequest
from avmeter.cli.scoring.write import write_and_show, write_partial
from avmeter.cli.shards import ShardJob, run_shard
from avmeter.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from avmeter.evaluator import Evaluator
    from avmeter.preflight import Preflight
    from avmeter.run import EvalResults
    from avmeter.shards import Shard


def run_job(job: ScoreJob, request: ScoreRequest, interrupts: Interrupts) -> int:
    """Check, score, write and print; return the exit code.

    Raises:
        UsageError: No metric has the inputs that it needs; what was asked of a shard is of the whole run only; a
            condition is of a metric that is not computed.
        Interrupted: The run was ended early; what was finished is written.
    """
    interrupts.has_store = not request.no_store
    conditions = [Condition.parse(text) for text in request.fail_if]
    require_metrics(conditions, job.evaluator.metric_names)
    if job.shard is not None and not request.dry_run:
        _refuse_of_shard(request)
    preflight = check_job(job, is_agreed=request.fetch)
    if request.dry_run:
        if request.as_json:
            show_json(preflight.payload())
        return 0
    job, preflight = fetch_for(job, preflight, is_agreed=request.fetch)
    if not preflight.metrics:
        fail("nothing can be scored: no metric has its checkpoints")
        return EXIT_NOTHING
    if job.shard is not None and job.out is not None:
        return _run_part(job, job.shard, job.out, preflight.metrics, interrupts, strict=request.strict)
    evaluator = job.evaluator
    with interrupts.deferred():
        results = _evaluate(job, preflight, interrupts)
        results.provenance = {**results.provenance, CONFIG: dict(request.resolved)}
        _group(job, results, interrupts)
        with interrupts.saving():
            if results.provenance.get("partial"):
                write_partial(results, job.out)
            else:
                shown = "json" if request.as_json else request.output_format
                write_and_show(results, job.out, shown, most_drawn=request.thumbnails, conditions=conditions)
        if interrupts.is_requested:
            raise Interrupted
        remember_rates(evaluator, results)
        say_lines([end_line(results)])
        evaluator.shutdown()
    named = [name for name in evaluator.metrics if name in job.chosen.explicit]
    return code_after_conditions(exit_code(results, strict=request.strict, named=named), conditions, results)


def _refuse_of_shard(request: ScoreRequest) -> None:
    """Refuse what would be silently without effect."""
    given = [word for word, value in (("--fail-if", request.fail_if), ("--json", request.as_json)) if value]
    if given:
        raise UsageError(
            f"{' and '.join(given)} with --shard: a part of a set has no scores of its own",
            hint=f"leave it to `avmeter merge ... {' '.join(given)}`",
        )


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


def _evaluate(job: ScoreJob, preflight: Preflight, interrupts: Interrupts) -> EvalResults:
    """Run the metrics that can be; rows go to the disk as they come."""
    evaluator, samples, names = job.evaluator, job.samples, preflight.metrics
    with (
        journal_of(job.out, len(samples), evaluator.describe(names)) as on_rows,
        progress_bar(len(samples), "scoring", activity=evaluator.activity) as on_progress,
    ):
        results = evaluator.evaluate(
            samples=samples,
            metrics=names,
            progress=on_progress,
            should_stop=interrupts.should_stop,
            on_rows=on_rows,
        )
    facts: dict[str, Any] = {"not_run": dict(preflight.not_run)} if preflight.not_run else {}
    if job.chosen.preset is not None:
        facts["preset"] = job.chosen.preset.name
    results.provenance = {**results.provenance, **facts}
    return results


def _group(job: ScoreJob, results: EvalResults, interrupts: Interrupts) -> None:
    """Say which samples belong together, and compute corpus scores of the groups where their features are stored."""
    from avmeter.run import Grouping

    if job.grouping != Grouping():
        results.group(cluster=job.grouping.cluster, by=job.grouping.by)
    if job.grouping.by and interrupts.has_store and not interrupts.is_requested:
        job.evaluator.evaluate_groups(results, should_stop=interrupts.should_stop)


def remember_rates(evaluator: Evaluator, results: EvalResults) -> None:
    """Remember how fast this machine was, for the estimates of later runs."""
    from avmeter.preflight.plan import rates_of

    if evaluator.config.executor == "local":
        rates_of(evaluator).record(results.provenance["seconds_per_feature"])


def end_line(results: EvalResults) -> str:
    """Return how long a run took, how many features it computed and how often it read one from the store."""
    facts = results.provenance
    num_clips = len(results.scored_positions)
    num_reads, num_computed = facts["store_reads"], sum(facts["computed"].values())
    clips = "1 clip" if num_clips == 1 else f"{num_clips} clips"
    took = format_duration(facts["duration_s"])
    features = "1 feature" if num_computed == 1 else f"{num_computed} features"
    reads = "1 read" if num_reads == 1 else f"{num_reads} reads"
    return f"{clips} in {took}; {features} computed, {reads} from the store"


def exit_code(results: EvalResults, *, strict: bool, named: Sequence[str] = ()) -> int:
    """Return how a command ends that scored.

    Args:
        results: What came of it.
        strict: Skips are failures.
        named: Metrics that must have some score.

    Returns:
        3 if nothing was scored, 4 if a named metric has no score, 1 if with `strict` something was skipped, else 0.
    """
    everything = [r for row in results for r in row.values()] + list(results.corpus.values())
    if not any(r.score is not None for r in everything):
        return EXIT_NOTHING
    scored = {name for row in (*results, results.corpus) for name, r in row.items() if r.score is not None}
    absent = [name for name in named if name not in scored]
    if absent:
        fail(f"no score at all: {', '.join(absent)}")
        return EXIT_UNSCORED
    return EXIT_SKIPPED if strict and any(r.skip is not None for r in everything) else 0
