"""One shard is scored."""

from __future__ import annotations

import pytest

from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.registry import register
from avmeter.sample import as_samples
from avmeter.shards import Shard, plan_shard
from support.registrations import forgotten_registrations


class Levels:
    """Sum of levels, in a form that only this process knows."""

    def reset(self) -> None:
        self.total = 0.0

    def accumulate(self, sample: dict[str, float]) -> None:
        self.total += sample["level"]

    def merge_from(self, other: Levels) -> None:
        self.total += other.total

    def finalize(self) -> float:
        return self.total


def test_metric_whose_state_cannot_be_written_is_refused_before_anything_is_scored() -> None:
    """By name, with the way out."""
    with forgotten_registrations():
        register("user.levels")(Levels)
        evaluator = Evaluator(["user.levels"], "cpu")
        samples = as_samples([{"level": 1.0}])
        with pytest.raises(UsageError, match=r"user\.levels: what it collects cannot be written"):
            plan_shard(evaluator, samples, Shard(index=1, count=2), metrics=["user.levels"])
