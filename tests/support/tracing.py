"""Programs in an empty network namespace, their attempts to reach somebody counted by strace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from support import require

_STRACE = ("strace", "--seccomp-bpf", "-f", "-qq", "-e", "trace=network")
# Connections, and messages that need none, to internet addresses; a look-up of a name is one to port 53.
_REACHING_OUT = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*\bAF_INET6?\b")
# Of the user's, or changing where packages write: a traced program has a home of its own.
_NOT_HANDED_ON = ("AVMETER_", "HF_", "XDG_", "ORT_", "FASTVIDEO_", "TRANSFORMERS_")


@dataclass(frozen=True)
class Traced:
    """A program that has ended.

    Attributes:
        code: How it ended.
        err: What it wrote to standard error.
        calls: System calls of it and of all processes that it started, with an internet address in them.
        files: What lies in its home folder afterwards.
    """

    code: int
    err: str
    calls: list[str]
    files: list[str]


@cache
def _can_trace() -> bool:
    if not shutil.which("strace") or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "--net", *_STRACE, "true"], capture_output=True).returncode == 0


def require_tracing() -> None:
    """Skip the test where system calls cannot be traced: it takes Linux, root, strace and unshare."""
    if not _can_trace():
        require.absent("system", "no strace in a network namespace of its own (Linux, root, strace, unshare)")


def trace(command: Sequence[object], folder: Path, variables: Mapping[str, str] | None = None) -> Traced:
    """Run a program without a network, in an empty home folder.

    Args:
        command: Program and arguments.
        folder: Empty or absent; gets the home folder and the trace.
        variables: Environment variables on top of those of this process, without what is the user's own.
    """
    home, log = folder / "home", folder / "trace"
    home.mkdir(parents=True)
    ours = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_HANDED_ON)}
    done = subprocess.run(
        ["unshare", "--net", *_STRACE, "-o", log, *map(str, command)],
        env={**ours, "HOME": str(home), **(variables or {})},
        capture_output=True,
        text=True,
        timeout=300,
    )
    calls = [line for line in log.read_text("utf-8", "replace").splitlines() if _REACHING_OUT.search(line)]
    files = sorted(str(path.relative_to(home)) for path in home.rglob("*") if not path.is_dir())
    return Traced(done.returncode, done.stderr, calls, files)
