"""One run at a time writes a run folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from avmeter.errors import UsageError
from avmeter.run import claim_run

HOLD = """
import sys, time
from pathlib import Path
from avmeter.run import claim_run
with claim_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_run_is_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    """At once and not at its end; a kill gives the folder back."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        with pytest.raises(UsageError, match=rf"another run is writing to it \(process {process.pid} on "):
            claim_run(tmp_path).__enter__()
    finally:
        process.kill()
        process.communicate()
    with claim_run(tmp_path):
        pass


def test_folder_is_left_as_it_was(tmp_path: Path) -> None:
    """No lock file stays, and no folder into which nothing was written."""
    with claim_run(tmp_path / "a" / "run"):
        assert (tmp_path / "a" / "run").is_dir()
    assert not (tmp_path / "a" / "run").exists()
    with claim_run(tmp_path):
        (tmp_path / "results.csv").write_text("")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "results.csv"]


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in its way."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file/run: cannot be written"):
        claim_run(tmp_path / "file" / "run").__enter__()


def test_file_system_without_locks_lets_everybody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some network file systems are; runs there are as safe as before."""
    import errno
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with claim_run(tmp_path), claim_run(tmp_path):
        pass
