"""One callable for other engines: rows with scores and states that merge to the bits of one run."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from avmeter.batches import BatchScorer
from avmeter.errors import UnknownNameError, UsageError
from avmeter.evaluator import Evaluator
from avmeter.run import EvalResults
from support import require
from support.media import write_media
from support.ray_cluster import machines

RATE = 16_000
METRICS = ("audio.loudness", "audio.frechet_distance")
OPTIONS: dict[str, Any] = {"device": "cpu", "options": {"audio.frechet_distance": {"backbone": "yamnet"}}}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Seven clips with references, one of them missing."""
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    made: list[dict[str, Any]] = []
    for i in range(7):
        paths = [folder / f"{side}{i}.wav" for side in "gr"]
        for path in paths:
            wave = (rng.standard_normal(RATE) * 0.02 * (i + 1)).astype(np.float32)
            write_media(path, wave=wave, sample_rate=RATE, audio_codec="pcm_f32le")
        made.append({"position": i, "id": f"clip{i}", "audio": str(paths[0]), "reference_audio": str(paths[1])})
    made[4]["audio"] = str(folder / "absent.wav")
    return made


@pytest.fixture(scope="module")
def whole(rows: list[dict[str, Any]]) -> Iterator[EvalResults]:
    """The set in one run of this process."""
    require.weights("yamnet")
    evaluator = Evaluator(METRICS, **OPTIONS)
    yield evaluator.evaluate(rows)
    evaluator.shutdown()


@pytest.fixture(scope="module")
def scorer() -> BatchScorer:
    require.weights("yamnet")
    return BatchScorer(METRICS, **OPTIONS)


def assert_as_one_run(scored: list[dict[str, Any]], scorer: BatchScorer, whole: EvalResults) -> None:
    """Scores, skips and corpus values, to the bit; batches may come in any order."""
    in_order = sorted(scored, key=lambda row: int(row["position"]))
    for row, results in zip(in_order, whole, strict=True):
        result = results["audio.loudness"]
        if result.skip is None:
            assert (row["audio.loudness"], row["audio.loudness.skip"]) == (result.score, "")
        else:
            assert np.isnan(row["audio.loudness"])
            assert row["audio.loudness.skip"] == f"{result.skip.code}: {result.skip.reason}"
    assert scorer.corpus(row["corpus_states"] for row in in_order) == whole.corpus


def test_lists_of_dicts_come_back_with_scores(
    rows: list[dict[str, Any]], scorer: BatchScorer, whole: EvalResults
) -> None:
    """Batches of any size; columns that are no media stay."""
    scored = [row for start, stop in [(5, 7), (0, 1), (1, 5)] for row in scorer(rows[start:stop])]
    assert {row["id"] for row in scored} == {row["id"] for row in rows}
    assert_as_one_run(scored, scorer, whole)


@pytest.mark.parametrize("kind", ["columns", "pandas", "arrow"])
def test_table_comes_back_as_a_table_of_its_kind(
    rows: list[dict[str, Any]], scorer: BatchScorer, whole: EvalResults, kind: str
) -> None:
    """Columns of arrays, a pandas frame with its index, a pyarrow table."""
    frame = pd.DataFrame(rows, index=[f"row{i}" for i in range(7)])
    if kind == "columns":
        found = scorer({name: frame[name].to_numpy() for name in frame})
        assert {type(column) for column in found.values()} == {np.ndarray}
        scored = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
    elif kind == "pandas":
        (found,) = scorer.map_batches([frame])
        assert list(found.index) == list(frame.index)
        scored = found.to_dict("records")
    else:
        found = scorer(pa.Table.from_pylist(rows))
        assert isinstance(found, pa.Table)
        scored = found.to_pylist()
    assert_as_one_run(scored, scorer, whole)


def test_media_in_memory_need_a_name_and_do_not_travel_back(rows: list[dict[str, Any]], scorer: BatchScorer) -> None:
    """Bytes of a file are scored; without an id nothing tells two of them apart once batches are merged."""
    content = Path(rows[0]["audio"]).read_bytes()
    (found,) = scorer([{"id": "a", "audio": content, "language": "en"}])
    assert found["audio.loudness"] == scorer(rows[:1])[0]["audio.loudness"]
    assert "audio" not in found
    assert found["language"] == "en"
    with pytest.raises(UsageError, match="neither an `id` nor the path"):
        scorer([{"audio": content}])


def test_networks_are_loaded_once_in_a_process(scorer: BatchScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that send the callable with every batch load nothing anew."""
    built: list[Any] = []

    def build(*metrics: Any, **options: Any) -> Evaluator:
        built.append(metrics)
        return Evaluator(*metrics, **options)

    monkeypatch.setattr("avmeter.batches.Evaluator", build)
    made = BatchScorer(["audio.loudness"], device="cpu")
    for copy in (pickle.loads(pickle.dumps(made)) for _ in range(3)):  # noqa: S301 - our own bytes
        copy([{"id": "a", "audio": "absent.wav"}])
    assert len(built) == 1
    assert len(pickle.dumps(scorer)) < 1000


def test_callable_works_in_another_process(rows: list[dict[str, Any]], scorer: BatchScorer, whole: EvalResults) -> None:
    """As Dask and Spark have it: pickled, with a batch, to a process that has nothing of this one."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        scored = [row for batch in pool.map(scorer, [rows[:3], rows[3:]]) for row in batch]
    assert_as_one_run(scored, scorer, whole)


@pytest.mark.parametrize("wrong", [{"a": 1}.keys(), "clip.wav", [1, 2], None])
def test_what_is_no_table_is_refused(scorer: BatchScorer, wrong: Any) -> None:
    """With what there may be in its place."""
    with pytest.raises(UsageError, match="a batch is a"):
        scorer(wrong)


def test_states_of_other_metrics_and_unknown_options_are_refused(
    rows: list[dict[str, Any]], scorer: BatchScorer
) -> None:
    """Both with their names."""
    states = scorer(rows[:1])[0]["corpus_states"]
    for other in (states[:-100], BatchScorer(["audio.kernel_distance"])):
        with pytest.raises(UsageError, match="states of a batch cannot be read"):
            (scorer if isinstance(other, bytes) else other).corpus([other if isinstance(other, bytes) else states])
    with pytest.raises(UnknownNameError, match="weigths"):
        BatchScorer("all", weigths="dummy")


def test_no_rows_are_no_results(scorer: BatchScorer) -> None:
    """Engines call with an empty batch to find the columns."""
    assert scorer([]) == []
    assert scorer({"id": np.array([], object)})["audio.loudness"].shape == (0,)


@pytest.mark.endurance
def test_ray_data_gives_the_bits_of_one_run(
    rows: list[dict[str, Any]], scorer: BatchScorer, whole: EvalResults, tmp_path: Path
) -> None:
    """The example of the documentation, on a cluster of this machine."""
    require.package("ray")
    data = require.package("ray.data")
    ray = sys.modules["ray"]
    with machines() as cluster:
        cluster.add(num_cpus=2)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        try:
            data.DataContext.get_current().enable_progress_bars = False
            scored = (
                data.from_items(rows)
                .map_batches(
                    BatchScorer,
                    fn_constructor_args=(METRICS,),
                    fn_constructor_kwargs=OPTIONS,
                    batch_size=3,
                    compute=data.ActorPoolStrategy(size=1),
                )
                .take_all()
            )
        finally:
            ray.shutdown()
    assert_as_one_run(scored, scorer, whole)
