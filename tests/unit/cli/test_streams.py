"""Output that cannot be written is no reason to end anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import require

pytestmark = require.needs("system", Path("/dev/full").exists(), "no /dev/full on this system")

PROGRAM = """
import sys
from avmeter.cli.streams import is_output_lost, output_failure, protect_streams

protect_streams()
for _ in range(20_000):
    print("output")
print("remark", file=sys.stderr)
failure = output_failure()
with open(sys.argv[1], "w") as file:
    file.write(f"{file.fileno() > 2} {failure.errno if failure else None} {is_output_lost()}")
"""


def after(redirection: str, report: Path, **variables: str) -> str:
    """What the program saw of its streams; it ended without an error."""
    command = f'"$0" -c "$1" "$2" {redirection}'
    arguments = ["bash", "-o", "pipefail", "-c", command, sys.executable, PROGRAM, str(report)]
    assert subprocess.run(arguments, check=False, env={**os.environ, **variables}, timeout=300).returncode == 0
    return report.read_text()


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("redirection", "seen"),
    [
        ("> /dev/null", "True None False"),
        ("| head -3 > /dev/null", "True None True"),
        ("2> /dev/full > /dev/null", "True None False"),
        ("> /dev/full", "True 28 True"),
        (">&-", "True None False"),
        ("2>&-", "True None False"),
        ("<&- >&- 2>&-", "True None False"),
    ],
)
def test_program_goes_on_whatever_becomes_of_its_streams(
    tmp_path: Path, redirection: str, seen: str, unbuffered: str
) -> None:
    """A reader that has gone is no failure, a full disk is one; no file gets the number of a closed stream."""
    assert after(redirection, tmp_path / "report", PYTHONUNBUFFERED=unbuffered) == seen
