"""The scoring of one shard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.engine.executors.base import RunWatch
from avmeter.engine.executors.corpus import CorpusState
from avmeter.engine.states import SetName, encode_states, refuse_unwritable_states
from avmeter.evaluator import Evaluator
from avmeter.manifest import identical_pairs
from avmeter.run import EvalResults, Grouping
from avmeter.sample import Sample
from avmeter.shards.facts import SHARD, config_facts, hash_of_inputs
from avmeter.shards.shard import Shard

ALL: SetName = ("all",)
CONTEXT: SetName = ("context",)
GROUP = "group"


@dataclass(frozen=True, kw_only=True)
class ShardPlan:
    """What a shard will be.

    Attributes:
        shard: Which part of the set.
        positions: Of its samples in the set.
        metrics: Names of the metrics, the same for every shard.
        by: Columns whose groups get corpus scores.
        provenance: What the run folder will say of it, beside what was computed.
    """

    shard: Shard
    positions: range
    metrics: Sequence[str]
    by: tuple[str, ...]
    provenance: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ScoredShard:
    """A shard to be written.

    Attributes:
        results: Rows of its samples; no corpus scores.
        states: What corpus metrics have collected, as a file; None where the run was ended early.
        num_used: Samples that took part in corpora, over all metrics.
        num_left_out: Those that did not.
    """

    results: EvalResults
    states: bytes | None
    num_used: int = 0
    num_left_out: int = 0


def plan_shard(
    evaluator: Evaluator,
    samples: Sequence[Sample],
    shard: Shard,
    *,
    metrics: Sequence[str],
    grouping: Grouping | None = None,
    with_groups: bool = False,
    origin: Mapping[str, Any] | None = None,
) -> ShardPlan:
    """Plan one shard of a set.

    Args:
        evaluator: With the metrics.
        samples: The whole set, the same for every shard.
        shard: Which part of it.
        metrics: Names of the metrics, the same for every shard.
        grouping: How the samples of the set belong together.
        with_groups: Collect for every group of `grouping.by` what its corpus scores need; it reads features a second
            time, which should come out of a store.
        origin: What else the provenance says of the run, the same for every shard.

    Raises:
        UsageError: What a metric collects cannot be written to a file.
    """
    refuse_unwritable_states({name: evaluator.metrics[name] for name in metrics})
    grouping = grouping or Grouping()
    positions = shard.positions(len(samples))
    facts = {
        "index": shard.index, "count": shard.count, "start": positions.start, "stop": positions.stop,
        "num_samples": len(samples), "inputs": hash_of_inputs(samples), "metrics": list(metrics),
        **config_facts(evaluator.config),
        "same_as_reference": identical_pairs(samples[positions.start : positions.stop]),
        "grouping": grouping.to_facts(), "doubts": evaluator.notes_about(metrics),
    }  # fmt: skip
    note = f"{shard}: samples {positions.start + 1} to {positions.stop} of {len(samples)}, without corpus scores"
    return ShardPlan(
        shard=shard,
        positions=positions,
        metrics=metrics,
        by=grouping.by if with_groups else (),
        provenance={**(origin or {}), SHARD: facts, "notes": [note]},
    )


def score_shard(
    evaluator: Evaluator, samples: Sequence[Sample], plan: ShardPlan, *, watch: RunWatch | None = None
) -> ScoredShard:
    """Score a shard.

    Args:
        evaluator: With the metrics.
        samples: The whole set.
        plan: Which part of it, and how.
        watch: Who follows the run, and may stop it.
    """
    watch = watch or RunWatch()
    own = list(samples[plan.positions.start : plan.positions.stop])
    part = evaluator.evaluate_part(
        own, metrics=plan.metrics, progress=watch.progress, should_stop=watch.should_stop, on_rows=watch.on_rows
    )
    found: dict[str, Any] = {**part.provenance, **plan.provenance}
    if part.provenance.get("partial"):
        partial = f"partial: {part.provenance['num_finished']} of {len(own)} samples were finished"
        found["notes"] = [partial, *plan.provenance["notes"]]
        return ScoredShard(results=EvalResults(part.rows, samples=own, provenance=found), states=None)
    sets: dict[SetName, Mapping[str, CorpusState]] = {ALL: part.states}
    if plan.by:
        groups = evaluator.evaluate_groups_of_part(samples, plan.positions, by=plan.by, metrics=plan.metrics)
        sets |= {(GROUP, *key) if key else CONTEXT: states for key, states in groups.items()}
    return ScoredShard(
        results=EvalResults(part.rows, samples=own, provenance=found),
        states=encode_states(sets, {name: evaluator.metrics[name] for name in plan.metrics}),
        num_used=sum(s.num_used for s in part.states.values()),
        num_left_out=sum(s.left_out.total() for s in part.states.values()),
    )
