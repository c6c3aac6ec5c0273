"""Results out of the folder of a run; `avmeter.run.folder` says what its files hold."""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from avmeter.errors import SkipCode, UsageError
from avmeter.files import Url, as_location, as_url, parse_json, read_regular
from avmeter.result import MetricResult, Skip
from avmeter.run.extras import extras_of
from avmeter.run.folder import RESULTS, RUN, SAMPLES, SUMMARY, UNFINISHED, read_run_facts, run_folder, sha256_of
from avmeter.run.grouping import GROUP_SCORES, GROUPING
from avmeter.run.journal import part_name
from avmeter.run.remote_folder import local_run
from avmeter.run.results import EvalResults
from avmeter.run.score_table import UNNAMED_SKIP
from avmeter.sample import (
    MEDIA_FIELDS,
    RARE_MEDIA_FIELDS,
    RARE_TEXT_FIELDS,
    TEXT_FIELDS,
    MediaSource,
    Sample,
    StoredFile,
)

_ROWS_AT_ONCE = 8192
_AGAIN = "score again; what is in the feature store is not computed again"


def read_run(folder: str | os.PathLike[str]) -> EvalResults:
    """Read the results of a run folder, by path or URL; those of a run that was killed are the rows that it left.

    Raises:
        UsageError: Not a run folder; or one that was not written to its end, holds files of different runs, or is
            damaged, changed or of a newer version.
    """
    import pyarrow

    place = run_folder(folder)
    if as_url(folder) is not None:
        with local_run(place) as copy:
            return read_run(copy)
    facts = read_run_facts(place)
    if "written" not in (facts or {}) and (place / UNFINISHED / RUN).is_file():
        return _read_unfinished(place)
    if facts is None:
        raise UsageError(
            f"{place}: not a run folder (no {RUN} of a run)", hint="pass the folder that `avmeter score --out` wrote"
        )
    if "written" not in facts:
        raise UsageError(f"{place}: this run was not written to its end", hint=_AGAIN)
    try:
        contents = {name: read_regular(place / name) for name in (RESULTS, SAMPLES, SUMMARY)}
        _refuse_mixture(place, contents, facts.get("files"))
        samples, rows = _read_tables(contents[SAMPLES], contents[RESULTS])
        corpus = _read_corpus(parse_json(contents[SUMMARY]))
        provenance = _checked_provenance(facts.get("provenance", {}))
    except UsageError:
        raise
    except (OSError, LookupError, TypeError, ValueError, AttributeError, pyarrow.ArrowException) as error:
        raise UsageError(f"{place}: a file of this run is damaged ({error})", hint=_AGAIN) from error
    return EvalResults(rows, corpus, samples=samples, provenance=provenance)


def _refuse_mixture(place: Path, contents: Mapping[str, bytes], hashes: Any) -> None:
    if not isinstance(hashes, Mapping):
        raise UsageError(f"{place}: {RUN} has no hashes of the other files", hint=_AGAIN)
    others = [name for name, content in contents.items() if hashes.get(name) != sha256_of(content)]
    if others:
        raise UsageError(
            f"{place}: damaged, changed or of another run: {', '.join(others)} ({RUN} has another hash)", hint=_AGAIN
        )


def _read_unfinished(place: Path) -> EvalResults:
    """Return the rows that a run has left which did not come to its end; its corpus has no scores."""
    import pyarrow

    folder = place / UNFINISHED
    samples: list[Sample] = []
    rows: list[dict[str, MetricResult]] = []
    try:
        facts = read_run_facts(folder) or {}
        provenance = _checked_provenance(facts.get("provenance", {}))
        number = 0
        while (folder / part_name("results", number)).is_file():
            tables = [(folder / part_name(kind, number)).read_bytes() for kind in ("samples", "results")]
            more = _read_tables(*tables)
            samples, rows, number = samples + more[0], rows + more[1], number + 1
    except (OSError, LookupError, TypeError, ValueError, AttributeError, pyarrow.ArrowException) as error:
        raise UsageError(f"{folder}: a file of this run is damaged ({error})", hint=_AGAIN) from error
    note = f"partial: the run was ended after {len(rows)} of {facts.get('num_samples')} samples; {_AGAIN}"
    partial = {"partial": True, "num_finished": len(rows), "notes": [note, *provenance.get("notes", [])]}
    return EvalResults(rows, samples=samples, provenance={**provenance, **partial})


