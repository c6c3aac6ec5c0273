"""Every failure has its skip, and failures are caught where CONTRIBUTING says."""

import functools
import os
import re
import signal
import sys

import pytest

from avmeter.engine.failures import skip_of_failure, skip_of_unavailable
from avmeter.errors import MissingDependencyError, SkipCode, SkipError, StatsError, UsageError, WeightsError
from avmeter.result import Skip
from support.hostile import RAISING, RaisingError
from support.paths import ROOT


def test_skip_stays_what_it_is():
    """Code, reason and hint are those of the error."""
    error = SkipError(SkipCode.SILENT, "a.wav: silent", hint="look")
    assert skip_of_failure(error, "elsewhere") == Skip(code=SkipCode.SILENT, reason="a.wav: silent", hint="look")


def test_too_little_for_a_statistic_is_too_few_samples():
    """The statistics know no samples; whoever asked them does."""
    assert skip_of_failure(StatsError("1 row"), "x").code == SkipCode.TOO_FEW_SAMPLES


def test_fault_names_what_it_concerns_and_its_kind():
    """A name, or what has one."""

    class Named:
        name = "clip.mp4"

    for where in ("clip.mp4", Named()):
        found = skip_of_failure(ZeroDivisionError("oh"), where)
        assert (found.code, found.reason) == (SkipCode.FAILED, "clip.mp4: ZeroDivisionError: oh")
    assert skip_of_failure(UsageError("no header"), "clip.mp4").reason == "clip.mp4: no header"


def test_network_that_cannot_be_loaded_lacks_weights_or_a_package():
    """Both say what to do."""
    assert skip_of_unavailable(WeightsError("w", hint="fetch")).code == SkipCode.WEIGHTS_UNAVAILABLE
    missing = skip_of_unavailable(MissingDependencyError("p", hint="install"))
    assert (missing.code, missing.hint) == (SkipCode.DEPENDENCY_MISSING, "install")


def test_fault_of_any_kind_has_a_sentence():
    """One without a text, one of a class that is not set up, one that may not even be logged."""

    class HalfMade(SkipError):
        def __init__(self):
            pass

    class Untraceable(Exception):
        @property
        def __traceback__(self):
            raise RuntimeError("no")

    for error in (RaisingError(), HalfMade(), Untraceable("x"), SystemExit(3), GeneratorExit(), MemoryError()):
        found = skip_of_failure(error, "clip.mp4")
        assert found.code == SkipCode.FAILED
        assert found.reason.startswith(f"clip.mp4: {type(error).__name__}")
    assert skip_of_failure(SkipError(SkipCode.SILENT, RAISING), "x").code == SkipCode.SILENT


class Handler:
    def __call__(self, *_):
        sys.exit(3)

    def method(self, *_):
        sys.exit(3)


@pytest.mark.parametrize(
    "handler", [lambda *_: sys.exit(3), Handler(), Handler().method, functools.partial(Handler.__call__, Handler())]
)
def test_exit_by_a_signal_is_no_failure(handler):
    """A program that ends on SIGTERM ends, whichever metric it comes upon; one that a metric asks for is its own."""
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        raise AssertionError("no signal came")
    except SystemExit as error:
        with pytest.raises(SystemExit):
            skip_of_failure(error, "clip.mp4")
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_every_broad_except_stands_where_contributing_says():
    """A failure that is caught anywhere else would go on unseen."""
    folder = ROOT / "src" / "avmeter"
    broad = re.compile(r"except (?:Exception|FAILURES)|suppress\(Exception\)")
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*.py") if broad.search(p.read_text())}
    rules = (ROOT / "CONTRIBUTING.md").read_text().partition("`except Exception`")[2].partition("\n- ")[0]
    listed, room = set(), ""
    for path in re.findall(
        r"`((?:engine|sample|features|metrics|sources|nets|runtime|training|fastvideo)/[\w/.]*|\w+\.py)`", rules
    ):
        room = path if path.endswith("/") else room
        if path.endswith(".py"):
            listed.add(path if "/" in path else room + path)
    assert found == listed - {"engine/failures.py"}
