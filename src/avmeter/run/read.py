"""Results out of the folder of a run; `avmeter.run.folder` says what its files hold."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avmeter.errors import SkipCode, UsageError
from avmeter.result import MetricResult, Skip
from avmeter.run.extras import extras_of
from avmeter.run.folder import RESULTS, RUN, SAMPLES, SUMMARY, is_run
from avmeter.run.results import EvalResults
from avmeter.run.score_table import UNNAMED_SKIP
from avmeter.sample import MEDIA_FIELDS, TEXT_FIELDS, MediaSource, Sample


def read_run(folder: str | os.PathLike[str]) -> EvalResults:
    """Read the results of a run folder.

    Raises:
        UsageError: Not a run folder, or one of its files is damaged or newer than this version.
    """
    import pyarrow

    place = Path(folder)
    if not is_run(place):
        raise UsageError(f"{place}: not a run folder (no {RUN} of a run)", hint="give what `--out` named")
    try:
        facts = json.loads((place / RUN).read_text(encoding="utf-8"))
        if "written" not in facts:
            raise UsageError(f"{place}: this run was not written to its end", hint="score again; nothing is recomputed")
        summary = json.loads((place / SUMMARY).read_text(encoding="utf-8"))
        samples, rows = _read_tables(place)
        corpus = {n: _result(n, {**m["corpus"]}) for n, m in summary["metrics"].items() if m["corpus"] is not None}
    except UsageError:
        raise
    except (OSError, KeyError, TypeError, ValueError, pyarrow.ArrowException) as error:
        raise UsageError(f"{place}: a file of this run is damaged ({error})", hint="score again") from error
    return EvalResults(rows, corpus, samples=samples, provenance=facts.get("provenance", {}))


def _read_tables(place: Path) -> tuple[list[Sample], list[dict[str, MetricResult]]]:
    import pyarrow.parquet as pq

    samples = [_sample(row) for row in pq.read_table(place / SAMPLES).to_pylist()]
    by_position: dict[int, dict[str, MetricResult]] = defaultdict(dict)
    for row in pq.read_table(place / RESULTS).to_pylist():
        row["details"] = json.loads(row["details"])
        by_position[row["position"]][row["metric"]] = _result(row["metric"], row)
    return samples, [by_position.get(i, {}) for i in range(len(samples))]


def _sample(row: Mapping[str, Any]) -> Sample:
    media = {f: MediaSource(path=Path(row[f])) for f in MEDIA_FIELDS if row[f] is not None}
    texts = {f: row[f] for f in TEXT_FIELDS if row[f] is not None}
    return Sample(id=row["id"], role=row["role"], media=media, texts=texts, extras=extras_of(row))


def _result(name: str, row: Mapping[str, Any]) -> MetricResult:
    code = row["skip_code"]
    skip = None
    if code is not None and code != UNNAMED_SKIP:
        skip = Skip(code=SkipCode(code), reason=row["reason"] or "", hint=row["hint"] or "")
    return MetricResult(name, row["score"], dict(row["details"]), skip, bool(row["dummy"]))
