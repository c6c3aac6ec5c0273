"""Exceptions that say what happened and what to do."""

from __future__ import annotations

import ast
import pickle

import pytest

from avmeter.errors import (
    AvmeterError,
    ManifestError,
    MediaError,
    MissingDependencyError,
    SkipCode,
    SkipError,
    StatsError,
    UnknownNameError,
    UsageError,
    WeightsError,
)
from support.paths import ROOT

PLAIN = (AvmeterError, UsageError, UnknownNameError, ManifestError, MissingDependencyError, WeightsError, StatsError)

# Of codes that are known at run time only, all of which have a hint of their own.
OF_OTHER_CODES = {"_MISSING[kind]", "SkipCode(code)"}


@pytest.mark.parametrize("kind", PLAIN)
def test_message_and_hint_are_printed_and_kept_apart(kind: type[AvmeterError]) -> None:
    """Whoever catches one shows the hint on a line of its own, or leaves it out."""
    error = kind("what happened", hint="what to do")
    assert (error.message, error.hint) == ("what happened", "what to do")
    assert str(error) == "what happened\nhint: what to do"
    assert str(kind("what happened")) == "what happened"


@pytest.mark.parametrize("kind", [SkipError, MediaError])
def test_skip_has_a_code(kind: type[SkipError]) -> None:
    """The engine needs it to name the reason."""
    error = kind(SkipCode.SILENT, "silent", hint="listen")
    assert (error.code, str(error)) == (SkipCode.SILENT, "silent\nhint: listen")


def test_errors_are_also_those_that_python_has() -> None:
    """`except ValueError`, `except KeyError` and `except ImportError` catch what one expects."""
    assert issubclass(UsageError, ValueError)
    assert issubclass(UnknownNameError, KeyError)
    assert issubclass(StatsError, ValueError)
    assert issubclass(MissingDependencyError, ImportError)
    assert issubclass(MediaError, SkipError)


def test_codes_are_their_values() -> None:
    """Files hold the values; they are lower-case names and stand for themselves in text."""
    for code in SkipCode:
        assert f"{code}" == code.value == code.name.lower()


def test_near_names_are_suggested_else_all_are_listed() -> None:
    """By spelling, by the part behind the dot, or the whole list in order."""
    known = ["b.wer", "a.loudness"]
    assert UnknownNameError.among("metric", "a.loudnes", known).hint == "did you mean `a.loudness`?"
    assert UnknownNameError.among("metric", "A.LOUDNESS", known).hint == "did you mean `a.loudness`?"
    assert UnknownNameError.among("metric", "completely.else.wer", known).hint == "did you mean `b.wer`?"
    assert UnknownNameError.among("metric", "a.fad", ["a.wer", "a.prdc"]).hint == "known: a.prdc, a.wer"
    assert UnknownNameError.among("metric", 7, known).hint == "known: a.loudness, b.wer"
    assert UnknownNameError.among("metric", 7, known).message == "unknown metric `7`"


def test_errors_survive_a_process_border() -> None:
    """Workers report by pickle: message and type arrive."""
    for error in (UsageError("no", hint="yes"), WeightsError("gone", hint="fetch")):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert (type(again), again.message, again.hint) == (type(error), error.message, error.hint)


def test_skip_without_a_hint_has_that_of_its_code() -> None:
    """What whoever skips has to say comes first."""
    assert SkipError(SkipCode.NO_FACE, "no face").hint == SkipCode.NO_FACE.hint != ""
    assert MediaError(SkipCode.NO_FACE, "no face", hint="look up").hint == "look up"


def hintless() -> list[str]:
    """Places of the package where a skip is made without a hint, of a code that has none either."""
    found = []
    for path in sorted((ROOT / "src" / "avmeter").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or ast.unparse(call.func) not in ("SkipError", "MediaError", "Skip"):
                continue
            given = {k.arg: k.value for k in call.keywords}
            code = ast.unparse(given["code"] if "code" in given else call.args[0])
            is_skip = ast.unparse(call.func) == "Skip"
            has_hint = not is_skip and code.startswith("SkipCode.") and bool(SkipCode[code[len("SkipCode.") :]].hint)
            if "hint" not in given and not has_hint and (is_skip or code not in OF_OTHER_CODES):
                found.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    return found


def test_every_skip_has_a_hint() -> None:
    """Whoever reads it wants to know what to do."""
    assert hintless() == []
