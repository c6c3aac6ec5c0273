"""FastVideo's validation callback over avmeter, on a stand-in of the class that it derives from.

The stand-in has the calls of FastVideo's between generating and logging, on two ranks of one process.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from avmeter.errors import MissingDependencyError
from avmeter.fastvideo.callbacks import validation
from avmeter.registry import register

MODULE = "fastvideo.train.callbacks.validation"


class Tracker:
    def __init__(self) -> None:
        self.logged: list[tuple[dict[str, float], int]] = []

    def log(self, metrics, step):
        self.logged.append((metrics, step))


class Published:
    """What avmeter's callback relies on."""

    def __init__(self, *, metrics) -> None:
        self.metrics_config = SimpleNamespace(
            enabled=True, names=metrics, loader_threads=1, prefetch_factor=2, skip_missing_deps=True, strict=False,
            log_prefix="metrics/validation",
        )  # fmt: skip
        self._metric_evaluator = None
        self.tracker = Tracker()
        self.global_rank = 0
        self.summaries: list[tuple[dict, list, list]] = []
        self.reported: list[list[str]] = []

    def _metric_device(self):
        return "cpu"

    @staticmethod
    def _available_paths(paths):
        found = [path for path in paths if path is not None]
        return found if found and len(found) == len(paths) else None

    def _validation_metric_extras(self, *, video_filenames, actions, mouse_pitch_signs):
        return [{} for _ in video_filenames]

    @staticmethod
    def _accumulate_metric_results(stats, row, metric_results):
        for name, result in metric_results.items():
            if result.score is not None:
                row[name] = result.score
                stats.sums[name] = stats.sums.get(name, 0.0) + result.score
                stats.counts[name] = stats.counts.get(name, 0.0) + 1.0

    def _write_metric_summary(self, stats, *, output_dir, step, num_inference_steps):
        json.dumps([stats.sums, stats.counts, stats.per_video, stats.errors])
        self.summaries.append((dict(stats.sums), list(stats.per_video), stats.errors))

    def _log_validation_metrics(self, stats, *, step):
        self.reported.append(stats.errors)
        prefix = self.metrics_config.log_prefix
        logs = {f"{prefix}/{k.replace('.', '/')}": v / stats.counts[k] for k, v in stats.sums.items()}
        if logs:
            self.tracker.log(logs, step)


class Alone:
    """Largest minus smallest length of a prompt; cannot merge, which one rank does not need."""

    def reset(self):
        self.lengths = []

    def accumulate(self, sample):
        self.lengths.append(float(len(sample["text_prompt"])))

    def finalize(self):
        return max(self.lengths) - min(self.lengths)


class Spread(Alone):
    """The same, of parts."""

    def merge_from(self, other):
        self.lengths += other.lengths


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, registry: None) -> None:
    parts = MODULE.split(".")
    for i in range(1, len(parts)):
        monkeypatch.setitem(sys.modules, ".".join(parts[:i]), ModuleType(parts[i - 1]))
    module = ModuleType(MODULE)
    module.ValidationCallback = Published  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, MODULE, module)
    validation._callback_class.cache_clear()
    register("user.spread")(Spread)


def score(callback, videos: list[Path], captions: list[str], *, rank: int = 0):
    callback.global_rank = rank
    return callback._evaluate_validation_metrics(
        video_filenames=[str(v) for v in videos], captions=captions, ref_videos=[None] * len(videos),
        actions=[None] * len(videos), mouse_pitch_signs=[None] * len(videos), fps=8, output_dir="out", step=5,
        num_inference_steps=4,
    )  # fmt: skip


@pytest.mark.usefixtures("published")
def test_ranks_are_merged_to_one_set(clips: Path) -> None:
    """A mean over ranks would be another number; names and files are FastVideo's."""
    assert "ValidationCallback" not in vars(validation)
    kind = importlib.import_module(validation.__name__).ValidationCallback
    callback = kind(metrics=["audio.loudness", "user.spread"])
    assert isinstance(callback, Published)
    videos = sorted((clips / "gen").iterdir())
    stats = score(callback, videos, ["a", "aaa"])
    other = score(callback, videos[:1], ["aaaaaaa"], rank=1)
    callback._merge_metric_stats(stats, other)
    callback._merge_metric_stats(stats, score(callback, [], []))
    callback._log_validation_metrics(stats, step=5)
    ((logs, step),) = callback.tracker.logged
    assert step == 5
    assert logs["metrics/validation/user/spread"] == 6.0
    mean = sum(row["audio.loudness"] for row in stats.per_video if "audio.loudness" in row) / 3
    assert logs["metrics/validation/audio/loudness"] == pytest.approx(mean)
    assert [len(rows) for _, rows, _ in callback.summaries] == [3, 2]
    assert callback.summaries[0][0]["user.spread"] == 2.0


