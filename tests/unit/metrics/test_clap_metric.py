"""Sound and prompt are embedded by one checkpoint."""

from __future__ import annotations

import pytest

from avmeter.metrics.clap_metric import ClapMetric
from avmeter.metrics.requirements import requirements_of
from avmeter.registry import METRICS

CLASSES = [c for n in sorted(METRICS.builtin()) if issubclass(c := METRICS.get(n), ClapMetric)]


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("protocol", ["fastvideo", "av-benchmark"])
def test_both_sides_are_of_the_checkpoint_that_was_chosen(cls: type[ClapMetric], protocol: str) -> None:
    """Cosines across checkpoints mean nothing."""
    assert len(requirements_of(cls(protocol=protocol)).checkpoints) == 1
    for model in cls.choices()["model"]:
        assert requirements_of(cls(model=model, protocol=protocol)).checkpoints == (model,)


@pytest.mark.parametrize("cls", CLASSES)
def test_default_checkpoint_is_the_one_that_the_docstring_gives(cls: type[ClapMetric]) -> None:
    """Of either protocol."""
    described = " ".join((ClapMetric.__doc__ or "").split())
    for protocol in ("fastvideo", "av-benchmark"):
        (checkpoint,) = requirements_of(cls(protocol=protocol)).checkpoints
        assert f'"{checkpoint}" in "{protocol}"' in described
