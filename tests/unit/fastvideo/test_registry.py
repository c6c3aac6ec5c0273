"""Metrics by name as FastVideo's registry has them."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.errors import MissingDependencyError, UnknownNameError
from avmeter.fastvideo.metrics.base import BaseMetric
from avmeter.fastvideo.registry import get_metric, list_metrics, missing_dependencies, register, resolve_group
from avmeter.fastvideo.standalone import StandaloneMetric
from avmeter.registry import METRICS


class Ones:
    dependencies: tuple[str, ...] = ()

    def compute(self, sample: dict[str, Any]) -> float:
        return 1.0


@pytest.mark.usefixtures("registry")
def test_name_is_taken_from_whoever_had_it() -> None:
    """Twice, and from a metric of avmeter too; plain classes get decoded frames as well."""
    register("audio.loudness")(Ones)
    replaced = register("audio.loudness")(type("Twos", (BaseMetric,), {}))
    assert METRICS.get("audio.loudness") is replaced
    assert isinstance(get_metric("audio.loudness"), replaced)
    assert Ones.needs_frames is True  # type: ignore[attr-defined]


@pytest.mark.usefixtures("registry")
def test_registered_metric_is_an_instance_of_its_class() -> None:
    """With the options that it is asked for, unless a package is missing."""

    class Scaled(Ones):
        def __init__(self, factor: float = 1.0) -> None:
            self.factor = factor

    register("user.scaled")(Scaled)
    assert get_metric("user.scaled", factor=2.0).factor == 2.0
    Scaled.dependencies = ("no_such_package",)
    assert missing_dependencies("user.scaled") == ["no_such_package"]
    with pytest.raises(MissingDependencyError, match="no_such_package"):
        get_metric("user.scaled")


def test_metric_of_avmeter_can_be_called_by_hand() -> None:
    """Wrong options are refused at once."""
    assert isinstance(get_metric("audio.loudness"), StandaloneMetric)
    with pytest.raises(UnknownNameError, match="loudnes"):
        get_metric("audio.loudness", loudnes=3)


def test_metric_that_is_not_here_is_a_missing_dependency() -> None:
    """An ImportError as FastVideo's, with a sentence; an unknown name is a KeyError."""
    with pytest.raises(
        ImportError, match="synthetic_optical_flow is not in avmeter yet; it needs the optical flow network"
    ):
        get_metric("optical_flow.synthetic_optical_flow")
    with pytest.raises(KeyError):
        get_metric("vbench.colour")


def test_groups_are_those_that_are_here() -> None:
    """None for others, as FastVideo says it."""
    found = resolve_group("audio")
    assert found is not None
    assert "audio.wer" in found
    assert resolve_group("nonsense") is None
    assert "audio.wer" in list_metrics()


def test_packages_of_unknown_names_are_none() -> None:
    """FastVideo asks before it resolves."""
    assert missing_dependencies("optical_flow.synthetic_optical_flow") == []
    assert missing_dependencies("audio.loudness") == []
