"""Manifests: tables with one sample per row.

| key | columns |
|---|---|
| `id` | `id`, `name`, `key`, `sample_id`, `clip_id`; default: the path as the table has it |
| `audio`, `video` | those, `..._path`, `..._file`; or `path`, `file`, `file_name`, `clip`: the extension decides |
| `reference_audio`, `reference` | those, `..._path`; `reference_video`, `ref`, `ref_audio` |
| `text_prompt` | `text_prompt`, `prompt`, `caption`, `text`, `description` |
| `reference_text` | `reference_text`, `transcript`, `transcription`, `sentence` |
| `language`, `fps`, `sample_rate`, `role` | those; `lang`, `frame_rate`, `sampling_rate` |

Other columns are kept as extras of the sample. Paths are relative to the folder of the table.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.columns import CLIP, KEYS, meanings, near_misses
from avmeter.manifest.pairing import ManifestWarning
from avmeter.manifest.rows import TABLE_EXTENSIONS, Row, read_rows
from avmeter.media.extensions import AUDIO_EXTENSIONS
from avmeter.sample import MEDIA_FIELDS, Sample

MANIFEST_EXTENSIONS = TABLE_EXTENSIONS


def read_manifest(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Samples of a CSV, TSV, JSONL, JSON or Parquet table; the module's docstring lists the columns.

    Raises:
        ManifestError: The table cannot be read, has no column of clips, uses an id twice, or a row is malformed; the
            message names the line and the column.
    """
    table = Path(path)
    if table.suffix.lower() not in TABLE_EXTENSIONS:
        raise ManifestError(
            f"{table}: not a manifest by its extension", hint=f"known: {' '.join(sorted(TABLE_EXTENSIONS))}"
        )
    rows = read_rows(table)
    if not rows:
        raise ManifestError(f"{table}: no rows", hint="the first line names the columns, each further line is a sample")
    keys = _keys(rows, table)
    samples = [_sample(row, keys, table) for row in rows]
    _give_ids(samples, rows, keys, table)
    return samples


def _keys(rows: Sequence[Row], table: Path) -> dict[str, str]:
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    if "" in columns:
        entry = next(r for r in rows if "" in r.cells)
        raise ManifestError(f"{table}, {entry.where}: a text, not an object", hint='give objects: {"audio": "a.wav"}')
    keys = meanings(columns, str(table))
    strange = [c for c in columns if keys[c] == c]
    if not {*MEDIA_FIELDS, CLIP} & set(keys.values()):
        # Something must have been meant for the clips: a weak likeness is worth a question.
        guesses = near_misses(strange, cutoff=0.7)
        hint = " ".join(f"did you mean `{key}` by `{name}`?" for name, key in guesses.items())
        raise ManifestError(
            f"{table}: no column of clips among {', '.join(f'`{c}`' for c in columns)}",
            hint=hint or f"columns are {', '.join(KEYS)}",
        )
    for name, key in near_misses(strange).items():
        warnings.warn(
            ManifestWarning(f"{table}: column `{name}` looks like `{key}`, but is kept as an extra"), stacklevel=4
        )
    return keys


def _sample(row: Row, keys: Mapping[str, str], table: Path) -> dict[str, Any]:
    sample: dict[str, Any] = {}
    for column, value in row.cells.items():
        key = keys[column]
        if key in (*MEDIA_FIELDS, CLIP) and not isinstance(value, str):
            kind = type(value).__name__
            raise ManifestError(f"{table}, {row.where}, column `{column}`: a {kind}, not a path")
        if key == CLIP:
            key = "audio" if Path(value).suffix.lower() in AUDIO_EXTENSIONS else "video"
        if key in MEDIA_FIELDS:
            value = str(table.parent / Path(value).expanduser())
        sample[key] = str(value) if key == "id" else value
    try:
        Sample.of(sample)
    except ManifestError as error:
        text = error.message.removeprefix("sample 0: ")
        raise ManifestError(f"{table}, {row.where}: {text}", hint=error.hint) from error
    return sample


def _give_ids(samples: list[dict[str, Any]], rows: Sequence[Row], keys: Mapping[str, str], table: Path) -> None:
    """Stated ids must be unique; a row without one goes by its path, and by its line where paths repeat."""
    stated: dict[str, str] = {}
    for sample, row in zip(samples, rows, strict=True):
        name = sample.get("id")
        if name in stated:
            column = next(c for c, k in keys.items() if k == "id")
            raise ManifestError(
                f"{table}, {row.where}, column `{column}`: id `{name}` was used before, in {stated[name]}",
                hint="ids must be unique",
            )
        if name is not None:
            stated[name] = row.where
    written = [next((str(v) for c, v in r.cells.items() if keys[c] in (*MEDIA_FIELDS, CLIP)), "") for r in rows]
    counts = Counter(written)
    for sample, row, path in zip(samples, rows, written, strict=True):
        if "id" not in sample:
            is_free = path and counts[path] == 1 and path not in stated
            sample["id"] = path if is_free else f"{path}#{row.where.replace(' ', '')}"
