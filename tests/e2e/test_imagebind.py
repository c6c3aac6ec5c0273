"""ImageBind at full size from the command line, with stand-in weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.run import read_run
from support import require
from support.commandline import avmeter

require.package("ftfy")
require.package("regex")

TEXT_AUDIO, TEXT_VIDEO, JAVIS = "av.imagebind_text_audio", "av.imagebind_text_video", "av.javis_score"


@pytest.mark.full
@pytest.mark.media
def test_prompt_sound_and_picture_of_a_real_clip_are_scored_and_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three towers; options reach the metric; every score is marked as made with dummy weights."""
    clip = require.media("ltx2.mp4")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    done = avmeter(
        "score", clip, "--weights", "dummy", "-m", f"{TEXT_AUDIO},{TEXT_VIDEO},{JAVIS}",
        "--text-prompt", "two people in a kitchen", "--set", f"{JAVIS}.fps=2", "-o", tmp_path / "run",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "dummy weights" in done.out
    (row,) = read_run(tmp_path / "run")
    for name in (TEXT_AUDIO, TEXT_VIDEO, JAVIS):
        assert row[name].dummy
        assert -1 <= row[name].score <= 1
    details = row[JAVIS].details
    assert (details["num_windows"], details["num_windows_left_out"]) == (7, 1)
    assert details["frames_per_window"] == [4, 4]
    assert row[TEXT_AUDIO].details["num_tokens"] == len("two people in a kitchen") + 2
