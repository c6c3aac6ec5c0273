"""From a failure to the skip that it amounts to, for clips, windows, metrics and networks alike."""

from __future__ import annotations

from avmeter.engine.run_log import failure_logger
from avmeter.errors import AvmeterError, SkipCode, SkipError, StatsError, WeightsError
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


def skip_of_failure(error: Exception, where: object) -> Skip:
    """Return the skip of what one clip, window or metric failed with.

    Args:
        error: What was raised. What is not one of this package's errors is a fault: it is logged.
        where: What it concerns: a name, or something that has one.
    """
    if isinstance(error, SkipError):
        return Skip.of(error)
    if isinstance(error, StatsError):
        hint = error.hint or SkipCode.TOO_FEW_SAMPLES.hint
        return Skip(code=SkipCode.TOO_FEW_SAMPLES, reason=error.message, hint=hint)
    name = getattr(where, "name", where)
    failure_logger().debug("unexpected failure: %s", name, exc_info=error)
    text = error.message if isinstance(error, AvmeterError) else f"{type(error).__name__}: {error}"
    return Skip(code=SkipCode.FAILED, reason=f"{name}: {text}", hint="please report this with the file, if you can")


def skip_of_unavailable(error: AvmeterError) -> Skip:
    """Return the skip of everything that needs a network which cannot be loaded."""
    code = SkipCode.WEIGHTS_UNAVAILABLE if isinstance(error, WeightsError) else SkipCode.DEPENDENCY_MISSING
    return Skip(code=code, reason=error.message, hint=error.hint)
