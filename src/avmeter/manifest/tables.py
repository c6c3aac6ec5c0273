"""Manifests: tables with one sample per row.

| key | other names of the column |
|---|---|
| `id` | `name`, `key`, `utt_id`, `video_id`, `ytid`, `youtube_id`, `sample_id`, `clip_id` ...; default: the path |
| `audio`, `video` | `wav`, `..._path`, `..._file`; or `path`, `file`, `file_name`, `clip`: the extension decides |
| `reference_audio`, `reference` | `..._path`, `ref`, `ref_audio`; `gt`, `speaker_prompt`, `prompt` that hold files |
| `text_prompt` | `prompt`, `caption`, `description`; `text`, unless the set is one of speech |
| `reference_text` | `transcript`, `transcription`, `sentence`, `target_text`; `text` in a set of speech |
| `given_transcript` | `hypothesis`, `hyp`, `asr_text`, `asr_transcript` |
| `language`, `fps`, `sample_rate`, `role` | `lang`, `language_code`; `frame_rate`; `sampling_rate` |
| `audio_stream`, `reference_audio_stream` | |

Case, separators and signs of names do not count. Other columns are kept as extras of the sample. Paths are relative to
the folder of the table, or to the working directory if no file is found from there.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.errors import ManifestError
from avmeter.files import as_location
from avmeter.manifest.aliases import CLIP, KEYS
from avmeter.manifest.columns import Columns, near_misses, require_columns, resolve_columns
from avmeter.manifest.places import Place
from avmeter.manifest.read_table import TABLE_EXTENSIONS, read_table
from avmeter.manifest.report import ManifestWarning
from avmeter.manifest.rows import Row, Table
from avmeter.manifest.values import base_folder, extra_values, file_value, text_value, written_path
from avmeter.media.extensions import AUDIO_EXTENSIONS
from avmeter.sample import (
    DEFAULT_ACCESS,
    DIALOGUE_FIELDS,
    MEDIA_FIELDS,
    TEXT_FIELDS,
    RemoteAccess,
    Sample,
    StoredFile,
)

MANIFEST_EXTENSIONS = TABLE_EXTENSIONS


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A table of samples.

    Attributes:
        table: The rows.
        columns: What the columns mean.
        samples: One dict per row.
        doubts: What may not have been meant, such as a misspelt column.
        notes: What was decided where the table alone does not say it.
    """

    table: Table
    columns: Columns
    samples: list[dict[str, Any]]
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_TRANSCRIBED = frozenset(DIALOGUE_FIELDS)
"""What error rates of given transcripts read: they open no clip."""


