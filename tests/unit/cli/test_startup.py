"""Asking the program what it can do costs a moment, not the loading of networks' libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "av", "pandas", "pyarrow", "numpy", "huggingface_hub")
"""Packages that take longer to import than everything else that `--help` does."""
MAX_RATIO = 5.0
"""Processor time of an answer by that of the parser's import alone, which is 2 to 3.5."""
QUICK = {
    "help": (["--help"], {}),
    "help of a command": (["score", "--help"], {}),
    "version": (["--version"], {}),
    "names": (["list", "--names"], {}),
    "metrics": (["list"], {}),
    "checkpoints": (["weights", "list"], {}),
    "completion": (
        [],
        {"_AVMETER_COMPLETE": "complete_bash", "COMP_WORDS": "avmeter sc", "COMP_CWORD": "1"},
    ),
}
_PROGRAM = """
import atexit, os, sys
sys.argv = ["avmeter", *sys.argv[1:]]
def report():
    times = os.times()
    heavy = [n for n in {heavy!r} if n in sys.modules]
    os.write(2, f"heavy: {{heavy}} seconds: {{times.user + times.system}}\\n".encode())
atexit.register(report)
from avmeter.cli import main
main()
"""


def _run(arguments: list[str], variables: dict[str, str]) -> tuple[str, str, float]:
    """Output, what was loaded of `HEAVY`, and seconds of processor time."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(heavy=HEAVY), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        check=True,
    )
    heavy, _, seconds = done.stderr.strip().rpartition("\n")[2].removeprefix("heavy: ").partition(" seconds: ")
    return done.stdout, heavy, float(seconds)


def _seconds_of_parser() -> float:
    code = "import os, typer.rich_utils, rich.console; times = os.times(); print(times.user + times.system)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("name", QUICK)
def test_no_heavy_package_is_imported(name: str) -> None:
    """Help, version, names and completion import none of the packages that scoring needs."""
    out, heavy, _ = _run(*QUICK[name])
    assert "score" in out or name in ("version", "names", "metrics", "checkpoints")
    assert heavy == "[]"


@pytest.mark.parametrize("name", QUICK)
def test_answer_takes_little_processor_time(name: str) -> None:
    """A few times what the parser's import takes, measured beside it: a busy machine slows both; the best of three."""
    pairs = [(_run(*QUICK[name])[2], _seconds_of_parser()) for _ in range(3)]
    answer, parser = map(min, zip(*pairs, strict=True))
    assert answer < MAX_RATIO * parser


def test_importing_the_package_is_cheap() -> None:
    """`import avmeter` and the names of metrics import no heavy package; a class loads what it needs."""
    code = f"import sys, avmeter; avmeter.list_metrics(); print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
