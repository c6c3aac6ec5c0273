"""Lay out the pages of the repository, and the tracked files that they link to, for the site builder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "build" / "site-source"
SUBJECTS = ("*.md", "docs/*.sh", "docs/images/*", "examples/*", "LICENSE")


def lay_out() -> None:
    """Copy the files to `TARGET`, which is emptied first."""
    shutil.rmtree(TARGET, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z", *SUBJECTS], cwd=ROOT, capture_output=True, check=True, text=True)
    names = [n for n in listed.stdout.split("\0") if n]
    for name in names:
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, TARGET / name)


if __name__ == "__main__":
    lay_out()
