"""Other processes of this program, each at the end of a wire."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import spawn
from pathlib import Path

from avmeter.engine.ipc.channel import Wire

_REPORT = "ready"
_REPORT_WITHIN_S = 300.0  # imports from a slow network drive take a minute
_FIRST_FREE = 3  # after the standard streams


class CannotStartError(Exception):
    """A process could not be started, or ended before it reported: whatever it was to work on is not the reason."""


class Process:
    """A module of this program run by another interpreter; started when first needed, and again after it died.

    It is in a session of its own: Ctrl-C reaches the run alone, which decides what it means. A process forked from
    this one has nothing to do with it, and starts its own when it needs one.

    Args:
        module: Its `serve` is called with the descriptor of its end of the wire, and says so by `report`.
        environment: Variables that differ from those of this process.
        command: What is run in place of the interpreter and the module, with the descriptor as the argument.

    Attributes:
        has_refused: The last attempt to start it failed.
    """

    def __init__(
        self, module: str, *, environment: Mapping[str, str] | None = None, command: Sequence[str] | None = None
    ) -> None:
        self._module = module
        self._stated_command = command
        self._environment = dict(environment or {})
        self.has_refused = False
        self._forget()

    def _forget(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()  # `stop` comes from other threads
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None
        self._has_reported = False

    @property
    def pid(self) -> int | None:
        """Of the process that is running; None if none is."""
        self._leave_to_owner()
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process if there is none, without waiting for it.

        Raises:
            CannotStartError: There can be none.
        """
        self._leave_to_owner()
        with self._lock:
            if self._process is not None:
                return
            try:
                near, far = _socket_pair()
                with contextlib.ExitStack() as on_failure, far:
                    on_failure.callback(near.close)
                    self._process = subprocess.Popen(
                        self._command(far.fileno()),
                        pass_fds=(far.fileno(),),
                        stdin=subprocess.DEVNULL,
                        env={**os.environ, **self._environment},
                        start_new_session=True,
                    )
                    on_failure.pop_all()
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                self.has_refused = True
                raise CannotStartError(str(error)) from error
            self._wire = Wire(near)
            self._has_reported = False

    def connect(self) -> Wire:
        """The connection to the process, which is started if need be and has reported.

        Raises:
            CannotStartError: It cannot be started, or ended before it reported.
        """
        self.start()
        wire, process = self._wire, self._process
        if wire is None or process is None:
            raise CannotStartError("it was stopped meanwhile")
        if not self._has_reported:
            try:
                wire.receive(timeout_s=_REPORT_WITHIN_S)
            except (EOFError, OSError) as error:
                self.stop()
                self.has_refused = True
                why = str(error) or f"it ended at once, with code {process.returncode}"
                raise CannotStartError(why) from error
            self._has_reported, self.has_refused = True, False
        return wire

    def interrupt(self) -> None:
        """Ask the process to end; `stop` gives it the time to."""
        self._leave_to_owner()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)

    def stop(self, *, patience_s: float = 0.0) -> None:
        """End the process; from any thread.

        Args:
            patience_s: How long to wait for one that was interrupted.
        """
        self._leave_to_owner()
        process, wire = self._process, self._wire
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience_s)
            process.kill()
            process.wait()
        with self._lock:
            if self._process is process:
                self._process = self._wire = None
        if wire is not None:
            wire.close()

    def _command(self, descriptor: int) -> list[str]:
        if self._stated_command is not None:
            return [*self._stated_command, str(descriptor)]
        if os.name != "posix":
            raise ValueError("this system hands on no sockets")
        program = spawn.get_executable()
        if not program or getattr(sys, "frozen", False):
            raise ValueError(f"{program or 'this program'} is no Python interpreter")
        # -P: what lies in the folder that happens to be the current one is not imported.
        options = ["-P", *["-E"] * sys.flags.ignore_environment, *["-s"] * sys.flags.no_user_site]
        path = json.dumps([entry for entry in sys.path if entry])
        folder = Path(__file__).parent
        package = folder.parents[1] / "__init__.py"
        arguments = [self._module, str(descriptor), str(package), path]
        return [os.fsdecode(program), *options, str(folder / "bootstrap.py"), *arguments]

    def _leave_to_owner(self) -> None:
        """In a forked process: close its copy of the connection, and know nothing of the other end."""
        if self._owner == os.getpid():
            return
        process, wire = self._process, self._wire
        self._forget()
        if process is not None:
            process.poll()  # finds that it is no child of this process
        if wire is not None:
            wire.close()


def report(descriptor: int) -> Wire:
    """The other process's end of the wire, on which it says that it is there.

    Raises:
        OSError: The run is gone.
    """
    wire = Wire(socket.socket(fileno=descriptor))
    wire.send(_REPORT)
    return wire


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends, clear of the standard streams' descriptors even where those are closed."""
    pair = socket.socketpair()
    try:
        return _above_streams(pair[0]), _above_streams(pair[1])
    except OSError:
        for end in pair:
            end.close()
        raise


def _above_streams(end: socket.socket) -> socket.socket:
    if end.fileno() >= _FIRST_FREE:
        return end
    import fcntl  # not everywhere

    with end:
        return socket.socket(fileno=fcntl.fcntl(end.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE))
