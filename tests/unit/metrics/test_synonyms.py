"""Short names of the field."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.metrics.labels import MetricName
from avmeter.metrics.resolve import get_metric, resolve_metrics
from avmeter.metrics.synonyms import SYNONYMS, TOPICS, full_name
from avmeter.registry import list_metrics


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("fad", "audio.frechet_distance@vggish"),
        ("FD", "audio.frechet_distance"),
        ("fd@panns", "audio.frechet_distance@panns"),
        ("fad@panns", "audio.frechet_distance@panns"),
        ("wer", "audio.wer"),
        ("desync", "audio.desync"),
        ("audio", "audio"),
        ("all", "all"),
        ("audio.wer", "audio.wer"),
        ("nonsense", "nonsense"),
    ],
)
def test_short_name_is_written_out(short: str, name: str) -> None:
    """The last part of a metric's name is one too; a label goes with it; groups and other words stay."""
    assert full_name(short) == name


def test_every_synonym_means_a_metric() -> None:
    """With its label, where it has one."""
    for name in SYNONYMS.values():
        assert MetricName.parse(name).metric in list_metrics()
    assert get_metric(SYNONYMS["fad"]).options()["backbone"] == "vggish"


def test_options_may_be_set_by_a_short_name() -> None:
    """Of the metric that the same short name chooses."""
    metrics = resolve_metrics("fd", options={"fd": {"backbone": "panns"}})
    assert metrics["audio.frechet_distance"].options()["backbone"] == "panns"


def test_word_for_what_several_metrics_measure_names_them() -> None:
    """Which do not compare, so that none is taken for the user; nothing else that is spelt alike is named."""
    with pytest.raises(UnknownNameError) as error:
        resolve_metrics("sync")
    assert error.value.hint == "of it are `audio.desync`, `av.align`, `av.javis_score`"
    assert {name for names in TOPICS.values() for name in names} <= set(list_metrics())
