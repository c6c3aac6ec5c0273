"""Parts of all ranks."""

from __future__ import annotations

import pytest

from avmeter.evaluator import Evaluator
from avmeter.training.rank_exchange import RankExchange, RankPart, RanksError
from support.levels import samples_of

pytestmark = pytest.mark.usefixtures("level_metrics")


def part(*levels: float, metrics=("user.level", "user.spread")):
    return Evaluator(list(metrics), "cpu").evaluate_part(samples_of(*levels))


class Ranks(RankExchange):
    """An exchange with others whose parts are known."""

    def __init__(self, *others: RankPart) -> None:
        super().__init__(timeout_s=1)
        self._others = others

    def _send(self, own):
        return [own, *self._others]


def test_process_that_is_alone_has_its_own_part() -> None:
    """Without torchrun nothing is sent."""
    exchange = RankExchange(timeout_s=1)
    own = part(0.1)
    assert exchange.gather(RankPart(step=1, part=own)) == [own]
    assert exchange.rank == 0


def test_failure_of_one_rank_is_known_to_all() -> None:
    """By its number and its reason, in place of waiting for it."""
    other = RankPart(step=1, part=None, failure="ValueError: no weights")
    with pytest.raises(RanksError, match="rank 1: ValueError: no weights"):
        Ranks(other).gather(RankPart(step=1, part=part(0.1)))


def test_ranks_at_different_steps_are_not_merged() -> None:
    """Clips of two models are no set."""
    with pytest.raises(RanksError, match="different steps: 1, 2"):
        Ranks(RankPart(step=2, part=part(0.1))).gather(RankPart(step=1, part=part(0.1)))


def test_ranks_with_different_metrics_are_not_merged() -> None:
    """The corpus of one would lack the clips of another."""
    other = RankPart(step=1, part=part(0.1, metrics=["user.level"]))
    with pytest.raises(RanksError, match="different metrics"):
        Ranks(other).gather(RankPart(step=1, part=part(0.1)))
