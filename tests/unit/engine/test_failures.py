"""Every failure has its skip, and failures are caught where CONTRIBUTING says."""

import re

from avmeter.engine.failures import skip_of_failure, skip_of_unavailable
from avmeter.errors import MissingDependencyError, SkipCode, SkipError, StatsError, UsageError, WeightsError
from avmeter.result import Skip
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


def test_every_broad_except_stands_where_contributing_says():
    """A failure that is caught anywhere else would go on unseen."""
    folder = ROOT / "src" / "avmeter"
    broad = re.compile(r"except Exception|suppress\(Exception\)")
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*.py") if broad.search(p.read_text())}
    rules = (ROOT / "CONTRIBUTING.md").read_text().partition("`except Exception`")[2].partition("\n- ")[0]
    listed, room = set(), ""
    for path in re.findall(r"`((?:engine|sample|features|sources|nets|training|fastvideo)/[\w/.]*|\w+\.py)`", rules):
        room = path if path.endswith("/") else room
        if path.endswith(".py"):
            listed.add(path if "/" in path else room + path)
    assert found == listed - {"engine/failures.py"}
