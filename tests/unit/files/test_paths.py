"""Questions about paths that anybody may have written."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.files import expand_home, is_file, is_folder, is_there


@pytest.mark.parametrize("text", ["x" * 300, "x/" * 3000, "a\0b", "\ud800", "~nosuchuser/x", ""])
def test_no_text_is_an_error(text: str) -> None:
    """Nothing is there under such a name."""
    path = expand_home(text)
    assert str(path) == str(Path(text))
    for question in (is_there, is_file, is_folder):
        assert question(path) is (text == "" and question is not is_file)


def test_home_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As a shell takes it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert expand_home("~/x") == tmp_path / "x"
    assert is_folder(expand_home("~"))
