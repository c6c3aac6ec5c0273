"""What the columns of a table mean, by their names and values, or by the user's word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.errors import ManifestError, UnknownNameError
from avmeter.files import as_url, is_file, is_there
from avmeter.manifest.aliases import (
    ALIASES,
    CLIP,
    GROUND_TRUTHS,
    KEYS,
    REFERENCE_TEXT_OF_SPEAKER,
    SPEAKER_PROMPTS,
    SPEECH_SIGNS,
    TEXT,
    spelling,
)
from avmeter.manifest.rows import Table
from avmeter.media.extensions import MEDIA_EXTENSIONS
from avmeter.sample import MEDIA_FIELDS, StoredFile

_NUM_CHECKED = 20  # files looked for when columns compete


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Meanings of columns.

    Attributes:
        keys: Column -> key of a sample, or `clip`; columns without a meaning are absent.
        unused: The other columns.
        notes: What was decided where a name alone does not say it.
    """

    keys: Mapping[str, str]
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def column_of(self, key: str) -> str | None:
        """Return the column that means a key."""
        return next((column for column, k in self.keys.items() if k == key), None)


def parse_columns(settings: Iterable[str]) -> dict[str, str]:
    """Read settings of the form `KEY=NAME`: the column NAME means KEY.

    Raises:
        ManifestError: A setting has another form, or a key two columns.
        UnknownNameError: No such key.
    """
    columns: dict[str, str] = {}
    for setting in settings:
        key, equals, name = (part.strip() for part in setting.partition("="))
        if not equals or not key or not name:
            raise ManifestError(f"--column {setting}: not of the form KEY=NAME", hint="--column id=video_id")
        if key not in KEYS:
            raise UnknownNameError.among("key", key, KEYS)
        if columns.get(key, name) != name:
            raise ManifestError(f"--column: `{key}` is both `{columns[key]}` and `{name}`", hint="name one column")
        columns[key] = name
    return columns


def require_columns(tables: Iterable[Table], explicit: Mapping[str, str]) -> None:
    """Make sure that every column named by the user is in one of the tables.

    Raises:
        ManifestError: A column is in none of them; the message lists what there is.
        UnknownNameError: A key does not exist.
    """
    for key in explicit:
        if key not in KEYS:
            raise UnknownNameError.among("key", key, KEYS)
    known = list(dict.fromkeys(column for table in tables for column in table.columns))
    for key, name in explicit.items():
        if find_column(name, known) is None:
            near = difflib.get_close_matches(name.casefold(), [c.casefold() for c in known], n=1, cutoff=0.6)
            guess = f"did you mean `{find_column(near[0], known)}`? " if near else ""
            raise ManifestError(
                f"no column `{name}`, which should be `{key}`",
                hint=f"{guess}columns are {', '.join(f'`{c}`' for c in known) or 'none'}",
            )


def resolve_columns(table: Table, explicit: Mapping[str, str] | None = None) -> Columns:
    """Decide what each column means.

    Explicit columns come first, then a column called like the key, then aliases. Of a dotted column (of nested objects)
    the last part counts, where no other column has the meaning. Columns that a name leaves open are decided by values
    (`prompt` and `speaker_prompt` may hold files) and by their company (`text` is what is said in sets of speech).

    Raises:
        ManifestError: Two columns with different values mean the same key, or a column of files holds sentences.
    """
    names = [name for name in table.columns if name]
    chosen = {c: key for key, name in (explicit or {}).items() if (c := find_column(name, names)) is not None}
    notes: list[str] = []
    top = set(table.top_columns)
    plain = [n for n in names if n not in chosen and n in top]
    claims: dict[str, list[str]] = {}
    for name in plain:
        key = _meaning(name, table)
        if key is not None and key not in chosen.values():
            claims.setdefault(key, []).append(name)
    if {"audio", "video"} & {*claims, *chosen.values()}:
        claims.pop(CLIP, None)
    for key, candidates in claims.items():
        chosen[_one(key, candidates, table)] = key
    for name in plain:
        if name not in chosen and (key := _open_meaning(name, names, chosen, table)) is not None:
            chosen[name] = key
            notes.append(f"column {name} read as {key}")
    chosen |= _nested([n for n in names if n not in top and n not in chosen], chosen, table)
    for name, key in chosen.items():
        if key in MEDIA_FIELDS or key == CLIP:
            _refuse_sentences(name, key, table)
    return Columns(
        keys={n: chosen[n] for n in names if n in chosen},
        unused=_unused(names, top, chosen),
        notes=tuple(notes),
    )


def find_column(name: str, columns: Iterable[str]) -> str | None:
    """Return the column of this name, or the only one that is spelt alike; None without one."""
    names = list(columns)
    alike = [c for c in names if spelling(c) == spelling(name)]
    return name if name in names else (alike[0] if len(alike) == 1 else None)


def _meaning(name: str, table: Table) -> str | None:
    if spelling(name) in SPEAKER_PROMPTS and _holds_files(table.values(name)):
        return "reference_audio"
    if spelling(name) in GROUND_TRUTHS and _holds_files(table.values(name)):
        return "reference"
    return ALIASES.get(spelling(name))


