"""What a run logs, for the file `log.txt` of its folder: warnings, and the traceback of everything that failed.

A failure of one clip is a skip in the results, in a sentence; its traceback is for who mends it. It goes to the logger
`avmeter.failures`, which shows nothing unless `avmeter` is asked for debugging, and to every run that is under way.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from avmeter.plain import described

MAX_CHARACTERS = 1 << 18
_MAX_PER_RECORD = 1 << 14
_PACKAGE, FAILURES = "avmeter", "avmeter.failures"


class RunLog(logging.Handler):
    """Collects what is logged, cleaned of what could steer a terminal, up to a size.

    Args:
        max_characters: Beyond, records are counted only.
    """

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._max_characters = max_characters
        self._entries: list[str] = []
        self._num_characters = 0
        self._num_left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Take in a record, with its traceback."""
        entry = _clean(_shortened(self.format(record))) + "\n"
        if self._num_characters + len(entry) > self._max_characters:
            self._num_left_out += 1
            return
        self._entries.append(entry)
        self._num_characters += len(entry)

    def take(self) -> str:
        """Return what was logged since the last call; empty if nothing was."""
        more = f"... and {self._num_left_out} records more\n" if self._num_left_out else ""
        text = "".join(self._entries) + more
        self._entries, self._num_characters, self._num_left_out = [], 0, 0
        return text


@contextlib.contextmanager
def logged(*names: str) -> Iterator[RunLog]:
    """Collect what is logged within the block, by any thread of this process.

    Args:
        names: Loggers; default is that of the package and that of tracebacks.
    """
    log = RunLog()
    failure_logger()
    loggers = [logging.getLogger(name) for name in names or (_PACKAGE, FAILURES)]
    for logger in loggers:
        logger.addHandler(log)
    try:
        yield log
    finally:
        for logger in loggers:
            logger.removeHandler(log)


def failure_logger() -> logging.Logger:
    """Return the logger of tracebacks; set up again each time, which changes nothing."""
    logger = logging.getLogger(FAILURES)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    if not any(isinstance(handler, _Forwarding) for handler in logger.handlers):
        logger.addHandler(_Forwarding())
    return logger


def log_failure(name: str, error: BaseException) -> None:
    """Log the traceback of what failed; what it says alone where there is none to be had.

    Args:
        name: What it concerns.
        error: What was raised.
    """
    try:
        failure_logger().debug("unexpected failure: %s", name, exc_info=error)
    except Exception:  # noqa: BLE001 - exceptions of other packages may raise when they are looked at
        failure_logger().debug("unexpected failure: %s: %s", name, described(error))


class _Forwarding(logging.Handler):
    """Hands records on to the logger of the package, if that takes records of their level."""

    def emit(self, record: logging.LogRecord) -> None:
        package = logging.getLogger(_PACKAGE)
        if package.isEnabledFor(record.levelno):
            for handler in _handlers_of(package):
                if not isinstance(handler, RunLog) and record.levelno >= handler.level:
                    handler.handle(record)


def _handlers_of(logger: logging.Logger) -> Iterator[logging.Handler]:
    current: logging.Logger | None = logger
    while current is not None:
        yield from current.handlers
        current = current.parent if current.propagate else None


def _shortened(text: str) -> str:
    if len(text) <= _MAX_PER_RECORD:
        return text
    half = _MAX_PER_RECORD // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters ...]\n{text[-half:]}"


def _clean(text: str) -> str:
    """Escape control characters, marks of direction and lone surrogates; lines stay lines."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
