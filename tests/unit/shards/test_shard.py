"""Which part of a set a process has."""

from __future__ import annotations

import pytest

from avmeter.errors import UsageError
from avmeter.shards import Shard


@pytest.mark.parametrize(("num_samples", "count"), [(0, 3), (1, 3), (10, 3), (12, 4), (7, 9), (100_000, 64)])
def test_shards_share_out_every_sample_once_and_evenly(num_samples: int, count: int) -> None:
    """Consecutive samples, in order, and no shard has two more than another."""
    parts = [Shard(index=i, count=count).positions(num_samples) for i in range(1, count + 1)]
    assert [position for part in parts for position in part] == list(range(num_samples))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_shard_is_named_as_people_count() -> None:
    """From 1; names sort by index."""
    shard = Shard.parse("2/12", {})
    assert shard == Shard(index=2, count=12)
    assert str(shard) == "shard 2 of 12"
    assert shard.name == "02-of-12"


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/3/5", "", "1.5/3", "AUTO"])
def test_text_that_is_no_shard_is_refused(text: str) -> None:
    """With an example of one that is."""
    with pytest.raises(UsageError) as error:
        Shard.parse(text, {})
    assert "--shard 2/8" in error.value.hint


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ID": "0", "COUNT": "4", "MIN": "0"}, "1/4"),
        ({"ID": "4", "COUNT": "4", "MIN": "1"}, "4/4"),
        ({"ID": "4", "COUNT": "4", "MIN": "1", "MAX": "4", "STEP": "1"}, "4/4"),
        ({"ID": "30", "COUNT": "4", "MIN": "10", "STEP": "10"}, "3/4"),
        ({"ID": "3", "COUNT": "4"}, "4/4"),
    ],
)
def test_task_of_an_array_has_its_place_in_it(environment: dict[str, str], expected: str) -> None:
    """Whatever the first number and the step of the array are."""
    found = Shard.parse("auto", {f"SLURM_ARRAY_TASK_{name}": value for name, value in environment.items()})
    assert found == Shard.parse(expected, {})


def test_every_rank_has_a_shard_and_ranks_divide_tasks_of_an_array() -> None:
    """RANK counts from 0; with an array of such jobs no two processes have the same shard."""
    assert Shard.from_environment({"RANK": "2", "WORLD_SIZE": "4"}) == Shard(index=3, count=4)
    found = {
        Shard.from_environment(
            {
                "SLURM_ARRAY_TASK_ID": str(task),
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "0",
                "RANK": str(rank),
                "WORLD_SIZE": "2",
            }
        )
        for task in range(3)
        for rank in range(2)
    }
    assert found == {Shard(index=i, count=6) for i in range(1, 7)}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WORLD_SIZE": "4"},
        {"RANK": "0"},
        {"RANK": "4", "WORLD_SIZE": "4"},
        {"RANK": "one", "WORLD_SIZE": "4"},
        {"SLURM_ARRAY_TASK_ID": "4"},
        {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "4"},  # counted from 1, and no MIN says so
        {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1"},  # --array=1,5,7
        {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "9", "SLURM_ARRAY_TASK_MIN": "0",
         "SLURM_ARRAY_TASK_STEP": "2"},
    ],
)  # fmt: skip
def test_environment_that_does_not_say_is_refused(environment: dict[str, str]) -> None:
    """A guess would score some samples twice and others never."""
    with pytest.raises(UsageError):
        Shard.parse("auto", environment)
