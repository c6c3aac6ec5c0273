"""Other processes of this program, each at the end of a channel."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import spawn
from pathlib import Path

from avmeter.engine.ipc.arena import Arena
from avmeter.engine.ipc.channel import Channel
from avmeter.telemetry import TELEMETRY_OFF

_READY = "ready"
_READY_WITHIN_S = 300.0  # imports from a slow network drive take a minute
_FIRST_FREE = 3  # after the standard streams


class CannotStartError(Exception):
    """A process could not be started, or ended before it was ready: whatever it was to work on is not the reason."""


class Process:
    """A module of this program run by another interpreter; started when first needed, and again after it died.

    It is in a session of its own: Ctrl-C reaches the run alone, which decides what it means. A process forked from
    this one has nothing to do with it, and starts its own when it needs one.

    Args:
        module: Its `serve` is called with the descriptor of its end of the channel; it calls `connect_to_run`.
        environment: Environment variables that differ from those of this process.
        command: Command to run in place of the interpreter and the module, with the descriptor as the argument.
        arena: Memory for large arrays of its answers.

    Attributes:
        failed_to_start: The last attempt to start it failed.
    """

    def __init__(
        self,
        module: str,
        *,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        arena: Arena | None = None,
    ) -> None:
        self._module = module
        self._arena = arena
        self._custom_command = command
        self._environment = dict(environment or {})
        self.failed_to_start = False
        self._forget()

    def _forget(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()  # `stop` comes from other threads
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._stopped: subprocess.Popen[bytes] | None = None  # so that its end is not taken for a failure to start
        self._is_ready = False

    @property
    def pid(self) -> int | None:
        """PID of the running process, or None."""
        self._leave_to_owner()
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process if there is none, without waiting for it.

        Raises:
            CannotStartError: It cannot be started.
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
                        env={**os.environ, **TELEMETRY_OFF, **self._environment},
                        start_new_session=True,
                    )
                    on_failure.pop_all()
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                self.failed_to_start = True
                raise CannotStartError(str(error)) from error
            self._channel = Channel(near)
            self._is_ready = False

    def connect(self) -> Channel:
        """Return the channel to the process, started if need be, once it is ready.

        Raises:
            CannotStartError: It cannot be started, or ended before it was ready.
        """
        self.start()
        channel, process = self._channel, self._process
        if channel is None or process is None:
            raise CannotStartError("it was stopped meanwhile")
        if not self._is_ready:
            try:
                channel.receive(timeout_s=_READY_WITHIN_S)
                if self._arena is not None:
                    self._arena.reclaim()
                    channel.lend(self._arena)
            except (EOFError, OSError) as error:
                if self._stopped is process:
                    raise CannotStartError("it was stopped meanwhile") from error
                self.stop()
                self.failed_to_start = True
                why = str(error) or f"it ended at once, with code {process.returncode}"
                raise CannotStartError(why) from error
            self._is_ready, self.failed_to_start = True, False
        return channel

    def interrupt(self) -> None:
        """Ask the process to end; `stop` waits for it to do so."""
        self._leave_to_owner()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)

    def stop(self, *, grace_s: float = 0.0) -> None:
        """End the process; from any thread.

        Args:
            grace_s: How long to wait for one that was interrupted.
        """
        self._leave_to_owner()
        process, channel = self._process, self._channel
        self._stopped = process
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_s)
            process.kill()
            process.wait()
        with self._lock:
            if self._process is process:
                self._process = self._channel = None
        if channel is not None:
            channel.close()

    def _command(self, descriptor: int) -> list[str]:
        if self._custom_command is not None:
            return [*self._custom_command, str(descriptor)]
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
        """In a forked process: close its copy of the connection, and forget the process."""
        if self._owner == os.getpid():
            return
        process, channel = self._process, self._channel
        self._forget()
        if process is not None:
            process.poll()  # finds that it did not start it
        if channel is not None:
            channel.close()


def connect_to_run(descriptor: int) -> Channel:
    """Return the process's own end of the channel, and tell the run that it is ready.

    Raises:
        OSError: The run is gone.
    """
    channel = Channel(socket.socket(fileno=descriptor))
    channel.send(_READY)
    return channel


def exit_with_run(descriptor: int) -> None:
    """End this process when the run is gone, even in the middle of a file that takes forever.

    Args:
        descriptor: Of the process's end of the channel.
    """
    threading.Thread(target=_exit_at_hang_up, args=(descriptor,), daemon=True).start()


def _exit_at_hang_up(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # a hang-up is reported without being asked for
    poll.poll()
    os._exit(1)


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected ends, clear of the standard streams' descriptors even where those are closed."""
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