def _open_meaning(name: str, names: Iterable[str], chosen: Mapping[str, str], table: Table) -> str | None:
    """Return the meaning of a column that depends on the other columns."""
    claimed = set(chosen.values())
    is_speech = any(spelling(n) in SPEECH_SIGNS for n in names) or _has_speaker_prompt(chosen)
    if spelling(name) == REFERENCE_TEXT_OF_SPEAKER:  # words of the speaker prompt where there is one
        others = {"reference_text", "reference_audio"} & claimed or any(spelling(n) == TEXT for n in names)
        return None if others else "reference_text"
    if spelling(name) != TEXT:
        return None
    if "reference_text" in claimed:
        return "text_prompt" if not is_speech and "text_prompt" not in claimed else None
    if "text_prompt" in claimed and not is_speech:
        other = next(c for c, k in chosen.items() if k == "text_prompt")
        if _agree(table, [other, name]):
            return None
        raise ManifestError(
            f"{table.path}: columns `{other}` and `{name}` could both be `text_prompt`, or `{name}` what is said",
            hint=f"say which: `--column text_prompt={other}`, `--column reference_text={name}`",
        )
    return "reference_text" if is_speech else "text_prompt"


def _has_speaker_prompt(chosen: Mapping[str, str]) -> bool:
    return any(key == "reference_audio" and spelling(name) in SPEAKER_PROMPTS for name, key in chosen.items())


def _one(key: str, candidates: list[str], table: Table) -> str:
    """Return the column of a key among those whose names mean it."""
    exact = [c for c in candidates if spelling(c) == spelling(key)]
    candidates = exact or candidates
    if len(candidates) == 1 or _agree(table, candidates):
        return candidates[0]
    if key == "id" and not exact:  # a label: the first one that tells the rows apart
        return next((c for c in candidates if len(set(map(str, table.values(c)))) == len(table.rows)), candidates[0])
    on_disk = [c for c in candidates if _files_exist(c, table)] if key in (*MEDIA_FIELDS, CLIP) else []
    if len(on_disk) == 1:
        return on_disk[0]
    listed = " and ".join(f"`{c}`" for c in candidates)
    raise ManifestError(
        f"{table.path}: columns {listed} both mean `{key}`",
        hint=f"say which: `--column {'video' if key == CLIP else key}={candidates[0]}`, or rename one of them",
    )


def _files_exist(column: str, table: Table) -> bool:
    values = table.values(column)[:_NUM_CHECKED]
    folder = table.path.parent
    return bool(values) and isinstance(folder, Path) and all(isinstance(v, str) and is_file(folder / v) for v in values)


def _agree(table: Table, columns: Iterable[str]) -> bool:
    """Return whether these columns hold the same in every row."""
    names = list(columns)
    return all(row.cell(name) == row.cell(names[0]) for row in table.rows for name in names[1:])


def _unused(names: Iterable[str], top: set[str], chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Return columns without a meaning. An object stands for all that it holds, unless some of that has a meaning."""
    opened = {o for column in chosen if column not in top for o in top if column.startswith(f"{o}.")}
    inside = tuple(f"{o}." for o in opened)
    return tuple(n for n in names if n not in chosen and n not in opened and (n in top or n.startswith(inside)))


def _nested(names: Iterable[str], chosen: Mapping[str, str], table: Table) -> dict[str, str]:
    """Return the meanings of values inside objects, by the last part of their path."""
    claims: dict[str, list[str]] = {}
    for name in names:
        owner, _, last = name.rpartition(".")
        key = ALIASES.get(spelling(last))
        if key is not None and key not in chosen.values() and owner not in chosen:
            claims.setdefault(key, []).append(name)
    if {"audio", "video"} & {*claims, *chosen.values()}:
        claims.pop(CLIP, None)
    return {_one(key, candidates, table): key for key, candidates in claims.items()}


def _holds_files(values: Iterable[Any]) -> bool:
    found = list(values)
    return bool(found) and all(_is_file_name(v) for v in found)


def _is_file_name(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value.keys() & {"path", "bytes", "array"})
    if isinstance(value, StoredFile) or as_url(value) is not None:
        return True
    return isinstance(value, str) and Path(value.strip()).suffix.lower() in MEDIA_EXTENSIONS


def _refuse_sentences(name: str, key: str, table: Table) -> None:
    """Refuse a column of files that holds texts: a transcript called `reference`, say."""
    texts = [v for v in table.values(name) if isinstance(v, str)]
    if not texts or any(_is_file_name(t) for t in texts) or not any(len(t.split()) > 1 for t in texts):
        return
    folder = table.path.parent
    if isinstance(folder, Path) and any(is_there(folder / t) for t in texts[:8] if len(t) < 200):
        return
    text_key = "reference_text" if key.startswith("reference") else "text_prompt"
    raise ManifestError(
        f"{table.path}: column `{name}` means `{key}`, a file, but holds texts ({texts[0]!r:.60})",
        hint=f"if it is the text: `--column {text_key}={name}`",
    )


def near_misses(columns: Iterable[str], *, cutoff: float = 0.88) -> dict[str, str]:
    """Return columns without a meaning that resemble a key, by at least `cutoff` (0 to 1): column -> key."""
    found = {}
    for name in columns:
        if spelling(name) not in ALIASES:
            near = difflib.get_close_matches(name.lower(), KEYS, n=1, cutoff=cutoff)
            if near:
                found[name] = near[0]
    return found
