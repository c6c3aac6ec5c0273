"""Which nodes may take part; the rest is tried on a real cluster in `test_ray_executor.py`."""

from __future__ import annotations

import pytest

from avmeter.engine.executors.ray_crew import unfitness

OWN = {"avmeter": "0.2.0", "torch": "2.9.0"}


@pytest.mark.parametrize(
    ("versions", "unseen", "reason"),
    [
        (OWN, [], None),
        ({**OWN, "avmeter": "0.1.0"}, [], "10.0.0.7: avmeter 0.1.0 is installed, and 0.2.0 runs here"),
        ({"torch": "2.9.0"}, [], "10.0.0.7: avmeter is not installed, and 0.2.0 runs here"),
        (OWN, ["/data/a.wav"], "10.0.0.7: does not see /data/a.wav"),
    ],
)
def test_node_that_does_not_fit_is_named_with_the_reason(
    versions: dict[str, str], unseen: list[str], reason: str | None
) -> None:
    """Another version of this package, or files that are not there."""
    assert unfitness({"versions": versions, "unseen": unseen}, OWN, "10.0.0.7") == reason


def test_other_versions_of_other_packages_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """They are no reason to refuse a node: last digits may differ, and nothing else."""
    assert unfitness({"versions": {"avmeter": "0.2.0", "torch": "2.8.0"}, "unseen": []}, OWN, "10.0.0.7") is None
    assert "torch 2.8.0 (here 2.9.0)" in caplog.text