def _read_tables(samples_file: bytes, results_file: bytes) -> tuple[list[Sample], list[dict[str, MetricResult]]]:
    samples = [_sample(row) for row in _rows_of(samples_file)]
    if len({s.id for s in samples}) < len(samples):
        raise ValueError(f"{SAMPLES} has one id twice")
    by_position: dict[int, dict[str, MetricResult]] = defaultdict(dict)
    for row in _rows_of(results_file):
        row["details"] = parse_json(row["details"])
        if not isinstance(row["metric"], str):
            raise TypeError(f"a metric is called {row['metric']!r}")
        by_position[row["position"]][row["metric"]] = _result(row["metric"], row)
    beyond = by_position.keys() - range(len(samples))
    if beyond:
        raise ValueError(f"{RESULTS} has rows of {len(beyond)} samples that {SAMPLES} does not have")
    return samples, [by_position.get(i, {}) for i in range(len(samples))]


def _rows_of(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, without all of them in memory at once."""
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(io.BytesIO(content)).iter_batches(_ROWS_AT_ONCE):
        yield from batch.to_pylist()


def _read_corpus(summary: Any) -> dict[str, MetricResult]:
    metrics = _mapping(_mapping(summary, SUMMARY)["metrics"], "metrics")
    return {n: _result(n, _mapping(m["corpus"], n)) for n, m in metrics.items() if _mapping(m, n)["corpus"] is not None}


def _checked_provenance(provenance: Any) -> Mapping[str, Any]:
    """Return the provenance if what is read of it has the kinds that it is read as."""
    facts = _mapping(provenance, "provenance")
    for name in ("weights", "versions"):
        _mapping(facts.get(name, {}), name)
    if not isinstance(facts.get("notes", []), list):
        raise TypeError("notes is no list")
    if facts.get("partial") and not (facts.get("notes") and isinstance(facts.get("num_finished"), int)):
        raise ValueError("partial, without a note and the number of finished samples")
    _check_grouping(_mapping(facts.get(GROUPING, {}), GROUPING))
    for column, groups in _mapping(facts.get(GROUP_SCORES, {}), GROUP_SCORES).items():
        for value, scores in _mapping(groups, column).items():
            for name, record in _mapping(scores, value).items():
                _result(name, _mapping(record, name))
    for name, metric in _mapping(facts.get("metrics", {}), "metrics").items():
        _mapping(_mapping(metric, name).get("options", {}), f"options of {name}")
        for key in ("direction", "unit"):
            if not isinstance(metric.get(key), str | None):
                raise TypeError(f"{key} of {name} is no text")
    return facts


def _check_grouping(facts: Mapping[str, Any]) -> None:
    by = facts.get("by", [])
    if not isinstance(by, list) or not all(isinstance(v, str) for v in by):
        raise TypeError("the columns of a breakdown are no list of names")
    if not isinstance(facts.get("cluster"), str | None):
        raise TypeError("the column of clusters is no name")


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is a {type(value).__name__}, not an object")
    return value


def _sample(row: Mapping[str, Any]) -> Sample:
    row = {**dict.fromkeys((*RARE_MEDIA_FIELDS, *RARE_TEXT_FIELDS)), **row}
    for field in ("id", *MEDIA_FIELDS, *TEXT_FIELDS):
        if not isinstance(row[field], str) and (field == "id" or row[field] is not None):
            raise TypeError(f"{field} of a sample is {row[field]!r:.80}, not a text")
    if row["role"] not in ("generated", "reference"):
        raise ValueError(f"{row['id']} has the role {row['role']!r:.80}")
    media = {f: _source(row[f]) for f in MEDIA_FIELDS if row[f] is not None}
    texts = {f: row[f] for f in TEXT_FIELDS if row[f] is not None}
    return Sample(id=row["id"], role=row["role"], media=media, texts=texts, extras=extras_of(row))


def _source(text: str) -> MediaSource:
    place = as_location(text)
    return MediaSource(stored=StoredFile(place=place)) if isinstance(place, Url) else MediaSource(path=place)


def _result(name: str, row: Mapping[str, Any]) -> MetricResult:
    code = row["skip_code"]
    skip = None
    if code is not None and code != UNNAMED_SKIP:
        skip = Skip(code=SkipCode(code), reason=row["reason"] or "", hint=row["hint"] or "")
    return MetricResult(name, row["score"], dict(row["details"]), skip, bool(row["dummy"]))
