"""What others named is read if it is a file, and nothing else is opened for long."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from avmeter.files import open_regular, read_regular


def test_file_is_read(tmp_path: Path) -> None:
    """Also through a link."""
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("a")
    assert read_regular(tmp_path / "link") == b"abc"
    with open_regular(tmp_path / "a") as file:
        assert (file.read(1), file.seek(0), file.read()) == (b"a", 0, b"abc")


@pytest.mark.parametrize("name", ["pipe", "socket", "folder", "/dev/zero", "/dev/null", "absent", "loop"])
def test_what_is_no_file_is_an_error_at_once(tmp_path: Path, name: str) -> None:
    """A pipe without a writer, a device without an end."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        with pytest.raises(OSError, match=name if name != "/dev/null" else "device"):
            read_regular(tmp_path / name)