def read_manifest(
    path: str | os.PathLike[str],
    columns: Mapping[str, str] | None = None,
    *,
    remote: RemoteAccess | Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Read samples of a CSV, TSV, JSONL, JSON or Parquet table; the module's docstring lists the columns.

    Args:
        path: The table; a path or URL.
        columns: Key of a sample -> column, for columns whose names are not understood.
        remote: How a URL may be fetched, as for `Evaluator`.

    Raises:
        ManifestError: The table cannot be read, has no column of clips (nor both of words that should be said and of
            words that were heard), uses an id twice, or a row is malformed; the message names the line and the column.
    """
    manifest = load_manifest(as_location(path), columns, RemoteAccess.parse(remote))
    require_columns([manifest.table], columns or {})
    for doubt in manifest.doubts:
        warnings.warn(ManifestWarning(doubt), stacklevel=2)
    return manifest.samples


def load_manifest(
    path: Place, explicit: Mapping[str, str] | None = None, access: RemoteAccess = DEFAULT_ACCESS
) -> Manifest:
    """Read a manifest with what was understood of its columns; explicit columns that it lacks are left alone.

    Raises:
        ManifestError: As `read_manifest`.
    """
    if path.suffix.lower() not in TABLE_EXTENSIONS:
        raise ManifestError(
            f"{path}: not a manifest by its extension", hint=f"known: {' '.join(sorted(TABLE_EXTENSIONS))}"
        )
    table = read_table(path, access=access)
    if not table.rows:
        raise ManifestError(f"{path}: no rows", hint="the first line names the columns, each further line is a sample")
    _refuse_texts(table)
    columns = resolve_columns(table, explicit)
    found = set(columns.keys.values())
    if not found & {*MEDIA_FIELDS, CLIP} and not found >= _TRANSCRIBED:
        require_columns([table], {k: v for k, v in (explicit or {}).items() if k in MEDIA_FIELDS})
        raise _no_clips(table, columns)
    folders = {
        column: base_folder(table, column) for column, key in columns.keys.items() if key in (*MEDIA_FIELDS, CLIP)
    }
    samples = samples_of(table, columns, folders)
    doubts = [
        f"{path}: column `{name}` looks like `{key}`, but is kept as an extra"
        for name, key in near_misses(columns.unused).items()
    ]
    elsewhere = [c for c, folder in folders.items() if folder != table.path.parent]
    notes = [f"paths in column {c} are relative to the working directory" for c in elsewhere]
    return Manifest(table=table, columns=columns, samples=samples, doubts=tuple(doubts), notes=tuple(notes))


def samples_of(table: Table, columns: Columns, folders: Mapping[str, Place]) -> list[dict[str, Any]]:
    """Return the samples of the rows of a table, with unique ids.

    Args:
        table: The rows.
        columns: What the columns mean.
        folders: Column of files -> what its paths are relative to.

    Raises:
        ManifestError: As `read_manifest`.
    """
    samples = [_sample(row, columns, table, folders) for row in table.rows]
    _give_ids(samples, table, columns)
    return samples


def _refuse_texts(table: Table) -> None:
    entry = next((row for row in table.rows if "" in row.cells), None)
    if entry is not None:
        raise ManifestError(
            f"{table.path}, {entry.where}: a text, not an object", hint='give objects: {"audio": "a.wav"}'
        )


def _no_clips(table: Table, columns: Columns) -> ManifestError:
    if not table.has_header:
        first = ", ".join(str(v) for v in table.rows[0].cells.values())
        return ManifestError(
            f"{table.path}: the first line names no columns ({first:.80})",
            hint="put a line of names above it, such as: audio,text_prompt",
        )
    # Something must have been meant for the clips: a weak likeness is worth a question.
    guesses = near_misses(columns.unused, cutoff=0.7)
    hint = " ".join(f"did you mean `{key}` by `{name}`?" for name, key in guesses.items())
    if not hint and set(TEXT_FIELDS) & set(columns.keys.values()):
        hint = f"texts of clips in a folder: `avmeter score FOLDER --prompts {table.path}`"
    return ManifestError(
        f"{table.path}: no column of clips among {', '.join(f'`{c}`' for c in table.columns)}",
        hint=hint or f"columns are {', '.join(KEYS)}, or say it: `--column audio=NAME`",
    )


def _sample(row: Row, columns: Columns, table: Table, folders: Mapping[str, Place]) -> dict[str, Any]:
    sample: dict[str, Any] = {}
    for column, key in columns.keys.items():
        value = row.cell(column)
        if value is None:
            continue
        if column in folders:
            value = file_value(value, folders[column], f"{table.path}, {row.where}, column `{column}`")
            if key == CLIP:
                key = "audio" if _suffix(value).lower() in AUDIO_EXTENSIONS else "video"
        elif key == "id":
            value = str(value)
        elif key in TEXT_FIELDS:
            value = text_value(value, key, f"{table.path}, {row.where}, column `{column}`")
        sample[key] = value
    sample |= {k: v for k, v in extra_values(row, columns.unused).items() if k not in sample}
    try:
        problems = Sample.of(sample).problems
    except ManifestError as error:
        text = error.message.removeprefix("sample 0: ")
        raise ManifestError(f"{table.path}, {row.where}: {text}", hint=error.hint) from error
    for problem in problems.values():
        raise ManifestError(f"{table.path}, {row.where}: {problem.message}", hint=problem.hint)
    return sample


def _suffix(value: Any) -> str:
    return value.suffix if isinstance(value, StoredFile) else as_location(str(value)).suffix


def _give_ids(samples: Sequence[dict[str, Any]], table: Table, columns: Columns) -> None:
    """Make sure that ids are unique; a row without one goes by its path, and by its line where paths repeat."""
    column = columns.column_of("id")
    explicit: dict[str, str] = {}
    for sample, row in zip(samples, table.rows, strict=True):
        name = sample.get("id")
        if name in explicit:
            raise ManifestError(
                f"{table.path}, {row.where}, column `{column}`: id `{name}` was used before, in {explicit[name]}",
                hint="ids must be unique; if this column is no id, name another one: `--column id=NAME`",
            )
        if name is not None:
            explicit[name] = row.where
    files = [c for c, k in columns.keys.items() if k in (*MEDIA_FIELDS, CLIP)]
    written = [next((p for c in files if (p := written_path(r.cell(c))) is not None), "") for r in table.rows]
    counts = Counter(written)
    for sample, row, path in zip(samples, table.rows, written, strict=True):
        if "id" not in sample:
            is_free = path and counts[path] == 1 and path not in explicit
            sample["id"] = path if is_free else f"{path}#{row.where.replace(' ', '')}"