@pytest.mark.usefixtures("published")
def test_set_metric_that_cannot_merge_is_logged_by_one_rank_and_named_by_two(clips: Path) -> None:
    """It left the log without a word."""
    register("user.alone")(Alone)
    callback = validation.ValidationCallback(metrics=["user.alone"])
    videos = sorted((clips / "gen").iterdir())
    stats = score(callback, videos, ["a", "aaa"])
    callback._log_validation_metrics(stats, step=5)
    assert callback.tracker.logged[-1][0]["metrics/validation/user/alone"] == 2.0
    type(callback)._merge_metric_stats(stats, score(callback, videos, ["a", "aaa"], rank=1))
    callback._log_validation_metrics(stats, step=5)
    assert len(callback.tracker.logged) == 1
    assert "merge_from" in callback.reported[-1][0]


@pytest.mark.usefixtures("published")
def test_weights_that_are_not_there_are_an_error_and_missing_inputs_a_warning(
    clips: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastVideo fails on the first and passes over the second; other scores stand."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(clips / "cache"))
    callback = validation.ValidationCallback(metrics=["audio.loudness", "audio.utmos", "audio.wer"])
    stats = score(callback, sorted((clips / "gen").iterdir()), ["a", "b"])
    assert [error.partition(":")[0] for error in stats.errors] == ["audio.utmos"]
    callback._log_validation_metrics(stats, step=5)
    assert "metrics/validation/audio/loudness" in callback.tracker.logged[-1][0]
    assert [r.getMessage() for r in caplog.records if "no value of audio.wer" in r.getMessage()]


@pytest.mark.usefixtures("published")
def test_statistics_of_fastvideo_itself_are_merged_as_there() -> None:
    """By the class, and without parts."""
    kept = SimpleNamespace(sums={"a": 1.0}, counts={"a": 1.0}, per_video=[{"path": "a"}], errors=["x"])
    other = SimpleNamespace(sums={"a": 2.0, "b": 3.0}, counts={"a": 2.0, "b": 1.0}, per_video=[], errors=["y"])
    validation.ValidationCallback._merge_metric_stats(kept, other)
    assert (kept.sums, kept.counts) == ({"a": 3.0, "b": 3.0}, {"a": 3.0, "b": 1.0})
    assert kept.errors == ["x", "y"]


@pytest.mark.usefixtures("published")
def test_parts_that_do_not_merge_are_means_over_ranks(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was computed is logged, with the error beside."""
    callback = validation.ValidationCallback(metrics=["audio.loudness"])
    stats = score(callback, sorted((clips / "gen").iterdir()), ["a", "b"])
    monkeypatch.setattr(callback._metric_evaluator, "merge", lambda parts: 1 / 0)
    callback._log_validation_metrics(stats, step=5)
    assert "metrics/validation/audio/loudness" in callback.tracker.logged[-1][0]
    assert "division" in callback.reported[-1][0]


@pytest.mark.usefixtures("published")
def test_failure_is_an_error_of_its_rank_and_the_training_goes_on(clips: Path) -> None:
    """Unless the callback is strict."""
    callback = validation.ValidationCallback(metrics=["user.none"])
    videos = sorted((clips / "gen").iterdir())
    stats = score(callback, videos, ["a", "b"])
    assert "rank 0" in stats.errors[0]
    assert "user.none" in stats.errors[0]
    callback._log_validation_metrics(stats, step=5)
    assert callback.tracker.logged == []
    callback.metrics_config.strict = True
    with pytest.raises(KeyError, match=r"user\.none"):
        score(callback, videos, ["a", "b"])


def test_without_fastvideo_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """FastVideo's class is what a training calls."""
    validation._callback_class.cache_clear()
    monkeypatch.setitem(sys.modules, "fastvideo", None)
    with pytest.raises(MissingDependencyError, match="FastVideo"):
        _ = validation.ValidationCallback
