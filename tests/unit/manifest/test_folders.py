"""Media files of a folder, in an order that people expect; nothing is dropped without being named."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.folders import holds_one_set_per_folder, list_media
from support.files import touch
from support.privileges import without_root


def test_link_loops_end(tmp_path: Path) -> None:
    """A folder that links to itself is read once."""
    gen = touch(tmp_path / "gen", "a.wav")
    (gen / "loop").symlink_to(gen, target_is_directory=True)
    assert [f.name for f in list_media(gen).files] == ["a.wav"]


def test_folders_are_in_natural_order(tmp_path: Path) -> None:
    """sample_2 comes before sample_10."""
    gen = touch(tmp_path / "gen", *(f"sample_{i}.wav" for i in range(12)))
    assert [f.name for f in list_media(gen).files] == [f"sample_{i}.wav" for i in range(12)]


def test_transport_streams_are_clips_and_typescript_is_not(tmp_path: Path) -> None:
    """A folder with a.ts and b.mp4 holds two clips; source code beside them is named as ignored."""
    gen = touch(tmp_path / "gen", "b.mp4", "code.ts")
    (gen / "a.ts").write_bytes((b"\x47" + bytes(187)) * 3)
    listing = list_media(gen)
    assert [f.name for f in listing.files] == ["a.ts", "b.mp4"]
    assert listing.ignored == ("code.ts",)


def test_dead_link_is_listed(tmp_path: Path) -> None:
    """A clip that is gone is a sample, to be reported by the run."""
    gen = touch(tmp_path / "gen", "a.wav")
    (gen / "b.wav").symlink_to(tmp_path / "gone.wav")
    assert [f.name for f in list_media(gen).files] == ["a.wav", "b.wav"]


def test_folder_without_permission_is_an_error(open_folder: Path) -> None:
    """A part of a set that cannot be listed is not left out in silence."""
    gen = touch(open_folder / "gen", "a.wav", "x/b.wav")
    (gen / "x").chmod(0)
    with without_root(), pytest.raises(ManifestError, match="cannot be listed"):
        list_media(gen)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["mA/a.wav", "mA/b.wav", "mB/b.flac", "mB/a.wav"], True),
        (["mA/a.wav", "mA/b.wav", "mB/a.wav"], False),
        (["1/out.wav", "2/out.wav"], False),
        (["a.wav", "b.wav"], False),
        (["mA/a.wav", "mA/a.mp4", "mB/a.wav", "mB/a.mp4"], False),
        ([], False),
    ],
)
def test_folders_with_the_same_names_are_told_from_others(names: list[str], expected: bool) -> None:
    """Two models side by side, but not a folder for each clip."""
    assert holds_one_set_per_folder(names) is expected
