"""Expectations of metrics: those of the package make sense, wrong ones are refused."""

from __future__ import annotations

import pytest

from avmeter.errors import UsageError
from avmeter.metrics.resolve import resolve_metrics
from avmeter.registry import list_metrics
from avmeter.stress.expectations import Expectation, load_expectations
from avmeter.stress.variants import variant_names, variants_of


def test_expectations_that_come_with_the_package_are_sound() -> None:
    """Known metrics, known variants, a reason each, no metric without a better side said to get worse."""
    found = load_expectations()
    known = set(list_metrics())
    directions = {n: m.direction for n, m in resolve_metrics([e.metric for e in found]).items()}
    for expectation in found:
        assert expectation.metric in known
        assert expectation.variant in variant_names()
        assert len(expectation.reason) > 10
        if expectation.kind == "monotone":
            assert len(variants_of([expectation.variant], ladder=True)) >= 2
        if directions[expectation.metric] == "none":
            assert expectation.kind != "worse"
            assert expectation.kind != "monotone" or expectation.trend
    assert len({(e.metric, e.variant, e.kind) for e in found}) == len(found)


def test_expectation_whose_value_does_not_fit_is_refused() -> None:
    """Data errors are told where they are read."""
    for wrong in ({"kind": "equals"}, {"kind": "worse", "value": 1.0}, {"kind": "better"}):
        with pytest.raises(UsageError, match="expectation of m"):
            Expectation(metric="m", variant="silence", **wrong)  # type: ignore[arg-type]
