"""From names, groups and options to metrics."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.metrics.resolve import get_metric, resolve_metrics
from avmeter.registry import list_metrics


def test_names_come_in_the_order_named_and_groups_in_their_own_each_once() -> None:
    """From a list or from one string."""
    named = resolve_metrics("audio.loudness, av.align,audio.loudness")
    assert list(named) == ["audio.loudness", "av.align"]
    assert list(resolve_metrics(["av.align", "audio.loudness"])) == ["av.align", "audio.loudness"]
    with_group = list(resolve_metrics(["av.javis_score", "av"], skip_missing_deps=True))
    assert with_group[0] == "av.javis_score"
    assert set(with_group) <= set(list_metrics("av"))
    assert len(with_group) == len(set(with_group))


def test_protocol_is_that_of_all_metrics_without_one_of_their_own() -> None:
    """Options of a metric go before it."""
    options = {"av.align": {"protocol": "fastvideo"}}
    metrics = resolve_metrics("audio.loudness,av.align", protocol="av-benchmark", options=options)
    assert {n: m.protocol for n, m in metrics.items()} == {"audio.loudness": "av-benchmark", "av.align": "fastvideo"}


@pytest.mark.parametrize(
    ("selectors", "options", "message"),
    [
        ("audio.loudnes", {}, "did you mean `audio.loudness`"),
        ("audio.loudness", {"av.aling": {}}, "did you mean `av.align`"),
        ("audio.prdc", {"audio.prdc": {"neighbors": 3}}, "did you mean `neighbours`"),
        ("audio.prdc", {"audio.prdc": {"backbone": "past"}}, "did you mean `passt`"),
    ],
)
def test_wrong_name_is_refused_with_a_near_one(selectors: str, options: dict[str, dict], message: str) -> None:
    """Of a metric, of an option, and of an option's value, before anything runs."""
    with pytest.raises(UnknownNameError, match=message):
        resolve_metrics(selectors, options=options)


def test_wrong_option_of_an_extractor_is_refused_when_the_metric_is_made() -> None:
    """Not at the first sample."""
    with pytest.raises(UnknownNameError):
        get_metric("av.javis_score", channel="left")


def test_preset_among_metrics_says_where_presets_go() -> None:
    """On the command line and in Python."""
    with pytest.raises(UnknownNameError) as refused:
        resolve_metrics(["audio.loudness", "v2a"])
    assert "--preset v2a" in refused.value.hint
    assert 'load_preset("v2a")' in refused.value.hint
