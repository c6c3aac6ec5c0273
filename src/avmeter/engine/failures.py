"""From a failure to the skip that it amounts to, for clips, windows, metrics and networks alike."""

from __future__ import annotations

import signal
from asyncio.exceptions import CancelledError
from types import CodeType
from typing import Any

from avmeter.engine.run_log import log_failure
from avmeter.errors import AvmeterError, SkipCode, SkipError, StatsError, WeightsError
from avmeter.plain import described, text_of
from avmeter.result import Skip

INTERRUPTED = Skip(
    code=SkipCode.INTERRUPTED,
    reason="the run was ended before this was computed",
    hint="the same command goes on from there, if there is a feature store",
)
"""Skip of what a run that was asked to stop has not come to."""


def never() -> bool:
    """Return False: a run that nobody asks to stop."""
    return False


_REPORT = "please report this with the file, if you can"

FAILURES: tuple[type[BaseException], ...] = (Exception, SystemExit, CancelledError, GeneratorExit)
"""What one clip, window or metric may fail with alone: `sys.exit()` in a metric is no end of the run."""
FAILURES_OF_ITEMS: tuple[type[BaseException], ...] = (Exception, SystemExit, CancelledError)
"""The same around a `yield`, where `GeneratorExit` says that nobody wants more."""


def skip_of_failure(error: BaseException, where: object) -> Skip:
    """Return the skip of what one clip, window or metric failed with.

    Args:
        error: What was raised. What is not one of this package's errors is a fault: it is logged.
        where: What it concerns: a name, or something that has one.

    Raises:
        SystemExit: The error itself, where a signal handler of the program raised it: that ends the program.
    """
    if isinstance(error, SystemExit) and _is_of_a_signal(error):
        raise error
    known = _skip_of_known(error)
    if known is not None:
        return known
    name = text_of(getattr(where, "name", where))
    log_failure(name, error)
    message = getattr(error, "message", None) if isinstance(error, AvmeterError) else None
    text = described(error) if message is None else message
    return Skip(code=SkipCode.FAILED, reason=f"{name}: {text_of(text)}", hint=_REPORT)


def _skip_of_known(error: BaseException) -> Skip | None:
    """Return the skip that an error of this package stands for; None for a fault, and for a subclass that is broken."""
    try:
        if isinstance(error, SkipError):
            return Skip.of(error)
        if isinstance(error, StatsError):
            hint = error.hint or SkipCode.TOO_FEW_SAMPLES.hint
            return Skip(code=SkipCode.TOO_FEW_SAMPLES, reason=error.message, hint=hint)
    except AttributeError:  # its constructor calls none of ours
        pass
    return None


def _is_of_a_signal(error: BaseException) -> bool:
    """Return True if a handler of signals is among the functions that an exception came through."""
    codes = {_code_of(signal.getsignal(number)) for number in signal.valid_signals()}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in codes:
            return True
        trace = trace.tb_next
    return False


def _code_of(handler: Any) -> CodeType | None:
    """Return the code of a handler: a function, a method, what `partial` makes of one, or an object to be called."""
    handler = getattr(handler, "func", handler)
    code = getattr(handler, "__code__", None) or getattr(getattr(handler, "__call__", None), "__code__", None)  # noqa: B004
    return code if isinstance(code, CodeType) else None


def skip_of_unavailable(error: AvmeterError) -> Skip:
    """Return the skip of everything that needs a network which cannot be loaded."""
    code = SkipCode.WEIGHTS_UNAVAILABLE if isinstance(error, WeightsError) else SkipCode.DEPENDENCY_MISSING
    return Skip(code=code, reason=error.message, hint=error.hint)
