"""Which part of a set a process has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from avmeter.errors import UsageError

PLACEHOLDER = "{shard}"
"""Stands in the name of an output folder for the shard's own name."""

_FORM = re.compile(r"(\d{1,9})/(\d{1,9})")
_HINT = "--shard 2/8 is the second of eight; --shard auto takes it from a Slurm array, or from RANK and WORLD_SIZE"


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One of several parts of a set, of consecutive samples, as equal in number as can be.

    Attributes:
        index: From 1.
        count: Number of shards.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise UsageError(f"shard {self.index} of {self.count}: shards count from 1", hint=_HINT)

    def __str__(self) -> str:
        return f"shard {self.index} of {self.count}"

    @property
    def name(self) -> str:
        """For a folder; names sort by index."""
        return f"{self.index:0{len(str(self.count))}d}-of-{self.count}"

    @classmethod
    def parse(cls, text: str, environment: Mapping[str, str]) -> Shard:
        """Parse "2/8", or find out with "auto".

        Raises:
            UsageError: It is neither, or the environment does not say.
        """
        if text == "auto":
            return cls.from_environment(environment)
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise UsageError(f"--shard {text} is not of the form INDEX/COUNT", hint=_HINT)
        return cls(index=int(found[1]), count=int(found[2]))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Shard:
        """Find out from what Slurm and torchrun tell their processes; both together divide further.

        Slurm: SLURM_ARRAY_TASK_ID, _COUNT, _MIN (0 where absent), _STEP. torchrun and most launchers: RANK, WORLD_SIZE.

        Raises:
            UsageError: Neither is there, or numbers do not fit together, as in an array with gaps.
        """
        position, count = 0, 1
        if "SLURM_ARRAY_TASK_ID" in environment:
            task, count = (_number(environment, f"SLURM_ARRAY_TASK_{n}") for n in ("ID", "COUNT"))
            first, step = (_number(environment, f"SLURM_ARRAY_TASK_{n}", d) for n, d in (("MIN", 0), ("STEP", 1)))
            position = (task - first) // step if step > 0 and (task - first) % step == 0 else -1
            if not 0 <= position < count:
                raise UsageError(
                    f"task {task} of a Slurm array of {count} that begins at {first}: tasks are not numbered through",
                    hint=f"number them through, or name the shard: --shard $SLURM_ARRAY_TASK_ID/COUNT. {_HINT}",
                )
        elif "RANK" not in environment:
            raise UsageError("--shard auto: neither SLURM_ARRAY_TASK_ID nor RANK is set", hint=_HINT)
        if "RANK" in environment:
            rank, size = _number(environment, "RANK"), _number(environment, "WORLD_SIZE")
            if not 0 <= rank < size:
                raise UsageError(f"RANK={rank} with WORLD_SIZE={size}", hint="ranks count from 0")
            position, count = position * size + rank, count * size
        return cls(index=position + 1, count=count)

    def positions(self, num_samples: int) -> range:
        """Return the positions of the shard's samples in a set; none where there are more shards than samples."""
        return range((self.index - 1) * num_samples // self.count, self.index * num_samples // self.count)


def _number(environment: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = environment.get(name, "")
    if not text and default is not None:
        return default
    if not re.fullmatch(r"\d{1,9}", text):
        raise UsageError(f"--shard auto: {name} is {text!r}, not a number", hint=_HINT)
    return int(text)
