"""The part of `avmeter score --shard` that differs from a whole run: one part of the set, and no corpus scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avmeter.cli.exit_codes import EXIT_NOTHING, EXIT_SKIPPED
from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.journal import journal_of
from avmeter.cli.messages import say
from avmeter.cli.progress import progress_bar
from avmeter.errors import UsageError

if TYPE_CHECKING:
    from avmeter.evaluator import Evaluator
    from avmeter.run import Grouping
    from avmeter.sample import Sample
    from avmeter.shards import ScoredShard, Shard


@dataclass(frozen=True, kw_only=True)
class ShardJob:
    """What is scored and written.

    Attributes:
        shard: Which part of the set.
        out: Run folder.
        metrics: Names of the metrics.
        grouping: How the samples of the set belong together.
        with_groups: Corpus scores of groups are expected of the merged run.
        origin: What else the provenance says of the run.
    """

    shard: Shard
    out: Path
    metrics: Sequence[str]
    grouping: Grouping
    with_groups: bool
    origin: Mapping[str, Any]


def find_shard(text: str | None, out: Path | None) -> tuple[Shard | None, Path | None]:
    """Return the shard that `--shard` names, and the folder with `{shard}` replaced by its name.

    Raises:
        UsageError: There is no such shard, or no folder.
    """
    if text is None:
        return None, out
    from avmeter.runtime.environment import launcher_variables
    from avmeter.shards.shard import PLACEHOLDER, Shard

    shard = Shard.parse(text, launcher_variables())
    if out is None:
        raise UsageError("--shard needs --out, a folder for each shard", hint=f"--out run/{PLACEHOLDER}")
    return shard, Path(str(out).replace(PLACEHOLDER, shard.name))


def refuse_other_shard(out: Path, shard: Shard | None) -> None:
    """Refuse to replace another shard: the same folder for all would leave the last one alone.

    Raises:
        UsageError: The folder holds one.
    """
    if shard is None:
        return
    from avmeter.run import facts_of_run
    from avmeter.shards.facts import SHARD
    from avmeter.shards.shard import PLACEHOLDER

    facts = (facts_of_run(out) or {}).get("provenance", {}).get(SHARD)
    if isinstance(facts, dict) and (facts.get("index"), facts.get("count")) != (shard.index, shard.count):
        raise UsageError(
            f"{out} holds shard {facts.get('index')} of {facts.get('count')}, and is not replaced by {shard}",
            hint=f"give each shard a folder of its own: --out run/{PLACEHOLDER}",
        )


def run_shard(
    evaluator: Evaluator, samples: Sequence[Sample], job: ShardJob, interrupts: Interrupts, *, strict: bool
) -> int:
    """Score and write a shard; return the exit code."""
    from avmeter.engine.executors.base import RunWatch
    from avmeter.run import write_run
    from avmeter.shards import plan_shard, score_shard

    plan = plan_shard(
        evaluator,
        samples,
        job.shard,
        metrics=job.metrics,
        grouping=job.grouping,
        with_groups=job.with_groups,
        origin=job.origin,
    )
    say(f"{job.shard}: samples {plan.positions.start + 1} to {plan.positions.stop} of {len(samples)}")
    facts = {**evaluator.describe(job.metrics), **plan.provenance}
    with interrupts.deferred():
        with (
            journal_of(job.out, len(plan.positions), facts) as on_rows,
            progress_bar(len(plan.positions), "scoring", activity=evaluator.activity) as on_progress,
        ):
            watch = RunWatch(progress=on_progress, should_stop=interrupts.should_stop, on_rows=on_rows)
            scored = score_shard(evaluator, samples, plan, watch=watch)
        with interrupts.saving():
            write_run(scored.results, job.out, states=scored.states)
            if scored.states is None:
                say(f"written: {job.out}; {scored.results.provenance['notes'][0]}; the same command goes on from there")
            else:
                say(f"written: {job.out}, to be merged with the other shards: avmeter merge {job.out.parent} --out RUN")
        if interrupts.is_requested:
            raise Interrupted
        evaluator.shutdown()
    return _exit_code(scored, strict=strict)


def _exit_code(scored: ScoredShard, *, strict: bool) -> int:
    results = [r for row in scored.results for r in row.values()]
    is_scored = scored.num_used or any(r.score is not None for r in results)
    if len(scored.results) and not is_scored:
        return EXIT_NOTHING
    return EXIT_SKIPPED if strict and (scored.num_left_out or any(r.skip is not None for r in results)) else 0
