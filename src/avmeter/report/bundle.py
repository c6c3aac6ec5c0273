"""A page to be mailed: the clips inside it, sound as Opus, in one file that needs no other.

As `.html` the clips are data URLs in the page, as `.zip` files beside it. The worst samples come first; what does not
fit stays a row without players, and the page says of how many.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.errors import UsageError
from avmeter.files import write_atomically
from avmeter.plain import encodable
from avmeter.report.drawing import Job, draw
from avmeter.report.html import name_of, render_report
from avmeter.report.payload import Payload, make_payload, worst_first
from avmeter.report.thumbnails import MOST_DRAWN, add_thumbnails, kind_of
from avmeter.run import EvalResults

MOST_BYTES = 25_000_000
"""Of the clips in a bundle: what mail servers take."""
_WITHIN_S = 600.0
_VIDEO_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime"}


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What was written.

    Attributes:
        path: The file.
        size_bytes: Its size.
        num_samples: Samples of the page.
        num_playable: Those with all of their clips inside.
    """

    path: Path
    size_bytes: int
    num_samples: int
    num_playable: int

    def line(self) -> str:
        """Return it as a sentence."""
        left = (
            "" if self.num_playable == self.num_samples else ", worst first; the others did not fit or cannot be read"
        )
        return (
            f"{self.path} ({self.size_bytes / 1e6:.1f} MB), with the clips of {self.num_playable} of "
            f"{self.num_samples} samples{left}"
        )


@dataclass(frozen=True, kw_only=True)
class _Clip:
    """One clip of the bundle."""

    content: bytes
    media_type: str
    suffix: str
    is_sound: bool


def write_bundle(
    results: EvalResults, folder: Path, out: Path, *, with_video: bool = False, most_bytes: int = MOST_BYTES
) -> Bundle:
    """Write the page of a run with its clips.

    Args:
        results: The run.
        folder: Its folder, whose name is the page's title.
        out: File, `.html` or `.zip`.
        with_video: Videos as they are, where browsers know the container; else their sound alone.
        most_bytes: Of all clips, as they stand in the file.

    Raises:
        UsageError: The file has another suffix, or cannot be written.
    """
    if out.suffix not in (".html", ".zip"):
        raise UsageError(f"{out}: a bundle is a page or an archive", hint="give a name that ends in .html or .zip")
    payload = make_payload(results, folder)
    add_thumbnails(payload, results, most=MOST_DRAWN)
    clips = _Clips(is_archive=out.suffix == ".zip", most_bytes=most_bytes)
    num_playable = _embed(payload, results, clips, with_video=with_video)
    content_of = "video and sound" if with_video else "sound (Opus)"
    num_samples = len(payload.data["samples"])
    note = (
        f"This copy holds the {content_of} of {num_playable} of {num_samples} samples, worst first, "
        f"{clips.size_bytes / 1e6:.1f} MB of clips."
    )
    page = encodable(render_report(results, folder, notes=[note], payload=payload))
    content = clips.archive(name_of(folder), page) if out.suffix == ".zip" else page.encode()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, content)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
    return Bundle(path=out, size_bytes=len(content), num_samples=num_samples, num_playable=num_playable)


class _Clips:
    """Clips of a bundle within a size, each once whatever number of samples share it.

    Args:
        is_archive: They are files of an archive, not data URLs.
        most_bytes: Of all of them.
    """

    def __init__(self, *, is_archive: bool, most_bytes: int) -> None:
        self._is_archive = is_archive
        self._most_bytes = most_bytes
        self._files: dict[str, bytes] = {}
        self.size_bytes = 0

    def left(self) -> int:
        """Return how many bytes of content still fit."""
        left = max(self._most_bytes - self.size_bytes, 0)
        return left if self._is_archive else left * 3 // 4

    def add(self, clip: _Clip) -> str | None:
        """Return the address of a clip; None if it does not fit."""
        if len(clip.content) > self.left():
            return None
        if self._is_archive:
            name = f"clips/{len(self._files):05d}{clip.suffix}"
            self._files[name] = clip.content
            self.size_bytes += len(clip.content)
            return name
        url = f"data:{clip.media_type};base64,{base64.b64encode(clip.content).decode()}"
        self.size_bytes += len(url)
        return url

    def archive(self, name: str, page: str) -> bytes:
        """Return a ZIP archive of a folder with the page and the clips; those are compressed as they are."""
        place = "".join(c if c.isalnum() or c in "-_. " else "_" for c in name).strip(". ") or "run"
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(f"{place}/report.html", page, compress_type=zipfile.ZIP_DEFLATED)
            for path, clip in self._files.items():
                archive.writestr(f"{place}/{path}", clip)
        return content.getvalue()


def _embed(payload: Payload, results: EvalResults, clips: _Clips, *, with_video: bool) -> int:
    """Replace the links of a page by the clips; return how many samples have all of theirs."""
    samples = payload.data["samples"]
    linked = list(_clips_of(payload, results))
    for sample in samples:
        sample.pop("media", None)
        sample.pop("gone", None)
    missing: set[int] = set()
    sounds: list[tuple[int, str, Path]] = []
    for place, field, path in linked:
        clip = _video(path, clips.left()) if with_video and kind_of(field) == "video" else None
        if clip is None:
            sounds.append((place, field, path))
        elif not _place(samples[place], field, clip, clips):
            missing.add(place)
    for place, field, clip in _sounds(sounds, clips.left()):
        if clip is None or not _place(samples[place], field, clip, clips):
            missing.add(place)
    return sum("media" in s and i not in missing for i, s in enumerate(samples))


def _clips_of(payload: Payload, results: EvalResults) -> Iterator[tuple[int, str, Path]]:
    """Yield place, field and file of what the page links to, of the worst sample first."""
    for place in worst_first(payload.data):
        for field in payload.data["samples"][place].get("media", {}):
            path = results.samples[payload.positions[place]].media[field].path
            if path is not None:
                yield place, field, path


def _place(sample: dict[str, Any], field: str, clip: _Clip, clips: _Clips) -> bool:
    url = clips.add(clip)
    if url is None:
        return False
    sample.setdefault("media", {})[field] = url
    if clip.is_sound and kind_of(field) == "video":
        sample.setdefault("sound_only", []).append(field)
    return True


def _video(path: Path, most_bytes: int) -> _Clip | None:
    """Return a video as it is; None where browsers do not know it, or it does not fit."""
    media_type = _VIDEO_TYPES.get(path.suffix.lower())
    try:
        if media_type is None or not path.is_file() or path.stat().st_size > most_bytes:
            return None
        return _Clip(content=path.read_bytes(), media_type=media_type, suffix=path.suffix.lower(), is_sound=False)
    except OSError:
        return None


def _sounds(jobs: list[tuple[int, str, Path]], most_bytes: int) -> Iterator[tuple[int, str, _Clip | None]]:
    """Yield the sound of each clip as Opus; None where there is none, or no room."""
    limit = most_bytes * 4 // 3  # of base64
    answers = draw([Job(path=str(path), kind="opus") for *_, path in jobs], within_s=_WITHIN_S, most_bytes=limit)
    for (place, field, _), answer in zip(jobs, answers, strict=True):
        clip = None
        if "opus" in answer:
            content = base64.b64decode(answer["opus"])
            clip = _Clip(content=content, media_type="audio/webm", suffix=".webm", is_sound=True)
        yield place, field, clip
