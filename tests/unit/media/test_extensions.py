"""Extensions of media files: complete, and cut off names only where they are one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import av
import pytest

from avmeter.media.container import _DEMUXERS
from avmeter.media.extensions import (
    AUDIO_EXTENSIONS,
    MEDIA_EXTENSIONS,
    VIDEO_EXTENSIONS,
    is_source_code,
    without_extension,
)
from support import require

# Of the demuxers that are allowed: still images, subtitles and playlists.
NO_CLIPS = {"avif", "heic", "heif", "ism", "mks", "apl", "mac", "h26l"}


def test_every_extension_of_an_allowed_demuxer_is_a_clip() -> None:
    """What can be opened by its path is found in a folder too."""
    registered = {e for name in _DEMUXERS.split() if name in av.formats_available
                  for e in av.format.ContainerFormat(name, "r").extensions}  # fmt: skip
    assert {f".{e}" for e in registered - NO_CLIPS} <= MEDIA_EXTENSIONS


@pytest.mark.parametrize("extension", [".ts", ".m2t", ".vob", ".mxf", ".3g2", ".rmvb", ".asf"])
def test_containers_without_registered_extension_are_clips(extension: str) -> None:
    """Demuxers that go by content alone have customary extensions."""
    assert extension in VIDEO_EXTENSIONS


def test_no_extension_is_both() -> None:
    """An extension says sound or video, so that a file has one field."""
    assert not VIDEO_EXTENSIONS & AUDIO_EXTENSIONS


def test_name_keeps_what_is_not_a_media_extension() -> None:
    """Only a media extension is taken off."""
    names = ("x/a.b.wav", "take.1", "a.MP4", "clip.mp4.wav")
    assert [without_extension(n) for n in names] == ["x/a.b", "take.1", "a", "clip.mp4"]


def test_typescript_is_no_transport_stream(tmp_path: Path) -> None:
    """A `.ts` file of text is source code; packets, an empty file and another extension are not."""
    (tmp_path / "code.ts").write_text("export const answer = 42;\n")
    (tmp_path / "packets.ts").write_bytes(b"\x47" + bytes(187) + b"\x47")
    (tmp_path / "cut.ts").write_bytes(bytes(range(255, 80, -1)) * 2)
    (tmp_path / "umlauts.ts").write_text("// " + "ü" * 200)
    (tmp_path / "empty.ts").touch()
    (tmp_path / "text.mp4").write_text("no media")
    found = {p.name for p in tmp_path.iterdir() if is_source_code(p)}
    assert found == {"code.ts", "umlauts.ts"}


@require.needs("system", hasattr(os, "mkfifo"), "no named pipes")
def test_link_to_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """It counts as media, whose failure is reported by name; opened like a file it would hold the run for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "clip.ts").symlink_to("pipe")
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(is_source_code(tmp_path / "clip.ts")), daemon=True)
    thread.start()
    thread.join(timeout=30)
    assert found == [False]
