"""What a checkpoint is for follows from what metrics need, in every protocol and with every choice."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from avmeter.metrics.checkpoint_uses import metrics_by_checkpoint
from avmeter.metrics.requirements import requirements_of
from avmeter.registry import METRICS
from avmeter.weights import catalog


@pytest.fixture(scope="module")
def uses() -> Mapping[str, tuple[str, ...]]:
    return metrics_by_checkpoint()


def test_every_checkpoint_of_the_catalog_is_listed_and_no_other(uses: Mapping[str, tuple[str, ...]]) -> None:
    """One without a metric has none, instead of being absent."""
    assert list(uses) == list(catalog())


@pytest.mark.parametrize("name", sorted(METRICS.builtin()))
def test_metric_is_a_use_of_what_it_needs_by_default(uses: Mapping[str, tuple[str, ...]], name: str) -> None:
    """And the catalog has all of that."""
    for checkpoint in requirements_of(METRICS.get(name)()).checkpoints:
        assert name in uses[checkpoint]


@pytest.mark.parametrize(
    ("checkpoint", "metric"),
    [
        ("laion-clap-music-speech-audioset", "audio.frechet_distance"),  # by protocol
        ("yamnet", "audio.inception_score"),  # by backbone
        ("laion-clap-630k", "audio.text_audio_retrieval"),  # by model
        ("whisper-small", "audio.wer"),  # by engine and model
        ("wavlm-base-plus-sv", "audio.speaker_similarity"),  # by encoder
        ("clip-vocabulary", "av.imagebind_text_video"),  # beside another checkpoint
        ("synchformer", "audio.desync"),  # of parents too
    ],
)
def test_choice_of_another_network_is_a_use_of_its_checkpoint(
    uses: Mapping[str, tuple[str, ...]], checkpoint: str, metric: str
) -> None:
    """Whichever option leads there."""
    assert metric in uses[checkpoint]


def test_metric_that_needs_classes_is_no_use_of_a_network_without(uses: Mapping[str, tuple[str, ...]]) -> None:
    """Combinations that a metric refuses do not count."""
    assert "audio.kl_divergence" not in uses["vggish"]
    assert "audio.frechet_distance" in uses["vggish"]


@pytest.mark.parametrize("name", sorted(METRICS.builtin()))
def test_choices_are_options_that_a_run_reports(name: str) -> None:
    """Each value once."""
    cls = METRICS.get(name)
    for option, values in cls.choices().items():
        assert len(set(values)) == len(values)
        assert option in cls().options()
