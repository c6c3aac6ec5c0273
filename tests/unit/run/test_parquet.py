"""The tables of a run as Parquet."""

from __future__ import annotations

import io

import pyarrow.parquet as pq

from avmeter.run.parquet import results_parquet, samples_parquet


def test_tables_are_verbatim_and_name_their_run(make_run) -> None:
    """One row per result and per sample; the id of the run is in the metadata."""
    results = make_run([0.1, None])
    for table, num_rows in ((results_parquet(results, "id1"), 4), (samples_parquet(results, "id1"), 3)):
        found = pq.read_table(io.BytesIO(table))
        assert len(found) == num_rows
        assert found.schema.metadata[b"avmeter.run_id"] == b"id1"
