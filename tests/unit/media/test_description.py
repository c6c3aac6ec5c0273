"""What avmeter sees in a file, with and without decoding it."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.media import describe_file
from support.media import flash, tone, write_media


def test_decoding_adds_real_lengths_and_frame_times(tmp_path: Path) -> None:
    """The header alone has neither."""
    path = write_media(tmp_path / "a.mp4", wave=tone(440, 0.3, 48_000, 1), frames=flash(0.5, 25, 1))
    header = describe_file(path)
    assert header["file"] == str(path)
    assert not {"sound", "picture"} & set(header)
    decoded = describe_file(path, decode=True)
    assert decoded["picture"] == {"num_frames": 25, "first_s": 0.0, "last_s": pytest.approx(24 / 25)}
    assert decoded["sound"]["duration_s"] == pytest.approx(1.0, abs=0.05)
    assert header.items() <= decoded.items()


def test_file_that_is_no_media_is_refused(tmp_path: Path) -> None:
    """With the code that a score would be skipped with."""
    (tmp_path / "bad.mp4").write_text("no film")
    with pytest.raises(SkipError) as refused:
        describe_file(tmp_path / "bad.mp4")
    assert refused.value.code == SkipCode.UNREADABLE
