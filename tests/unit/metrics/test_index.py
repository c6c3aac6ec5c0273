"""Lists say what the metrics themselves say."""

from __future__ import annotations

import pytest

from avmeter.metrics.base import CorpusMetric
from avmeter.metrics.checkpoint_uses import metrics_by_checkpoint
from avmeter.metrics.index import Card, cards, metrics_for_checkpoints
from avmeter.metrics.requirements import optional_fields, requirements_of
from avmeter.registry import METRICS
from avmeter.weights import WeightsSource


def test_every_metric_of_the_package_has_a_card() -> None:
    """And nothing else has."""
    assert set(cards()) == set(METRICS.builtin())


@pytest.mark.parametrize("name", sorted(METRICS.builtin()))
def test_card_is_that_of_the_metric(name: str) -> None:
    """Inputs, checkpoints and packages of the default options."""
    metric = METRICS.get(name)()
    needed = requirements_of(metric)
    card = cards()[name]
    assert card.direction == metric.direction
    assert (card.kind == "corpus") == (isinstance(metric, CorpusMetric) and not metric.per_sample)
    assert card.fields == tuple(sorted(needed.fields))
    assert card.optional_fields == tuple(sorted(optional_fields(metric)))
    assert card.packages == needed.packages
    assert card.variables == metric.variables
    obstacle = metric.obstacle()
    assert card.obstacle == ("" if metric.variables or obstacle is None else obstacle.sentence)
    nowhere = _Nothing()
    assert card.missing_checkpoints(nowhere) == sorted(needed.missing_checkpoints(nowhere))
    assert card.missing_optional_checkpoints(nowhere) == sorted(needed.missing_optional_checkpoints(nowhere))


def test_uses_of_checkpoints_are_those_of_the_metrics() -> None:
    """With any of their options."""
    assert dict(metrics_for_checkpoints()) == metrics_by_checkpoint()


def test_package_that_is_not_installed_is_missed() -> None:
    """Lists then ask the metric itself, whose error names the extra."""
    values = cards()["audio.loudness"]
    assert values.has_packages()
    absent = Card(
        question="",
        good_value="",
        not_seen="",
        direction="none",
        kind="sample",
        fields=(),
        optional_fields=(),
        checkpoints=(),
        optional_checkpoints=(),
        packages=("no_such_package",),
        obstacle="",
        variables=(),
    )
    assert not absent.has_packages()


class _Nothing(WeightsSource):
    """A machine without any checkpoint."""

    def available(self, entry: str) -> bool:
        return False
