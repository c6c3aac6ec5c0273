"""Backbones by name, and those that a metric cannot stand on."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.backbones import BACKBONES, backbone_names
from avmeter.metrics.resolve import get_metric
from support.embedding_sets import FRECHET


@pytest.mark.parametrize("name", ["audio.kl_divergence", "audio.inception_score"])
@pytest.mark.parametrize("backbone", ["vggish", "clap"])
def test_class_metric_refuses_a_backbone_without_classes(name: str, backbone: str) -> None:
    """Instead of a small number that looks like a score; the message lists the ones that have classes."""
    with pytest.raises(UsageError, match="no class probabilities") as caught:
        get_metric(name, backbone=backbone)
    assert all(f"`{good}`" in str(caught.value) for good in backbone_names(with_classes=True))


def test_unknown_backbone_is_refused_by_name() -> None:
    """With a near miss."""
    with pytest.raises(UnknownNameError, match="did you mean `passt`"):
        get_metric("audio.kl_divergence", backbone="pasts")
    with pytest.raises(UnknownNameError, match="`2023`"):
        get_metric(FRECHET, backbone="2023")


def test_every_backbone_says_what_it_hears_and_what_it_was_trained_on() -> None:
    """Its card has both, and the rate is the first thing in it."""
    for name, backbone in BACKBONES.items():
        assert "kHz mono" in backbone.reads or "kHz stereo" in backbone.reads, name
        assert backbone.bias, name
