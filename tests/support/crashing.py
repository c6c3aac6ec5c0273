"""A decoder that crashes or hangs over files of certain names, in processes that are started from now on."""

from __future__ import annotations

from pathlib import Path

import pytest

SITE = """
import ctypes, os, signal
import av

opened = av.open

def damaged(file, *args, **options):
    name = os.path.basename(str(file))
    if "segfault" in name:
        ctypes.string_at(1)
    if "abort" in name:
        os.abort()
    if "hang" in name:
        ctypes.CDLL(None).pause()
    return opened(file, *args, **options)

av.open = damaged
"""


def crash_over_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make libav crash over files called "segfault" or "abort", and wait for ever over "hang"; not in this process."""
    (folder / "sitecustomize.py").write_text(SITE)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
