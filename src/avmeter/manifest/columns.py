"""What the columns of a table mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from avmeter.errors import ManifestError

#: Either `audio` or `video`, whichever the extension of the file says.
CLIP = "clip"

ALIASES: Mapping[str, str] = {
    "path": CLIP, "file": CLIP, "filename": CLIP, "file_name": CLIP, "filepath": CLIP, "file_path": CLIP, "clip": CLIP,
    "generated": CLIP,
    "audio_path": "audio", "audio_file": "audio", "generated_audio": "audio", "wav": "audio",
    "video_path": "video", "video_file": "video", "generated_video": "video",
    "reference_path": "reference", "reference_video": "reference", "ref": "reference",
    "reference_audio_path": "reference_audio", "ref_audio": "reference_audio",
    "prompt": "text_prompt", "caption": "text_prompt", "text": "text_prompt", "description": "text_prompt",
    "transcript": "reference_text", "transcription": "reference_text", "sentence": "reference_text",
    "lang": "language",
    "sampling_rate": "sample_rate", "frame_rate": "fps",
    "name": "id", "key": "id", "sample_id": "id", "clip_id": "id",
}  # fmt: skip
"""Other names of the keys of a sample, for people whose tables exist already."""

KEYS = (
    "id", "audio", "video", "reference_audio", "reference", "text_prompt", "reference_text", "language", "fps",
    "sample_rate", "role",
)  # fmt: skip


def meanings(columns: Iterable[str], where: str) -> dict[str, str]:
    """Column -> key of a sample; a column without a meaning keeps its name.

    A column called like a key is that key, and then an alias of the same key is an ordinary column (a table with
    `id` and `name` keeps `name` as an extra).

    Raises:
        ManifestError: Two aliases mean the same key.
    """
    names = list(columns)
    exact = {n.lower(): n for n in names if n.lower() in KEYS}
    found = {column: key for key, column in exact.items()}
    claimed: dict[str, str] = {}
    for name in names:
        if name in found:
            continue
        key = ALIASES.get(name.lower())
        if key is None or key in exact or (key == CLIP and {"audio", "video"} & exact.keys()):
            found[name] = name
        elif key in claimed:
            raise ManifestError(
                f"{where}: columns `{claimed[key]}` and `{name}` both mean `{key}`", hint="rename or drop one of them"
            )
        else:
            claimed[key] = name
            found[name] = key
    return found


def near_misses(columns: Iterable[str], *, cutoff: float = 0.88) -> dict[str, str]:
    """Columns without a meaning that look like a key, from `cutoff` (0 to 1) of likeness on: column -> key."""
    known = {*KEYS, *ALIASES}
    found = {}
    for name in columns:
        if name.lower() not in known:
            near = difflib.get_close_matches(name.lower(), KEYS, n=1, cutoff=cutoff)
            if near:
                found[name] = near[0]
    return found
