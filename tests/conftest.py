"""Settings that hold for all tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from avmeter.demo.scenes import render_clips
from support import require

# How long an example takes says something about the machine, not about the code.
settings.register_profile("avmeter", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("avmeter")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test that needs what is not here; see `support.require`."""
    for mark in item.iter_markers("needs"):
        kind, present, reason = mark.args
        if not present:
            require.absent(kind, reason)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user may read and write; `tmp_path` lies in one of its owner."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.fixture(scope="session")
def rendered_clips(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Samples of four clips that are made on the spot: two that speak, a bouncing ball, a melody."""
    with require.dependencies():
        return render_clips(tmp_path_factory.mktemp("rendered"))
