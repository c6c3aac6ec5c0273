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


def score_shard(
    evaluator: Evaluator,
    samples: Sequence[Sample],
    shard: Shard,
    *,
    metrics: Sequence[str],
    grouping: Grouping | None = None,
    with_groups: bool = False,
    watch: RunWatch | None = None,
    origin: Mapping[str, Any] | None = None,
) -> ScoredShard:
    """Score one shard of a set.

    Args:
        evaluator: With the metrics.
        samples: The whole set, the same for every shard.
        shard: Which part of it.
        metrics: Names of the metrics, the same for every shard.
        grouping: How the samples of the set belong together.
        with_groups: Collect for every group of `grouping.by` what its corpus scores need; it reads features a second
            time, which should come out of a store.
        watch: Who follows the run, and may stop it.
        origin: What else the provenance says of the run, the same for every shard.

    Raises:
        UsageError: What a metric collects cannot be written to a file.
    """
    chosen = {name: evaluator.metrics[name] for name in metrics}
    refuse_unwritable_states(chosen)
    grouping, watch = grouping or Grouping(), watch or RunWatch()
    positions = shard.positions(len(samples))
    own = list(samples[positions.start : positions.stop])
    part = evaluator.evaluate_part(
        own, metrics=metrics, progress=watch.progress, should_stop=watch.should_stop, on_rows=watch.on_rows
    )
    facts = {
        "index": shard.index, "count": shard.count, "start": positions.start, "stop": positions.stop,
        "num_samples": len(samples), "inputs": hash_of_inputs(samples), "metrics": list(metrics),
        **config_facts(evaluator.config), "same_as_reference": identical_pairs(own),
        "grouping": grouping.to_facts(), "doubts": evaluator.notes_about(metrics),
    }  # fmt: skip
    notes = [f"{shard}: samples {positions.start + 1} to {positions.stop} of {len(samples)}, without corpus scores"]
    found: dict[str, Any] = {**part.provenance, **(origin or {}), SHARD: facts, "notes": notes}
    if part.provenance.get("partial"):
        notes.insert(0, f"partial: {part.provenance['num_finished']} of {len(own)} samples were finished")
        return ScoredShard(results=EvalResults(part.rows, samples=own, provenance=found), states=None)
    sets: dict[SetName, Mapping[str, CorpusState]] = {ALL: part.states}
    if with_groups:
        groups = evaluator.evaluate_groups_of_part(samples, positions, by=grouping.by, metrics=metrics)
        sets |= {(GROUP, *key) if key else CONTEXT: states for key, states in groups.items()}
    return ScoredShard(
        results=EvalResults(part.rows, samples=own, provenance=found),
        states=encode_states(sets, chosen),
        num_used=sum(s.num_used for s in part.states.values()),
        num_left_out=sum(s.left_out.total() for s in part.states.values()),
    )
