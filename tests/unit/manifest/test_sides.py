"""A path, a folder or a list becomes the files of one side."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.sides import named_files, resolve_side
from avmeter.media.extensions import VIDEO_EXTENSIONS
from support.files import touch


def test_files_of_a_list_are_named_below_the_folder_they_share() -> None:
    """In the caller's order."""
    assert [f.name for f in named_files([Path("p/y/b.wav"), Path("p/x/a.wav")])] == ["y/b.wav", "x/a.wav"]
    assert [f.name for f in named_files([Path("p/y/b.wav")])] == ["b.wav"]


def test_folder_holds_files_of_the_extensions(tmp_path: Path) -> None:
    """The rest is ignored by name, and so are folders to be left out."""
    touch(tmp_path, "a.mp4", "b.wav", "ref/c.mp4")
    side = resolve_side(tmp_path, "video", VIDEO_EXTENSIONS, leave_out=[tmp_path / "ref"])
    assert ([f.name for f in side.files], side.is_folder) == (["a.mp4"], True)
    assert side.ignored == (str(tmp_path / "b.wav"),)


@pytest.mark.parametrize(("spec", "message"), [([], "empty list"), ("gone", "neither a file nor a folder")])
def test_nothing_is_refused(spec: object, message: str) -> None:
    """With the role in the message."""
    with pytest.raises(ManifestError, match=f"audio.*{message}"):
        resolve_side(spec, "audio")  # type: ignore[arg-type]
