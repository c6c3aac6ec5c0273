"""Rates of this machine, from run to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.preflight.rates import Rates


def test_later_runs_read_what_earlier_ones_recorded(tmp_path: Path) -> None:
    """Each machine has its own; a new value replaces that of the same extractor."""
    one, other = (Rates(path=tmp_path / "deep" / "rates.json", machine=name) for name in ("one", "other"))
    one.record({"a": 1.0, "b": 2.0})
    other.record({"a": 9.0})
    one.record({"a": 3.0})
    assert one.read() == {"a": 3.0, "b": 2.0}
    assert other.read() == {"a": 9.0}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"one": 3}', '{"one": {"a": "x", "b": -1, "c": NaN}}'])
def test_damaged_file_is_no_rates(tmp_path: Path, content: str) -> None:
    """A cache may hold anything."""
    rates = Rates(path=tmp_path / "rates.json", machine="one")
    (tmp_path / "rates.json").write_text(content)
    assert rates.read() == {}


def test_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    """An estimate is not worth a run."""
    (tmp_path / "file").write_text("")
    Rates(path=tmp_path / "file" / "rates.json", machine="one").record({"a": 1.0})


def test_rates_lie_where_features_are_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the cache folder, in a store elsewhere, or nowhere."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    for store in (False, None, tmp_path / "mine", True):
        Rates.of(store, device="cpu", precision="float32").record({"a": 1.0})
        assert (tmp_path / "cache").exists() is (store is True)
    assert (tmp_path / "mine" / "rates.json").is_file()
    assert Rates.of(None, device="cpu", precision="float32").read() == {}
