"""Environment variables mean one thing, wherever they count."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import avmeter
from avmeter.doctor import diagnose
from avmeter.engine.store import default_store_folder
from avmeter.errors import WeightsError
from avmeter.runtime import environment
from avmeter.runtime.environment import Settings
from avmeter.weights import WeightsSource

PACKAGE = Path(avmeter.__file__).parent
# `ipc/process.py` hands it on to its process, and `telemetry.py` turns reports of other packages off.
MAY_READ = {
    Path("runtime/environment.py"),
    Path("engine/ipc/process.py"),
    Path("engine/executors/ray_actor.py"),
    Path("engine/executors/ray_cluster.py"),
    Path("telemetry.py"),
}
SPELLINGS = {
    "": False, "0": False, "false": False, "False": False, "no": False, "off": False, " OFF ": False,
    "1": True, "true": True, "yes": True, "on": True, "2": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in re.findall(r"`([A-Z_]+)`", environment.__doc__ or ""):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(("value", "is_offline"), SPELLINGS.items())
@pytest.mark.parametrize("name", ["AVMETER_OFFLINE", "HF_HUB_OFFLINE"])
def test_doctor_and_downloader_agree_when_the_network_is_off(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, is_offline: bool
) -> None:
    """Each spelling is offline for both or for neither."""
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("avmeter.doctor.list_metrics", list)
    findings = [f for f in diagnose() if f.topic == "network"]
    assert [name in f.text for f in findings] == [True] * is_offline
    # No server is asked: an address that nobody may reach is not the variable's doing.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AVMETER_MIRROR", "")
    assert (Settings.read().offline_because == name) is is_offline
    if is_offline:
        with pytest.raises(WeightsError, match=name):
            WeightsSource().fetch("passt")


def test_home_is_expanded_in_the_cache_folder_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`AVMETER_CACHE=~/cache` is one folder for downloads and for the feature store."""
    monkeypatch.setenv("AVMETER_CACHE", "~/cache")
    assert Settings.read().downloads == tmp_path / "cache" / "weights"
    assert default_store_folder() == tmp_path / "cache" / "store"


@pytest.mark.parametrize("name", ["AVMETER_FAD_REF_FEATURES", "FASTVIDEO_FAD_REF_FEATURES"])
def test_reference_features_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Both names count, and `~` is the home folder."""
    assert environment.reference_features_file() is None
    monkeypatch.setenv(name, "~/real.npz")
    assert environment.reference_features_file() == tmp_path / "real.npz"


def test_environment_is_read_in_one_place() -> None:
    """No other module of the package reads an environment variable."""
    reading = re.compile(r"\b(?:os\.environ|os\.getenv|getenv|environb?)\b")
    found = {p.relative_to(PACKAGE) for p in PACKAGE.rglob("*.py") if reading.search(p.read_text(encoding="utf-8"))}
    assert found == MAY_READ


def test_cache_lies_in_that_of_fastvideo_where_only_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who moved FastVideo's downloads off the home folder has moved ours."""
    assert environment.fastvideo_cache_folder() == tmp_path / ".cache" / "fastvideo" / "eval"
    ours = environment.cache_folder()
    monkeypatch.setenv("FASTVIDEO_CACHE_ROOT", str(tmp_path / "big"))
    assert environment.fastvideo_cache_folder() == tmp_path / "big" / "eval"
    assert environment.cache_folder() == tmp_path / "big" / "eval" / "avmeter" != ours
    monkeypatch.setenv("FASTVIDEO_EVAL_CACHE", str(tmp_path / "eval"))
    assert environment.fastvideo_cache_folder() == tmp_path / "eval"
    assert environment.cache_folder() == tmp_path / "eval" / "avmeter"
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "ours"))
    assert environment.cache_folder() == tmp_path / "ours"
