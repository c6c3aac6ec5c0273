"""Files whose names matter and whose contents do not, and tables as text."""

from __future__ import annotations

from pathlib import Path


def touch(root: Path, *names: str) -> Path:
    """Make files below a folder, each with its name as content; returns the folder."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write text and return its path."""
    path.write_bytes(text.encode(encoding))
    return path
