"""Which nodes may take part; the rest is tried in `test_ray_crew.py`."""

from __future__ import annotations

import pytest

from avmeter.engine.executors.ray_fitness import unfitness

OWN = {"avmeter": "0.2.0", "torch": "2.9.0"}


@pytest.mark.parametrize(
    ("versions", "has_device", "unseen", "reason"),
    [
        (OWN, True, [], None),
        ({**OWN, "avmeter": "0.1.0"}, True, [], "10.0.0.7: avmeter 0.1.0 is installed, and 0.2.0 runs here"),
        ({"torch": "2.9.0"}, True, [], "10.0.0.7: avmeter is not installed, and 0.2.0 runs here"),
        (OWN, False, [], "10.0.0.7: torch can use no GPU there, though the cluster counts one"),
        (OWN, True, ["/data/a.wav"], "10.0.0.7: does not see /data/a.wav"),
    ],
)
def test_node_that_does_not_fit_is_named_with_the_reason(
    versions: dict[str, str], has_device: bool, unseen: list[str], reason: str | None
) -> None:
    """Another version of this package, a GPU that cannot be used, or files that are not there."""
    report = {"versions": versions, "has_device": has_device, "unseen": unseen}
    assert unfitness(report, OWN, "10.0.0.7") == reason


def test_other_versions_of_other_packages_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """They are no reason to refuse a node: last digits may differ, and nothing else."""
    report = {"versions": {"avmeter": "0.2.0", "torch": "2.8.0"}, "has_device": True, "unseen": []}
    assert unfitness(report, OWN, "10.0.0.7") is None
    assert "torch 2.8.0 (here 2.9.0)" in caplog.text
