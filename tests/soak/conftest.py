"""Soak tests: seeded accidents for as long as one likes; `make soak` runs them, `make test` does not.

`SOAK_S` is how many seconds each test may take, `SOAK_SEED` what it draws its accidents from. Figures are printed, and
stand in `docs/reliability.md`.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from support.commandline import PROGRAM
from support.media import write_media
from support.soak import METRICS, loudness

collect_ignore_glob = [] if "SOAK_S" in os.environ else ["test_*.py"]

RATE = 16_000
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("soak")


@pytest.fixture
def rng() -> random.Random:
    return random.Random(int(os.environ.get("SOAK_SEED", "0")))


@pytest.fixture
def rounds() -> Iterator[int]:
    """Numbers of rounds, at least one, until the time is over."""
    ends = time.monotonic() + float(os.environ["SOAK_S"])

    def count() -> Iterator[int]:
        number = 0
        while not number or time.monotonic() < ends:
            yield number
            number += 1

    return count()


@pytest.fixture
def figures(request, capsys) -> Callable[..., None]:
    """Print what a test has counted, whatever is captured."""

    def show(**counts: object) -> None:
        with capsys.disabled():
            print(f"\n{request.node.name}: " + ", ".join(f"{v} {k.replace('_', ' ')}" for k, v in counts.items()))

    return show


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> Path:
    """Clips of noise, each of a level of its own, 1 to 30 s long."""
    folder = tmp_path_factory.mktemp("clips")
    noise = np.random.default_rng(0)
    for i in range(24):
        wave = (0.02 * (1 + i) * noise.uniform(-1, 1, RATE * (1, 3, 10, 30)[i % 4])).astype(np.float32)
        write_media(folder / f"{i:02}.wav", wave=wave, sample_rate=RATE, audio_codec="pcm_s16le")
    return folder


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, clips) -> dict[str, float | None]:
    """Loudness of every clip in a run to which nothing happens."""
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    subprocess.run([*PROGRAM, "score", clips, *METRICS, "--no-store", "--out", run], check=True, capture_output=True)
    return loudness(run)
