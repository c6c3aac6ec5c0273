"""The evaluator behind FastVideo's names."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.fastvideo.evaluator import create_evaluator, evaluate

MIXED = ["audio.loudness", "optical_flow.synthetic_optical_flow"]


def test_list_with_metrics_that_are_not_here_is_scored_all_the_same(clips: Path) -> None:
    """One warning names them, and their results are skips."""
    with pytest.warns(UserWarning, match="not in avmeter yet") as caught:
        evaluator = create_evaluator(MIXED, "cpu")
    assert [w.filename for w in caught] == [__file__]
    assert evaluator.metric_names == MIXED
    results = evaluator.evaluate(samples=[{"video": str(p)} for p in sorted((clips / "gen").iterdir())])
    assert results[0]["audio.loudness"].score is not None
    assert (
        results[0]["optical_flow.synthetic_optical_flow"]
        .details["skipped"]
        .startswith("optical_flow.synthetic_optical_flow is not in avmeter yet")
    )


def test_missing_dependencies_are_left_out_on_demand() -> None:
    """As FastVideo does with what cannot be imported."""
    with pytest.warns(UserWarning, match=r"left out: optical_flow\.synthetic_optical_flow"):
        evaluator = create_evaluator(MIXED, "cpu", skip_missing_deps=True)
    assert evaluator.metric_names == ["audio.loudness"]


def test_warning_names_every_metric_without_its_network() -> None:
    """Also those that have a name here, and would skip every clip; under a label with a backbone they do not."""
    names = ["audio.loudness", "vbench.color", "optical_flow.synthetic_optical_flow", "optical_flow.gt_optical_flow"]
    everything = [*names, "videoscore2", "optical_flow.gt_optical_flow@farneback"]
    absent = [names[2], names[1], names[3], "videoscore2.score"]
    with pytest.warns(UserWarning, match="not in avmeter yet") as caught:
        evaluator = create_evaluator(everything, "cpu")
    assert str(caught[0].message) == f"not in avmeter yet, and skipped: {', '.join(absent)}"
    assert len(caught) == 1
    assert set(absent) < set(evaluator.metric_names)
    with pytest.warns(UserWarning, match=f"left out: {', '.join(absent)}"):
        few = create_evaluator(everything, "cpu", skip_missing_deps=True)
    assert few.metric_names == [names[0], everything[-1]]
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(UsageError, match=r"not in avmeter yet: vbench\.color"),
    ):
        create_evaluator(["vbench.color"], "cpu", skip_missing_deps=True)


def test_name_of_neither_is_refused() -> None:
    """A misspelt name is not taken for one that is missing."""
    with pytest.raises(UnknownNameError, match=r"common\.simm"):
        create_evaluator(["common.simm"], "cpu")


def test_arguments_that_mean_nothing_are_accepted_with_one_warning() -> None:
    """Defaults of FastVideo's training callback included."""
    with pytest.warns(UserWarning, match="prefetch_factor= .*, pre_upload= .*, compile=|without effect") as caught:
        create_evaluator(["audio.loudness"], "cpu", 1, True, loader_threads=1, prefetch_factor=2, pre_upload=False)
    assert len(caught) == 1


def test_evaluation_after_shutdown_goes_on(clips: Path) -> None:
    """FastVideo's `shutdown` ends nothing."""
    evaluator = create_evaluator(["audio.loudness"], "cpu")
    clip = str(clips / "gen" / "clip_2.mp4")
    before = evaluator.evaluate(video=clip)
    evaluator.shutdown()
    assert evaluator.evaluate(video=clip) == before
    evaluator.unload()
    evaluator.reload()
    assert evaluator.evaluate(video=clip) == before


def test_keys_that_nothing_reads_are_passed_over(clips: Path) -> None:
    """Rows of data sets are given as they are."""
    clip = str(clips / "gen" / "clip_2.mp4")
    row = {"prompt": "a flash", "auxiliary_info": {"color": "white"}, "n_samples": 5, "video": clip}
    assert create_evaluator(["audio.loudness"], "cpu").evaluate(**row)["audio.loudness"].score is not None
    assert evaluate(clip, metrics="audio.loudness", device="cpu", scenario="x")["audio.loudness"].score is not None


def test_one_device_is_counted_without_a_gpu() -> None:
    """Scripts divide by it."""
    assert create_evaluator(["audio.loudness"], "cpu").num_gpus == 1


def test_one_clip_is_scored_without_an_evaluator(clips: Path) -> None:
    """With a skip for what is not here, and none of it asked of the others."""
    clip = clips / "gen" / "clip_2.mp4"
    with pytest.warns(UserWarning, match="not in avmeter yet"):
        found = evaluate(clip, metrics=["optical_flow.synthetic_optical_flow", "audio.loudness"], device="cpu")
    assert found["audio.loudness"].score is not None
    assert found["optical_flow.synthetic_optical_flow"].score is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(evaluate(clip, metrics="audio.loudness", device="cpu")) == ["audio.loudness"]
