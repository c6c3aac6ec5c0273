"""Absent things skip a test, or fail it where their kind is required; nothing else in the tests skips."""

from __future__ import annotations

import re

import pytest

from avmeter.errors import MissingDependencyError
from support import require
from support.paths import ROOT, TESTS

SKIPS = re.compile(r"pytest\.(?:skip\(|importorskip|mark\.skip|xfail|mark\.xfail)|unittest\.skip|SkipTest")
DEPTH = re.compile(r"__file__.*parents\[|\"shared\"")
# Asks for nothing of pytest: it makes golden files, on a machine with the published code.
MAKERS = TESTS / "golden"


def sites(pattern: re.Pattern[str]) -> set[str]:
    """Files below tests/ in which a line matches, without this one."""
    files = [p for p in TESTS.rglob("*.py") if not p.is_relative_to(MAKERS) and p.name != "test_require.py"]
    return {p.relative_to(TESTS).as_posix() for p in files if pattern.search(p.read_text())}


def test_every_skip_can_be_made_a_failure() -> None:
    """Only `support.require` skips, so `AVMETER_REQUIRE` reaches every test that can."""
    assert sites(SKIPS) == {"support/require.py"}, "use support.require: absent, needs, package, media, golden, weights"


def test_paths_are_said_once() -> None:
    """A test that counts folders upwards is dead when it moves: `support.paths` counts for all."""
    assert sites(DEPTH) == {"support/paths.py"}, "import ROOT, GOLDEN, ... from support.paths"


@pytest.mark.parametrize("named", ["gpu", " gpu , media", "all"])
def test_absence_of_a_required_kind_is_a_failure(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """The variable holds kinds, separated by commas, or `all`."""
    monkeypatch.setenv("AVMETER_REQUIRE", named)
    with pytest.raises(pytest.fail.Exception, match="asks for gpu: none here"):
        require.absent("gpu", "none here")


@pytest.mark.parametrize("named", ["", "browser", "browser,media"])
def test_absence_of_another_kind_is_a_skip(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """What nobody asked for may be absent."""
    monkeypatch.setenv("AVMETER_REQUIRE", named)
    with pytest.raises(pytest.skip.Exception, match="none here"):
        require.absent("gpu", "none here")


def test_continuous_integration_requires_all_that_a_machine_without_a_gpu_can_have() -> None:
    """A kind that is added here is required there, or its absence would pass unseen; hubs are not reached there."""
    script = (ROOT / ".ci" / "run").read_text()
    named = re.findall(r"AVMETER_REQUIRE\+?=([a-z,]+)", script)
    kinds = {kind for kinds in named for kind in kinds.split(",")} - {""}
    assert kinds == set(require.KINDS) - {"gpu", "trainers", "fetched"}
    assert "AVMETER_REQUIRE=trainers" in (ROOT / "Makefile").read_text()  # before a release: they are large


def test_misspelt_kind_is_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that does not exist would require nothing, in silence."""
    monkeypatch.setenv("AVMETER_REQUIRE", "gpus")
    with pytest.raises(AssertionError, match="no kind of thing: gpus"):
        require.absent("gpu", "none here")


def test_each_helper_requires_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages, clips, golden files, weights and the package's own complaint all end in a failure."""
    monkeypatch.setenv("AVMETER_REQUIRE", "all")
    calls = {
        "packages: no_such_package": lambda: require.package("no_such_package"),
        "media: the clip gone.wav": lambda: require.media("gone.wav"),
        "goldens: gone.npz": lambda: require.golden("gone.npz"),
        "fetched: not on this machine: sensevoice-small": lambda: require.fetched("sensevoice-small"),
    }
    for said, call in calls.items():
        with pytest.raises(pytest.fail.Exception, match=said):
            call()
    with pytest.raises(pytest.fail.Exception, match="packages: needs x"), require.dependencies():
        raise MissingDependencyError("needs x", hint="pip install x")
