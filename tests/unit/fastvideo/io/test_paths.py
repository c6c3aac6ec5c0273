"""Names of generated files."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.fastvideo.io.paths import build_eval_kwargs, default_filename, glob_videos, sanitize_prompt


@pytest.mark.parametrize(
    ("prompt", "name"), [('a "cat": <1/2>?', "a cat 12"), ("  two \n words. ", "two words"), ("???", "output")]
)
def test_prompt_becomes_a_name(prompt: str, name: str) -> None:
    """Without what file systems refuse."""
    assert sanitize_prompt(prompt) == name


def test_long_prompt_is_cut() -> None:
    """At 100 characters unless another length is asked for."""
    assert len(sanitize_prompt("x" * 300)) == 100
    assert sanitize_prompt("abcdef", max_len=3) == "abc"


def test_files_of_a_prompt_come_by_number(tmp_path: Path) -> None:
    """2 before 10; brackets in a prompt are no pattern."""
    row = {"prompt": "a [red] cat"}
    for index in (10, 2):
        (tmp_path / default_filename(row, index)).touch()
    (tmp_path / "a [red] dog-1.mp4").touch()
    assert [p.name for p in glob_videos(tmp_path, row)] == ["a [red] cat-2.mp4", "a [red] cat-10.mp4"]


def test_keywords_of_a_row_hold_its_frames_and_prompt(clips: Path) -> None:
    """Frames in a batch of one."""
    row = {"prompt": "a flash", "auxiliary_info": {"color": "white"}}
    found = build_eval_kwargs(row, clips / "gen" / "clip_2.mp4", fps=8.0)
    assert found["video"].shape == (1, 4, 3, 64, 96)
    assert {k: found[k] for k in ("fps", "text_prompt", "auxiliary_info")} == {
        "fps": 8.0, "text_prompt": "a flash", "auxiliary_info": {"color": "white"},
    }  # fmt: skip
