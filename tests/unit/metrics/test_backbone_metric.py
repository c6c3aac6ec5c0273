"""The option `backbone`, the same for every metric that has it."""

from __future__ import annotations

import pytest

from avmeter.metrics.backbone_metric import BackboneMetric
from avmeter.metrics.backbones import BACKBONES, backbone_names
from avmeter.metrics.video_sets import VideoSetMetric
from avmeter.registry import METRICS

# Those of sound; the others have a table of their own.
ALL = [c for n in sorted(METRICS.builtin()) if issubclass(c := METRICS.get(n), BackboneMetric)]

CLASSES = [c for c in ALL if c.backbones is BACKBONES]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_backbone_that_a_metric_offers_is_what_its_needs_ask_for(cls: type[BackboneMetric]) -> None:
    """By extractor and options, on both sides, and reported."""
    for name in cls.choices()["backbone"]:
        metric = cls(backbone=name, protocol="av-benchmark")
        assert metric.options()["backbone"] == name
        for need in metric.needs:
            assert need.extractor == BACKBONES[name].extractor
            assert need.options == {**BACKBONES[name].options, "protocol": "av-benchmark"}
            assert need.field == {"generated": "audio", "reference": "reference_audio"}[need.name]


@pytest.mark.parametrize("cls", [c for c in ALL if issubclass(c, VideoSetMetric)])
def test_every_backbone_of_video_is_what_the_needs_of_its_metrics_ask_for(cls: type[BackboneMetric]) -> None:
    """Of the video and of its reference, with the same frames."""
    for name in cls.choices()["backbone"]:
        needs = cls(backbone=name).needs
        assert [(n.field, n.extractor) for n in needs] == [
            ("video", cls.backbones[name].extractor),
            ("reference", cls.backbones[name].extractor),
        ]
        assert needs[0].options == needs[1].options


@pytest.mark.parametrize("cls", ALL)
def test_metric_offers_the_backbones_with_classes_or_all(cls: type[BackboneMetric]) -> None:
    """As it needs; the table alone decides."""
    assert cls.choices()["backbone"] == backbone_names(with_classes=cls.needs_classes, among=cls.backbones)


def test_generated_and_reference_sides_share_their_features() -> None:
    """A file that is on both sides is embedded once."""
    metric = METRICS.get("audio.prdc")()
    assert metric.generated_need().options == metric.reference_need().options
    assert metric.reference_need(optional=True).optional
