"""A process finds this program from wherever it is started, and belongs to the process that started it alone."""

import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from avmeter.engine.ipc.process import CannotStartError, Process


def python(code, *options):
    """A program of the user, in an interpreter of its own."""
    program = [sys.executable, *options, "-c", textwrap.dedent(code)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def answering(tmp_path, monkeypatch):
    """A module that tells what it sees, in a folder whose name would break a list of folders."""
    folder = tmp_path / "a:b"
    folder.mkdir()
    source = "import os, sys\nfrom avmeter.engine.ipc.process import connect_to_run\n\n\ndef serve(descriptor):\n"
    source += "    connect_to_run(descriptor).send((sys.path, os.getsid(0), sys.modules['avmeter'].__file__))\n"
    (folder / "answering.py").write_text(source)
    other = tmp_path / "other" / "avmeter"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise RuntimeError('not this one')")
    monkeypatch.setattr(sys, "path", [str(other.parent), *sys.path, str(folder)])
    return Process("answering")


def test_process_has_the_path_of_the_run_in_its_order_and_this_package(answering):
    """Whatever lies earlier on the path under its name; it is in a session of its own, which Ctrl-C does not reach."""
    path, session, package = answering.connect().receive()
    assert path == [entry for entry in sys.path if entry]
    assert session == answering.pid != os.getsid(0)
    assert package == sys.modules["avmeter"].__file__
    answering.stop()


def test_standard_streams_may_be_closed():
    """Their descriptors are not given to the channel, where whatever prints would write into it."""
    python(
        """
        import os
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        from avmeter.engine.ipc.process import _socket_pair
        os._exit(0 if min(end.fileno() for end in _socket_pair()) > 2 else 1)
        """
    )


def test_program_that_is_no_interpreter_starts_nothing(monkeypatch):
    """A frozen program would start itself again and again."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    process = Process("avmeter.engine.decode.worker")
    with pytest.raises(CannotStartError, match="no Python interpreter"):
        process.start()
    assert process.pid is None


def test_forked_process_leaves_the_process_alone(answering):
    """It neither ends it nor talks to it, but starts one of its own."""
    channel = answering.connect()
    pid = answering.pid
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of forks beside threads
        forked = os.fork()
    if not forked:
        is_own = answering.pid is None
        session = answering.connect().receive()[1]
        is_own = is_own and session == answering.pid != pid
        answering.stop()
        os._exit(0 if is_own else 1)
    assert os.waitpid(forked, 0)[1] == 0
    assert answering.pid == pid
    assert channel.receive()[1] == pid
    answering.stop()


def test_evaluator_that_nobody_shut_down_leaves_no_warning_at_the_end(tmp_path):
    """Warnings are errors for some; processes and the store are ended with the program, and by a forked one not."""
    done = python(
        f"""
        import os, pathlib, sys
        import avmeter
        evaluator = avmeter.Evaluator(["audio.loudness"], "cpu", loader_processes=1, store={str(tmp_path / "s")!r})
        clip = {str(tmp_path / "absent.wav")!r}
        evaluator.evaluate([{{"audio": clip}}])
        pathlib.Path(clip).write_text("no sound")
        evaluator.evaluate([{{"audio": clip}}])
        if not os.fork():
            sys.exit()
        os.wait()
        (worker,) = evaluator._computer.decode_pool.workers
        assert worker._process.poll() is None
        print(worker.pid)
        """,
        "-W", "error", "-W", "ignore::DeprecationWarning",
    )  # fmt: skip
    assert done.stderr == ""
    assert not Path(f"/proc/{done.stdout.strip()}").exists()
