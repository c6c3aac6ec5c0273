"""One callable for engines that bring their own workers: a batch of rows in, the rows with their scores out.

scorer = BatchScorer(["audio.loudness", "audio.frechet_distance"], store=True)
scored = scorer(batch)                            # in every worker; Ray Data, Dask, Daft, Spark and others call it
corpus = scorer.corpus(scored["corpus_states"])   # once, over the batches in the order of the set

It is pickled as its arguments. Networks are loaded once in a process, when the first batch is there, however often
the callable is pickled anew.
"""

from __future__ import annotations

import functools
import math
import os
import pickle
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from avmeter.engine.config import OPTION_NAMES, EvaluatorConfig
from avmeter.engine.executors.corpus import finish_states, merge_states, start_states
from avmeter.engine.states import decode_states, encode_states, refuse_unwritable_states
from avmeter.errors import UnknownNameError, UsageError
from avmeter.evaluator import Evaluator
from avmeter.metrics.base import Metric
from avmeter.result import MetricResult
from avmeter.sample import MEDIA_FIELDS, Sample, as_samples

STATES_COLUMN = "corpus_states"
SKIP_SUFFIX = ".skip"
_MEDIA_COLUMNS = (*MEDIA_FIELDS, "video_path")
_SET = ("all",)
_OF_METRICS = ("protocol", "options", "skip_missing_deps")
_building = threading.Lock()


class BatchScorer:
    """Scores batches with a fixed set of metrics.

    A batch is a dict of columns, a pandas or pyarrow table, or a list of dicts; what is returned is of the same kind,
    with a row for each row. Columns are the keys of a sample (see `avmeter.sample`). Media that are no names of files
    are left out of what is returned, and added are:

        <metric>          its score, NaN where there is none
        <metric>.skip     why there is none, as "code: reason", else ""
        corpus_states     in the first row of the batch what the corpus metrics have collected over it, else b""

    Args:
        metrics: Metric names, groups, or "all".
        **options: As for `Evaluator`; `device="auto"` is the first GPU that the worker sees.

    Raises:
        UnknownNameError: No such option.
    """

    def __init__(self, metrics: Sequence[str] | str = "all", **options: Any) -> None:
        for name in options:
            if name not in OPTION_NAMES:
                raise UnknownNameError.among("argument of BatchScorer", name, ["metrics", *OPTION_NAMES])
        self._settings = pickle.dumps((metrics if isinstance(metrics, str) else tuple(metrics), options))

    def __call__(self, batch: Any) -> Any:
        """Return the batch with its scores.

        Raises:
            UsageError: It is no table, a row has no name, or a state of a metric has no written form.
        """
        rows = _rows_of(batch)
        samples = _as_named_samples(rows)
        evaluator = _evaluator(self._settings, os.getpid())
        part = evaluator.evaluate_part(samples)
        columns = _passed_on(rows)
        columns["id"] = [sample.id for sample in part.samples]
        for name, metric in evaluator.metrics.items():
            if metric.per_sample:
                results = [row.get(name) for row in part.rows]
                columns[name] = [math.nan if r is None or r.score is None else r.score for r in results]
                columns[name + SKIP_SUFFIX] = [_reason(r) for r in results]
        states = encode_states({_SET: part.states}, evaluator.metrics) if part.states and rows else b""
        columns[STATES_COLUMN] = [states if i == 0 else b"" for i in range(len(rows))]
        return _like(batch, columns)

    def map_batches(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield one batch after the other with its scores: the form that Spark's `mapInPandas` calls."""
        for batch in batches:
            yield self(batch)

    def corpus(self, states: Iterable[bytes]) -> dict[str, MetricResult]:
        """Return the results of the corpus: those of one run to the bit, if every batch was a run of rows of the set.

        Args:
            states: The column of all batches, in the order of the set.

        Raises:
            UsageError: They are damaged, or of other metrics.
        """
        metrics = self._metrics()
        merged = start_states(metrics)
        for content in states:
            if content:
                merged = merge_states(metrics, merged, _decoded(bytes(content), metrics))
        return finish_states(metrics, merged)

    def _metrics(self) -> dict[str, Metric]:
        selectors, options = pickle.loads(self._settings)  # noqa: S301 - made here
        config = EvaluatorConfig(device="cpu", **{k: v for k, v in options.items() if k in _OF_METRICS})
        return config.resolve_metrics(selectors)


def _evaluator(settings: bytes, process: int) -> Evaluator:
    with _building:  # engines that work in threads build it once, too
        return _built_evaluator(settings, process)


@functools.lru_cache(maxsize=2)
def _built_evaluator(settings: bytes, process: int) -> Evaluator:
    """Build the evaluator of these settings: once in a process, and anew in one that was forked from it."""
    metrics, options = pickle.loads(settings)  # noqa: S301 - of a `BatchScorer`
    evaluator = Evaluator(metrics, **options)
    refuse_unwritable_states(evaluator.metrics)
    return evaluator


def _decoded(content: bytes, metrics: Mapping[str, Metric]) -> Any:
    try:
        return decode_states(content, metrics)[_SET]
    except (ValueError, KeyError) as error:
        raise UsageError(
            f"states of a batch cannot be read: {error}", hint="score and merge with the same metrics and versions"
        ) from error


def _as_named_samples(rows: Sequence[Mapping[str, Any]]) -> list[Sample]:
    """Return samples whose names do not depend on where in a batch they are."""
    for row in rows:
        if row.get("id") is None and not any(isinstance(row.get(key), str | os.PathLike) for key in _MEDIA_COLUMNS):
            raise UsageError(
                "a row has neither an `id` nor the path of a file, so nothing tells it from those of other batches",
                hint="add a column `id`",
            )
    return as_samples(rows)


def _passed_on(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the columns of a batch without those that hold media themselves."""
    columns = {name: [row.get(name) for row in rows] for name in (rows[0] if rows else ())}
    return {
        name: values
        for name, values in columns.items()
        if name not in _MEDIA_COLUMNS or all(isinstance(value, str | None) for value in values)
    }


def _reason(result: MetricResult | None) -> str:
    return "" if result is None or result.skip is None else f"{result.skip.code}: {result.skip.reason}"


def _rows_of(batch: Any) -> list[dict[str, Any]]:
    """Return a batch as dicts, whatever kind of table it is."""
    if isinstance(batch, Mapping):
        names = list(batch)
        return [dict(zip(names, values, strict=True)) for values in zip(*batch.values(), strict=True)]
    if hasattr(batch, "to_pylist"):  # pyarrow
        return list(batch.to_pylist())
    if hasattr(batch, "to_dict"):  # pandas
        return list(batch.to_dict("records"))
    if isinstance(batch, Sequence) and all(isinstance(row, Mapping) for row in batch):
        return [dict(row) for row in batch]
    raise UsageError(
        f"a batch is a {type(batch).__name__}",
        hint="give a dict of columns, a pandas or pyarrow table, or a list of dicts",
    )


def _like(batch: Any, columns: Mapping[str, list[Any]]) -> Any:
    """Return columns as the kind of table that the batch is."""
    if isinstance(batch, Mapping):
        return {name: _as_array(values) for name, values in columns.items()}
    if hasattr(batch, "to_pylist"):
        return type(batch).from_pydict(columns)
    if hasattr(batch, "to_dict"):
        return type(batch)(columns, index=batch.index)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _as_array(values: list[Any]) -> np.ndarray:
    if all(isinstance(value, float) for value in values):
        return np.array(values, np.float64)
    if values and all(isinstance(value, int | np.integer) for value in values):
        return np.array(values)
    array = np.empty(len(values), object)
    array[:] = values
    return array
