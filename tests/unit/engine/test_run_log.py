"""What a run logs is collected, cleaned and bounded, and shows nowhere else unless it is asked for."""

import logging

import pytest

from avmeter.engine.failures import skip_of_failure
from avmeter.engine.run_log import MAX_CHARACTERS, RunLog, logged


def fail(text):
    try:
        raise ZeroDivisionError(text)
    except ZeroDivisionError as error:
        error.add_note("a note of a worker")
        return skip_of_failure(error, "clip.wav")


def test_traceback_of_what_failed_is_collected(capsys):
    """With its notes and the clip; the terminal stays as it was."""
    with logged() as log:
        fail("oh")
        logging.getLogger("avmeter").warning("doubtful")
    text = log.take()
    for part in ("clip.wav", "Traceback", "test_run_log.py", "ZeroDivisionError: oh", "a note of a worker", "doubtful"):
        assert part in text
    assert log.take() == ""
    fail("after the run")
    assert log.take() == ""
    assert "Traceback" not in capsys.readouterr().err


def test_who_debugs_sees_tracebacks_as_before(monkeypatch):
    """Once, by the handlers of the package's logger, and nothing where it does not debug."""
    seen = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", lambda record: seen.append(record.getMessage()))
    package = logging.getLogger("avmeter")
    monkeypatch.setattr(package, "handlers", [handler])
    for level in (logging.WARNING, logging.DEBUG):
        monkeypatch.setattr(package, "level", level)
        package.manager._clear_cache()
        with logged():
            fail("oh")
    package.manager._clear_cache()
    assert seen == ["unexpected failure: clip.wav"]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [("\x1b[31m", "\\x1b[31m"), ("\u202e", "\\u202e"), ("\ud800", "\\ud800")],
    ids=["escape sequence", "direction of writing", "lone surrogate"],
)
def test_what_could_steer_a_terminal_is_escaped(raw, clean):
    """Names of files and texts of errors come from outside."""
    log = RunLog()
    # By hand: what a logger takes, pytest captures, and sends between its processes as UTF-8.
    log.emit(logging.LogRecord("avmeter", logging.WARNING, "file.py", 1, f"a{raw}b", None, None))
    text = log.take()
    assert raw not in text
    assert f"a{clean}b" in text


def test_log_is_bounded():
    """By its size, and each record by its own: the rest is counted."""
    log = RunLog(max_characters=1000)
    logger = logging.Logger("x")
    logger.addHandler(log)
    for _ in range(10):
        logger.warning("y" * 300)
    text = log.take()
    assert len(text) < 1100
    assert text.endswith("records more\n")
    log = RunLog()
    logger.addHandler(log)
    logger.warning("z" * MAX_CHARACTERS * 2)
    assert "characters ..." in log.take()
