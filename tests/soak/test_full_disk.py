"""A disk that fills up, at any size: scores or a named error, never a traceback, and the run that was there stays."""

from __future__ import annotations

import collections
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from avmeter.run.folder import UNFINISHED
from support import require
from support.commandline import contents, start
from support.soak import METRICS, loudness, stored

DISK_KIB = 1024
LEFT_KIB = (0, 130)  # a run folder and a store of 24 clips take about as much
ENDS_S = 120
IS_NAMED = re.compile("No space left|disk is full|disk I/O error|unable to open database file")


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk in memory of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    size = f"size={DISK_KIB}k"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", place], capture_output=True, check=False)
    if done.returncode:
        require.absent("system", "only the superuser mounts a disk")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path, left_kib: int) -> None:
    """Write a file that leaves so much room."""
    with (disk / "fill").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
        file.truncate(max(file.tell() - left_kib * 1024, 0))


def test_full_disk(disk, tmp_path, clips, undisturbed, rng, rounds, figures):
    """Little room for the store and the run folder: right scores, or a message that names the want and the old run."""
    endings: collections.Counter[str] = collections.Counter()
    run, store = disk / "run", disk / "store"
    for number in rounds:
        subprocess.run(["find", disk, "-mindepth", "1", "-delete"], check=True)
        old = ["score", clips / "00.wav", *METRICS, "--store", store, "--out", run]
        _, err = (process := start(*old)).communicate(timeout=ENDS_S)
        assert process.returncode == 0, err
        old_files, old_scores = contents(run), loudness(run)
        left_kib = rng.randint(*LEFT_KIB)
        fill(disk, left_kib)
        # On the full disk are the store, a new one, the run folder, or two of them.
        place = rng.choice([store, disk / "new store", tmp_path / f"store{number}"])
        out = run if place.parent == tmp_path else rng.choice([run, tmp_path / f"run{number}"])
        process = start("score", clips, *METRICS, "--store", place, "--out", out)
        _, err = process.communicate(timeout=ENDS_S)
        where = f"{left_kib} KiB left, store {place}, code {process.returncode}: {err}"
        assert "Traceback" not in err, where
        if process.returncode == 0:
            assert loudness(out) == undisturbed, where
            is_warned = bool(IS_NAMED.search(err))
            endings["scored with a warning" if is_warned else "scored"] += 1
        else:
            assert process.returncode == 2, where
            assert IS_NAMED.search(err), where
            endings["ended by a named error"] += 1
        if process.returncode or out != run:
            # Rows of the run that the disk ended are beside the files of the old one.
            files = {name: facts for name, facts in contents(run).items() if not name.startswith(UNFINISHED)}
            assert files == old_files, where
            assert loudness(run) == old_scores, where
        stored(store)
        stored(place)
    figures(runs=sum(endings.values()), **endings)
