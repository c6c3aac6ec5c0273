"""Names of generated files by prompt, and the keywords of `evaluate` for one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avmeter.fastvideo.io.video import load_video

_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]')
_NUMBERED = re.compile(r"-(\d+)$")


def sanitize_prompt(prompt: str, max_len: int = 100) -> str:
    """Return the part of a prompt that may stand in a file name; "output" if nothing of it may."""
    text = _NOT_IN_NAMES.sub("", prompt[:max_len]).strip().strip(".")
    return re.sub(r"\s+", " ", text) or "output"


def default_filename(row: Mapping[str, Any], idx: int, ext: str = ".mp4") -> str:
    """Return the name of the file number `idx` of a row's prompt."""
    return f"{sanitize_prompt(row['prompt'])}-{idx}{ext}"


def glob_videos(videos_dir: Path, row: Mapping[str, Any], ext: str = ".mp4") -> list[Path]:
    """Return the files of a row's prompt in a folder, by number."""
    start = f"{sanitize_prompt(row['prompt'])}-"
    found = [p for p in Path(videos_dir).iterdir() if p.name.startswith(start) and p.suffix == ext]
    return sorted(found, key=lambda p: (_number(p), p.name))


def build_eval_kwargs(row: Mapping[str, Any], video_path: Path, *, fps: float = 24.0) -> dict[str, Any]:
    """Return the keywords of `evaluate` for a row and its file; the frames are (1, T, C, H, W)."""
    found: dict[str, Any] = {"video": load_video(video_path)[None], "fps": fps}
    if "prompt" in row:
        found["text_prompt"] = row["prompt"]
    if row.get("auxiliary_info"):
        found["auxiliary_info"] = row["auxiliary_info"]
    return found


def _number(path: Path) -> int:
    match = _NUMBERED.search(path.stem)
    return int(match[1]) if match else -1
