"""What a run returns, as a data frame and as files."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MissingDependencyError
from avmeter.result import MetricResult
from avmeter.run import EvalResults, read_run
from avmeter.run.summary import summarise
from avmeter.sample import as_samples


def test_data_frame_has_missing_values_for_skips(make_run) -> None:
    """One row per sample and metric."""
    frame = make_run([0.1, None]).to_pandas()
    assert list(frame["sample_id"]) == ["c0.wav", "c0.wav", "c1.wav", "c1.wav"]
    assert frame["score"].isna().tolist() == [False, False, True, True]
    assert frame["skip_code"][2] == "no_audio_track"
    assert frame["skip_code"][3] == "skipped"


def test_data_frame_takes_names_of_undecodable_bytes() -> None:
    """A file name that is no UTF-8 does not stop the conversion."""
    odd = as_samples([{"audio": "c\udcff.wav"}])
    frame = EvalResults([{"audio.wer": MetricResult("audio.wer", 0.1)}], samples=odd).to_pandas()
    assert frame["sample_id"][0] == "c\\udcff.wav"


def test_data_frame_without_pandas_says_what_to_install(make_run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package does without pandas until somebody asks for a frame."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match="pandas") as caught:
        make_run([0.1]).to_pandas()
    assert caught.value.hint == "pip install pandas"


def test_methods_are_the_functions_of_the_package(tmp_path: Path, make_run) -> None:
    """`summary` summarises and `write` writes: what is read again is equal."""
    results = make_run([0.1, None])
    assert results.summary() == summarise(results)
    assert list(read_run(results.write(tmp_path))) == list(results)


def test_shape_of_fastvideo_has_an_entry_for_each_scored_sample() -> None:
    """Named after its video, else its sound, else itself; details as JSON, references left out."""
    samples = as_samples(
        [{"video": "a.mp4", "audio": "a.wav"}, {"audio": "b.wav"}, {"id": "c"}, {"video": "d.mp4", "role": "reference"}]
    )
    rows = [{"m": MetricResult("m", 0.5, {"x": np.float32(2), "nan": math.nan})}, {}, {}, {}]
    found = EvalResults(rows, {}, samples=samples).to_fastvideo()
    assert [entry["video"] for entry in found] == ["a.mp4", "b.wav", "c"]
    assert found[0]["scores"] == {"m": {"name": "m", "score": 0.5, "details": {"x": 2.0, "nan": None}}}
    assert [entry["video"] for entry in EvalResults(rows).to_fastvideo()] == ["0", "1", "2", "3"]


def test_results_print_as_a_line_that_does_not_grow_with_the_set(make_run) -> None:
    """How many clips, which metrics, what has no score; not the results one by one."""
    results = make_run([0.1, None])
    names = "audio.wer, audio.quality, audio.fad"
    assert repr(results) == f"<EvalResults: 2 clips; metrics: {names}; 2 of 4 scores skipped>"
    results.provenance["partial"] = True
    assert repr(results).endswith("skipped; partial>")
    assert len(repr(EvalResults([{f"m.{i}": MetricResult(f"m.{i}", 0.0) for i in range(40)}] * 1000))) < 200
    assert repr(EvalResults()) == "<EvalResults: 0 clips; no metrics>"
    assert str(results) == repr(results)
