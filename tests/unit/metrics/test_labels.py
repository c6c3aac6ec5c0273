"""One metric several times in a run, each under its label."""

from __future__ import annotations

import pytest

from avmeter import Evaluator
from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.labels import MetricName
from avmeter.metrics.resolve import get_metric, resolve_metrics


def test_label_that_is_a_choice_of_the_metric_makes_it() -> None:
    """A backbone, a checkpoint or a protocol; the labelled name is the metric's name."""
    named = "audio.frechet_distance@panns,audio.frechet_distance@vggish,audio.clap_score@msclap-2023"
    metrics = resolve_metrics([*named.split(","), "av.align@av-benchmark"])
    chosen = {name: metric.options() for name, metric in metrics.items()}
    assert chosen["audio.frechet_distance@panns"]["backbone"] == "panns"
    assert chosen["audio.frechet_distance@vggish"]["backbone"] == "vggish"
    assert chosen["audio.clap_score@msclap-2023"]["model"] == "msclap-2023"
    assert chosen["av.align@av-benchmark"]["protocol"] == "av-benchmark"
    assert [metric.name for metric in metrics.values()] == list(metrics)


def test_any_other_label_names_the_options_that_are_set_for_it() -> None:
    """Its metric's options go before, its own last."""
    options = {"audio.prdc": {"neighbours": 7}, "audio.prdc@wide": {"backbone": "panns"}}
    metrics = resolve_metrics(["audio.prdc@wide", "audio.prdc"], options=options)
    assert metrics["audio.prdc@wide"].options().items() >= {"neighbours": 7, "backbone": "panns"}.items()
    assert metrics["audio.prdc"].options().items() >= {"neighbours": 7, "backbone": "passt"}.items()


def test_unlabelled_instances_keep_their_name() -> None:
    """A label is of an instance, never of the class."""
    get_metric("audio.frechet_distance@panns")
    assert get_metric("audio.frechet_distance").name == "audio.frechet_distance"


@pytest.mark.parametrize(
    "name", ["audio.prdc@", "audio.prdc@a b", "audio.prdc@../x", "audio.prdc@a@b", "audio.prdc@\n"]
)
def test_label_that_could_be_anything_else_is_refused(name: str) -> None:
    """It stands in file names, columns and pages."""
    with pytest.raises(UsageError, match=r"a label is letters"):
        MetricName.parse(name)


def test_label_without_a_meaning_is_refused_with_a_near_choice() -> None:
    """Rather than a second copy of the default."""
    with pytest.raises(UsageError, match=r"(?s)unknown choice of `audio.prdc` `panz`.*did you mean `panns`"):
        resolve_metrics("audio.prdc@panz")
    with pytest.raises(UsageError, match=r"--set audio.loudness@x"):
        resolve_metrics("audio.loudness@x")


def test_label_that_says_otherwise_than_the_options_is_refused() -> None:
    """A table would call it what it is not."""
    with pytest.raises(UsageError, match=r"labelled backbone=panns, and set to backbone=vggish"):
        resolve_metrics("audio.prdc@panns", options={"audio.prdc@panns": {"backbone": "vggish"}})


def test_options_of_a_labelled_metric_that_is_not_chosen_are_refused() -> None:
    """They would be without effect."""
    with pytest.raises(UsageError, match=r"`audio.prdc@wide`, which is not chosen"):
        Evaluator("audio.prdc", options={"audio.prdc@wide": {"backbone": "panns"}})


def test_unknown_metric_before_a_label_is_named_with_a_near_one() -> None:
    """As without a label."""
    with pytest.raises(UnknownNameError, match=r"did you mean `audio.prdc`"):
        resolve_metrics("audio.prcd@panns")
