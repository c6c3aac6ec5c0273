"""What every rank has of a step, sent to all: its part, or why it has none.

A rank whose scoring failed must not leave the others waiting for it, and one that died must not do so for ever. So
failures are sent like parts, over a group of its own (gloo, on the host) with a time limit; the trainer's group, its
order of operations and its limit are not touched.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch.distributed

from avmeter.engine.executors.part import PartialRun
from avmeter.errors import AvmeterError


class RanksError(AvmeterError):
    """The parts of all ranks did not come together."""


@dataclass(frozen=True, kw_only=True)
class RankPart:
    """What one rank has of a step.

    Attributes:
        step: Of the training.
        part: Rows of its clips and corpus states; None if its scoring failed.
        failure: Why, in a sentence.
    """

    step: int
    part: PartialRun | None
    failure: str = ""


class RankExchange:
    """Sends what each rank has to all others; every rank creates it at the same point of its program.

    Args:
        timeout_s: How long a rank waits for the slowest, seconds.
        ranks: Ranks that take part; default is all.

    Attributes:
        rank: Of this process among those that take part, 0 where there are no others.
    """

    def __init__(self, *, timeout_s: float, ranks: Sequence[int] | None = None) -> None:
        self._group: Any = None
        self._is_lost = False
        self._timeout_s = timeout_s
        self.rank, self._num_ranks = 0, 1
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            limit = datetime.timedelta(seconds=timeout_s)
            self._group = torch.distributed.new_group(
                None if ranks is None else list(ranks), timeout=limit, backend="gloo"
            )
            self.rank = torch.distributed.get_rank(self._group)
            self._num_ranks = torch.distributed.get_world_size(self._group)

    def gather(self, own: RankPart) -> list[PartialRun]:
        """Return the parts of all ranks, in their order, on every rank.

        Raises:
            RanksError: One failed, is at another step, or did not come within the time limit; after the latter, every
                further call.
        """
        found = self._send(own)
        steps = {part.step for part in found}
        if len(steps) > 1:
            raise RanksError(f"ranks are at different steps: {', '.join(map(str, sorted(steps)))}")
        failures = [f"rank {rank}: {part.failure}" for rank, part in enumerate(found) if part.part is None]
        if failures:
            raise RanksError("; ".join(failures))
        parts = [part.part for part in found if part.part is not None]
        if len({tuple(part.states) for part in parts}) > 1:
            raise RanksError("ranks have different metrics", hint="build the evaluators with the same metrics=")
        return parts

    def _send(self, own: RankPart) -> list[RankPart]:
        if self._group is None:
            return [own]
        if self._is_lost:
            raise RanksError("ranks lost each other at an earlier step", hint="restart the training to score again")
        found: list[Any] = [None] * self._num_ranks
        try:
            torch.distributed.all_gather_object(found, own, group=self._group)
        except RuntimeError as error:  # of torch.distributed, a time limit too
            self._is_lost = True
            raise RanksError(f"a rank did not come within {self._timeout_s:g} s, or died: {error}") from error
        return found
