"""`--ray` with and without a value."""

from __future__ import annotations

import pytest

from avmeter.cli.ray_option import write_address


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        (["gen/", "--ray"], ["gen/", "--ray", "auto"]),
        (["--ray", "gen/"], ["--ray", "auto", "gen/"]),
        (["--ray", "--out", "run"], ["--ray", "auto", "--out", "run"]),
        (["--ray", "local", "gen/"], ["--ray", "local", "gen/"]),
        (["--ray", "10.0.0.1:6379"], ["--ray", "10.0.0.1:6379"]),
        (["--ray", "[fd00::1]:6379"], ["--ray", "[fd00::1]:6379"]),
        (["--ray", "head.cluster:6379", "gen/"], ["--ray", "head.cluster:6379", "gen/"]),
        (["--ray=auto", "gen/"], ["--ray=auto", "gen/"]),
    ],
)
def test_value_may_be_left_out(written: list[str], understood: list[str]) -> None:
    """What follows and is no address is something else."""
    assert write_address(written) == understood
