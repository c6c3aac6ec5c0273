"""Tables of `avmeter list` and `avmeter weights list`."""

from __future__ import annotations

import re

import pytest

from avmeter.cli.tables import print_table

ROWS = [("clap-htsat-fused", "audio.clap_score, audio.frechet_distance_infinity", "yes")]


def test_narrow_terminal_has_records_with_whole_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the longest words do not fit side by side, no name is broken in two."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "50")
    print_table(("name", "used for", "here"), ROWS)
    text = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    for name in ("clap-htsat-fused", "used for: audio.clap_score", "audio.frechet_distance_infinity", "here: yes"):
        assert name in text
    assert "┃" not in text


def test_output_to_a_pipe_is_a_table_at_full_width(capsys: pytest.CaptureFixture[str]) -> None:
    """A script finds each row on a line."""
    print_table(("name", "used for", "here"), ROWS)
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "clap-htsat" in line)
    assert "audio.frechet_distance_infinity │ yes" in row
