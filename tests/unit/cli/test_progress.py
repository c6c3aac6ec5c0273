"""The rate beside the bar."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest

from avmeter.cli.progress import Pace, _format_rate, progress_bar
from avmeter.engine.compute.activity import Activity


@pytest.mark.parametrize(
    ("done", "elapsed", "shown"), [(0, 5.0, ""), (3, 0.0, ""), (30, 4.0, "7.5 clips/s"), (3, 60.0, "20.0 s/clip")]
)
def test_slow_clips_have_a_rate_above_nought(done: int, elapsed: float, shown: str) -> None:
    """A clip a minute is not "0.0 clips/s"."""
    assert _format_rate(done, elapsed, "clip") == shown


def test_windows_have_a_rate_before_the_first_clip_is_done() -> None:
    """A long clip is no silence of minutes: the stage is named, and windows are counted."""
    seconds, activity = [0.0], Activity(stage="loading passt")
    pace = Pace(4, "scoring", activity, clock=lambda: seconds[0])
    assert pace.line() == "loading passt: 0 of 4 clips after 0:00"
    seconds[0], activity.stage, activity.num_windows = 10.0, "scoring", 25
    assert pace.line() == "scoring: 0 of 4 clips after 0:10; 2.5 windows/s"
    activity.begin("passt")
    assert pace.line() == "computing passt: 0 of 4 clips after 0:10; 2.5 windows/s"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("width", "shown"), [(40, "imagebind_audio"), (80, "computing imagebind_audio"), (120, "━")])
def test_network_at_work_is_named_on_one_line_of_any_terminal(
    width: int, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no room is left out; the number of clips always has."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(12, "scoring", activity=Activity(stage="decoding", running=("imagebind_audio",))):
        pass
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    frames = [frame for frame in re.split(r"[\r\n]+", text) if frame]
    assert frames
    assert all(len(frame) <= width and shown in frame and "0/12" in frame for frame in frames), frames


def test_without_a_terminal_there_is_a_line_every_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """A log of a cluster says how far a run is."""
    with progress_bar(8, "scoring", interval_s=0.02) as update:
        assert update is not None
        update(3, 8)
        time.sleep(0.2)
    assert "scoring: 3 of 8 clips after 0:00" in capsys.readouterr().err
