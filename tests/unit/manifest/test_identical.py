"""Generated files that are their own reference."""

from __future__ import annotations

from pathlib import Path

from avmeter.manifest import identical_pairs, samples_from


def test_identical_bytes_are_pointed_out(tmp_path: Path) -> None:
    """Equal bytes are found; equal sizes are not enough; unreadable files are left alone."""
    gen, ref = tmp_path / "gen", tmp_path / "ref"
    for folder, contents in ((gen, (b"one", b"two", b"six")), (ref, (b"one", b"too", b"longer"))):
        folder.mkdir()
        for name, content in zip("abc", contents, strict=True):
            (folder / f"{name}.wav").write_bytes(content)
    samples = [*samples_from(audio=gen, reference_audio=ref), {"audio": "gone.wav", "reference_audio": "gone.wav"}]
    assert identical_pairs(samples) == ["a.wav"]


def test_sound_of_its_own_is_compared_by_itself(tmp_path: Path) -> None:
    """The video of a reference, with generated sound beside it, is no generated file."""
    for name, content in (("a.wav", b"sound"), ("a.mp4", b"video")):
        (tmp_path / name).write_bytes(content)
    sample = {"audio": tmp_path / "a.wav", "video": tmp_path / "a.mp4", "reference": tmp_path / "a.mp4"}
    assert identical_pairs([sample]) == []
    assert len(identical_pairs([{"video": tmp_path / "a.mp4", "reference": tmp_path / "a.mp4"}])) == 1
