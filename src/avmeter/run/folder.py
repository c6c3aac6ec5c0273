"""The folder of a run, and its writing.

| file | holds |
|---|---|
| `results.parquet` | one row per sample and metric: score, skip code, reason, hint, dummy mark, details (JSON) |
| `results.csv` | one row per sample, for people; scores made with stand-in weights stand under a marked header |
| `samples.parquet` | one row per sample: id, role, media paths, texts |
| `summary.json` | corpus scores and what the per-sample scores amount to |
| `run.json` | what produced the scores |

The three tables have a column `extra.NAME` for each extra of the samples; see `avmeter.run.extras`.

Every file is replaced as a whole. Nothing else in the folder is touched, and a folder whose files of these names
were not written by a run is refused.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from avmeter.errors import UsageError
from avmeter.result import DUMMY_MARK
from avmeter.run.encoding import encodable, spreadsheet_cell, to_json, to_jsonable, write_atomically
from avmeter.run.extras import extra_columns
from avmeter.run.score_table import ScoreTable, skip_code
from avmeter.run.summary import summarise
from avmeter.sample import MEDIA_FIELDS, TEXT_FIELDS, Sample

FORMAT = "avmeter-run"
FORMAT_VERSION = 1
RESULTS, TABLE, SAMPLES, SUMMARY, RUN = (
    "results.parquet",
    "results.csv",
    "samples.parquet",
    "summary.json",
    "run.json",
)


def write_run(results: ScoreTable, folder: str | os.PathLike[str]) -> Path:
    """Write a run folder, made if it does not exist.

    Raises:
        UsageError: The folder cannot be written, or holds files of these names that are not a run's.
    """
    place = Path(folder)
    _refuse_foreign(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not is_run(place):  # so that a folder whose writing was cut off can be written again
            write_atomically(place / RUN, to_json({"format": FORMAT, "format_version": FORMAT_VERSION}))
        write_atomically(place / RESULTS, _results_parquet(results))
        write_atomically(place / SAMPLES, _samples_parquet(results))
        write_atomically(place / TABLE, results_csv(results))
        write_atomically(place / SUMMARY, to_json(summarise(results), indent=2) + "\n")
        write_atomically(place / RUN, to_json(_run_facts(results), indent=2) + "\n")
    except OSError as error:
        raise _unwritable(place, error) from error
    return place


def prepare_run(folder: str | os.PathLike[str]) -> Path:
    """Make sure before a run that its folder can be written; the folder is made if it does not exist.

    Raises:
        UsageError: As `write_run`.
    """
    place = Path(folder)
    _refuse_foreign(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError as error:
        raise _unwritable(place, error) from error


def _unwritable(place: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{place}: cannot be written ({error.strerror or error})", hint="choose another folder with `--out`"
    )


def results_csv(results: ScoreTable) -> str:
    """Return the wide table: id, role, a column per per-sample metric, the codes of what was skipped, the extras."""
    names = list(dict.fromkeys(name for row in results for name in row))
    marked = {n for row in results for n, r in row.items() if r.dummy}
    roles = [s.role for s in results.samples] if results.samples else ["generated"] * len(results)
    extras = extra_columns(results.samples)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    heads = [f"{n} [{DUMMY_MARK}]" if n in marked else n for n in names]
    writer.writerow([spreadsheet_cell(encodable(h)) for h in ("sample_id", "role", *heads, "skipped", *extras)])
    for position, (sample_id, role, row) in enumerate(zip(results.sample_ids, roles, results, strict=True)):
        scores = [row[n].score if n in row else None for n in names]
        skipped = "; ".join(f"{n}: {skip_code(r)}" for n, r in row.items() if r.score is None)
        cells = ["" if s is None else repr(float(s)) for s in scores]
        own = [spreadsheet_cell(column[position] or "") for column in extras.values()]
        head = [spreadsheet_cell(encodable(sample_id)), role]
        writer.writerow([*head, *cells, spreadsheet_cell(encodable(skipped)), *own])
    return out.getvalue()


def _refuse_foreign(place: Path) -> None:
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place} is a file, not a folder", hint="choose another name for the run")
    if is_run(place):
        return
    foreign = [n for n in (RESULTS, TABLE, SAMPLES, SUMMARY, RUN) if (place / n).exists()]
    if foreign:
        raise UsageError(
            f"{place} holds {', '.join(foreign)}, which no run has written", hint="choose another folder for the run"
        )


def is_run(place: Path) -> bool:
    """Return True for a folder that `write_run` of this version has begun or finished."""
    try:
        facts = json.loads((place / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(facts, dict) and facts.get("format") == FORMAT and facts.get("format_version") == FORMAT_VERSION


def _run_facts(results: ScoreTable) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "dummy": results.is_dummy,
    }
    if results.is_dummy:
        facts["mark"] = DUMMY_MARK
    return {**facts, "provenance": results.provenance}


def _results_parquet(results: ScoreTable) -> bytes:
    import pyarrow as pa

    text = pa.string()
    extras = extra_columns(results.samples)
    schema = pa.schema(
        [
            pa.field("sample_id", text, nullable=False),
            pa.field("metric", text, nullable=False),
            pa.field("score", pa.float64()),
            pa.field("skip_code", text),
            pa.field("reason", text),
            pa.field("hint", text),
            pa.field("dummy", pa.bool_(), nullable=False),
            pa.field("details", text),
            pa.field("position", pa.int64(), nullable=False),
            *(pa.field(name, text) for name in extras),
        ]
    )
    rows = [
        {**{k: v if k == "score" else to_jsonable(v) for k, v in flat.items() if k != "details"},
         "details": to_json(flat["details"]), "position": position,
         **{name: column[position] for name, column in extras.items()}}
        for position, flat in _positioned(results)
    ]  # fmt: skip
    return _parquet_bytes(pa.Table.from_pylist(rows, schema=schema))


def _positioned(results: ScoreTable) -> list[tuple[int, dict[str, Any]]]:
    positions = [i for i, row in enumerate(results) for _ in row]
    return list(zip(positions, results.to_rows(), strict=True))


def _samples_parquet(results: ScoreTable) -> bytes:
    import pyarrow as pa

    columns = ("id", "role", *MEDIA_FIELDS, *TEXT_FIELDS)
    samples = results.samples or [Sample(id=i) for i in results.sample_ids]
    cells = {c: [_sample_cell(s, c) for s in samples] for c in columns} | extra_columns(samples)
    return _parquet_bytes(pa.table(cells, schema=pa.schema([(c, pa.string()) for c in cells])))


def _sample_cell(sample: Sample, column: str) -> str | None:
    if column in ("id", "role"):
        return encodable(str(getattr(sample, column)))
    if column in MEDIA_FIELDS:
        source = sample.media.get(column)
        return encodable(str(source.path.absolute())) if source is not None and source.path is not None else None
    text = sample.text(column)
    if text is None:
        return None
    return encodable(text) if isinstance(text, str) else to_json(text)


def _parquet_bytes(table: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
