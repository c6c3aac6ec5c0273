"""Other processes of this program, each at the end of a wire."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from avmeter.engine.wire import Wire


class Process:
    """A module of this program run by another interpreter; started when first needed, and again after it died.

    Args:
        module: It is run with the descriptor of its end of the wire as the argument.
        environment: Variables that differ from those of this process.
        command: What is run in place of the interpreter and the module.
    """

    def __init__(
        self, module: str, *, environment: Mapping[str, str] | None = None, command: Sequence[str] | None = None
    ) -> None:
        # -P: what lies in the folder that happens to be the current one is not imported.
        self._command = command or [sys.executable, "-P", "-m", module]
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that is running; None if none is."""
        return None if self._process is None else self._process.pid

    def start(self) -> Wire:
        """The connection to the process."""
        if self._wire is None:
            near, far = socket.socketpair()
            with far:
                self._process = subprocess.Popen(
                    [*self._command, str(far.fileno())],
                    pass_fds=(far.fileno(),),
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, **self._environment, "PYTHONPATH": _module_path()},
                )
            self._wire = Wire(near)
        return self._wire

    def interrupt(self) -> None:
        """Ask the process to end; `stop` gives it the time to."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def stop(self, *, patience_s: float = 0.0) -> None:
        """End the process.

        Args:
            patience_s: How long to wait for one that was interrupted.
        """
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
            self._process.kill()
            self._process.wait()
        if self._wire is not None:
            self._wire.close()
        self._wire = self._process = None


def _module_path() -> str:
    own = str(Path(__file__).parents[2])
    return os.pathsep.join(dict.fromkeys([own, *filter(None, sys.path)]))
