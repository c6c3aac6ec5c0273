"""Metrics whose inputs a damage leaves alone are known by their needs."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.metrics.resolve import get_metric, resolve_metrics
from avmeter.metrics.simple_form import adapt
from avmeter.stress.expectations import load_expectations
from avmeter.stress.inputs import reads_any_of, reads_what_changes
from avmeter.stress.variants import Variant

DAMAGES = ("delay", "blur", "wrong_words", "wrong_prompt")


@pytest.mark.parametrize(
    ("name", "concerned"),
    [
        ("audio.loudness", {"delay"}),
        ("audio.visqol", {"delay"}),
        ("common.lpips", {"blur"}),
        ("common.fvd", {"blur"}),
        ("av.align", {"delay", "blur"}),
        ("audio.desync", {"delay", "blur"}),
        ("audio.wer", {"delay", "wrong_words", "wrong_prompt"}),  # transcripts from the prompt are an option
        ("audio.clap_score", {"delay", "wrong_words", "wrong_prompt"}),
        ("vbench.human_action", {"blur", "wrong_words", "wrong_prompt"}),
    ],
)
def test_metric_is_concerned_by_damage_to_what_it_reads(name: str, concerned: set[str]) -> None:
    """Sound, picture or texts; the reference is the original under every damage."""
    metric = get_metric(name)
    assert {n for n in DAMAGES if reads_what_changes(metric, Variant(name=n))} == concerned
    assert reads_what_changes(metric, Variant(name="original"))


def test_metric_that_gets_the_whole_sample_is_concerned_by_everything() -> None:
    """What a class in the simple form reads is known to itself alone."""

    class Whole:
        def compute(self, sample: dict[str, Any]) -> float:
            return 0.0

    assert all(reads_what_changes(adapt("user.whole", Whole()), Variant(name=n)) for n in DAMAGES)


def test_reactions_are_promised_only_where_something_is_read() -> None:
    """A promise that a metric changes under damage to what it does not read could never be kept."""
    metrics = resolve_metrics("all")
    promised = [e for e in load_expectations() if e.kind in ("worse", "monotone", "changes_by", "at_least")]
    assert len(promised) > 100
    assert [e for e in promised if not reads_what_changes(metrics[e.metric], Variant(name=e.variant))] == []


def test_metric_reads_any_of_the_fields_that_its_needs_name() -> None:
    """Required, optional or neither."""
    assert reads_any_of(get_metric("common.fvd"), {"audio", "reference"})
    assert not reads_any_of(get_metric("common.fvd"), {"audio", "reference_audio"})
    assert not reads_any_of(get_metric("av.align"), set())
