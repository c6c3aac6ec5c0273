"""The tables of a run as Parquet, each with the id of the run that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from avmeter.plain import encodable, to_json, to_jsonable
from avmeter.result import MetricResult
from avmeter.run.extras import extra_columns
from avmeter.run.score_table import ScoreTable, record_of
from avmeter.sample import MEDIA_FIELDS, RARE_MEDIA_FIELDS, RARE_TEXT_FIELDS, TEXT_FIELDS, Sample

RUN_ID_KEY = "avmeter.run_id"
_ROWS_AT_ONCE = 8192  # samples to a row group: what is in memory beside the run itself


def results_parquet(results: ScoreTable, run_id: str) -> bytes:
    """Return the table with one row per sample and metric."""
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
        ],
        metadata={RUN_ID_KEY: run_id},
    )
    ids = results.sample_ids

    def rows(positions: range) -> list[dict[str, Any]]:
        return [
            {**_result_cells(ids[i], name, result), "position": i, **{c: cells[i] for c, cells in extras.items()}}
            for i in positions
            for name, result in results[i].items()
        ]

    starts = range(0, len(results), _ROWS_AT_ONCE)
    groups = (rows(range(start, min(start + _ROWS_AT_ONCE, len(results)))) for start in starts)
    return _bytes_of(schema, (pa.Table.from_pylist(group, schema=schema) for group in groups))


def _result_cells(sample_id: str, name: str, result: MetricResult) -> dict[str, Any]:
    cells = {"sample_id": sample_id, "metric": name, **record_of(result)}
    return {
        **{k: v if k == "score" else to_jsonable(v) for k, v in cells.items() if k != "details"},
        "details": to_json(cells["details"]),
    }


def samples_parquet(results: ScoreTable, run_id: str) -> bytes:
    """Return the table with one row per sample."""
    import pyarrow as pa

    samples = results.samples or [Sample(id=i) for i in results.sample_ids]
    media = [f for f in MEDIA_FIELDS if f not in RARE_MEDIA_FIELDS or any(f in s.media for s in samples)]
    texts = [f for f in TEXT_FIELDS if f not in RARE_TEXT_FIELDS or any(f in s.texts for s in samples)]
    columns = ("id", "role", *media, *texts)
    cells = {c: [_sample_cell(s, c) for s in samples] for c in columns} | extra_columns(samples)
    schema = pa.schema([(c, pa.string()) for c in cells], metadata={RUN_ID_KEY: run_id})
    return _bytes_of(schema, [pa.table(cells, schema=schema)])


def _sample_cell(sample: Sample, column: str) -> str | None:
    if column in ("id", "role"):
        return encodable(str(getattr(sample, column)))
    if column in MEDIA_FIELDS:
        source = sample.media.get(column)
        if source is None or not source.is_elsewhere:
            return None
        return encodable(str(source.path.absolute() if source.path is not None else source.stored))
    text = sample.text(column)
    if text is None:
        return None
    return encodable(text) if isinstance(text, str) else to_json(text)


def _bytes_of(schema: Any, tables: Iterable[Any]) -> bytes:
    """Return a file with a row group for each table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
