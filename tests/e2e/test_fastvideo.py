"""What FastVideo's README and its guide for metrics promise, on `import avmeter.fastvideo as eval`.

Written from those two pages alone; clips are rendered, metrics are cheap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import avmeter.fastvideo as eval
from avmeter.fastvideo.datasets import get_dataset, list_datasets
from avmeter.fastvideo.io import load_video
from avmeter.fastvideo.metrics.base import BaseMetric
from avmeter.fastvideo.models import ensure_checkpoint, get_cache_dir
from avmeter.fastvideo.registry import register
from avmeter.fastvideo.types import MetricResult
from support.commandline import avmeter
from support.media import flash, tone, write_media
from support.registrations import forgotten_registrations

RATE, FPS = 16_000, 8
PUBLIC = (
    "create_evaluator", "evaluate", "Evaluator", "samples_from", "as_video", "BaseMetric", "MetricResult", "register",
    "list_metrics", "get_metric", "ensure_checkpoint", "get_cache_dir", "EvalResults", "Video",
)  # fmt: skip


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """The guide's metrics, for the time of a test."""
    with forgotten_registrations():
        register("common.my_rmse")(RootMeanSquare)
        register("user.mean_levels")(MeanLevels)
        yield


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`gen/` with two clips and `ref/` with three, of the same names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    for folder, count in (("gen", 2), ("ref", 3)):
        (tmp_path / folder).mkdir()
        for i in range(count):
            wave = tone(300 + 100 * i, 0.3, RATE, 0.5)
            frames = flash(0.25 if folder == "gen" else 0.0, FPS, 0.5)
            write_media(tmp_path / folder / f"{i:03}.mp4", wave=wave, sample_rate=RATE, frames=frames, fps=FPS)
    return tmp_path


class RootMeanSquare(BaseMetric):
    """The guide's example of a native metric."""

    name = "common.my_rmse"
    requires_reference = True
    higher_is_better = False
    needs_gpu = False
    dependencies: list[str] = []  # noqa: RUF012 - as in the guide

    def compute(self, sample: dict[str, Any]) -> MetricResult:
        if "reference" not in sample:
            return self._skip(sample, "no reference")
        generated, reference = sample["video"], sample["reference"]
        score = ((generated - reference) ** 2).mean().sqrt()
        return MetricResult(name=self.name, score=float(score), details={"frames": len(generated)})


class MeanLevels(BaseMetric):
    """A set metric by the guide's contract."""

    name = "user.mean_levels"
    is_set_metric = True

    def __init__(self) -> None:
        super().__init__()
        self.sides: dict[str, list[float]] = {}

    def reset(self) -> None:
        self.sides = {"generated": [], "reference": []}

    def accumulate(self, sample: dict[str, Any]) -> None:
        self.sides[sample.get("role", "generated")].append(float(sample["video"].mean()))
        if "reference" in sample:
            self.sides["reference"].append(float(sample["reference"].mean()))

    def merge_from(self, other: BaseMetric) -> None:
        assert isinstance(other, MeanLevels)
        for side, values in other.sides.items():
            self.sides[side] += values

    def finalize(self) -> MetricResult:
        return MetricResult(name=self.name, score=0.5, details={k: len(v) for k, v in self.sides.items()})


def test_public_names_are_there() -> None:
    """The import of the README."""
    assert [name for name in PUBLIC if not hasattr(eval, name)] == []


def test_one_sample_by_keywords(folders: Path) -> None:
    """Tensors as they come from a pipeline; what is not here is a skip with a reason."""
    video = load_video("gen/000.mp4").to(torch.bfloat16)
    with pytest.warns(UserWarning, match="not in avmeter yet"):
        ev = eval.create_evaluator(metrics=["common.my_rmse", "vbench.color"], device="cpu")
    scores = ev.evaluate(video=video, reference=load_video("ref/000.mp4"), fps=8.0)
    assert scores["common.my_rmse"].score > 0
    assert scores["common.my_rmse"].details == {"frames": 4}
    assert scores["vbench.color"].score is None
    assert "GRiT" in scores["vbench.color"].details["skipped"]


def test_paths_are_decoded(folders: Path) -> None:
    """A string in the place of a tensor is the same clip."""
    ev = eval.create_evaluator(metrics=["common.my_rmse"], device="cpu")
    by_path = ev.evaluate(video="gen/000.mp4", reference=Path("ref/000.mp4"))
    by_tensor = ev.evaluate(video=load_video("gen/000.mp4"), reference=load_video("ref/000.mp4"))
    assert by_path["common.my_rmse"].score == pytest.approx(by_tensor["common.my_rmse"].score)
    assert ev.evaluate(video="gen/000.mp4")["common.my_rmse"].details["skipped"] == "no reference"


def test_two_folders_are_scored_in_pairs_and_as_sets(folders: Path) -> None:
    """The reference without a partner is context: of the set metric, and of no pair."""
    ev = eval.create_evaluator(metrics=["common.my_rmse", "user.mean_levels", "audio.loudness"], device="cpu")
    with pytest.warns(UserWarning, match="without a generated clip"):
        samples = eval.samples_from(
            video="gen/", reference="ref/", text_prompts=["one", "two"], fps=8.0, extract_audio=True
        )
    assert len(samples) == 3
    assert samples[0]["video"].source == "gen/000.mp4"
    results = ev.evaluate(samples=samples)
    assert isinstance(results, eval.EvalResults)
    assert [set(row) for row in results] == [{"common.my_rmse", "audio.loudness"}] * 2 + [set()]
    assert results.corpus["user.mean_levels"].details["generated"] == 2
    assert results.corpus["user.mean_levels"].details["reference"] == 3
    assert list(ev.evaluate(samples=samples, metrics=["audio.loudness"])[0]) == ["audio.loudness"]


def test_set_metric_wants_samples(folders: Path) -> None:
    """One clip is no set: a ValueError that says so."""
    ev = eval.create_evaluator(metrics=["audio.frechet_distance"], device="cpu")
    with pytest.raises(ValueError, match="samples="):
        ev.evaluate(audio="gen/000.mp4", reference_audio="ref/000.mp4")


def test_evaluator_in_a_training_loop(folders: Path) -> None:
    """Hot, unloaded, loaded again, and closed by a caller who comes back."""
    ev = eval.Evaluator(metrics=["audio.loudness"], device="cpu")
    for call in (ev.release_cuda_memory, ev.unload, ev.reload, ev.shutdown):
        call()
        assert ev.evaluate(video=load_video("gen/000.mp4"), audio="gen/000.mp4")["audio.loudness"].score is not None


def test_one_shot_helper(folders: Path) -> None:
    """Without an evaluator of one's own."""
    found = eval.evaluate("gen/000.mp4", "ref/000.mp4", metrics=["common.my_rmse"], device="cpu")
    assert found["common.my_rmse"].score > 0


def test_metric_by_hand(folders: Path) -> None:
    """Of one's own and of the package."""
    for name in ("common.my_rmse", "audio.loudness"):
        metric = eval.get_metric(name)
        metric.to("cpu").setup()
        sample = {"video": load_video("gen/000.mp4"), "reference": load_video("ref/000.mp4"), "audio": "gen/000.mp4"}
        result = metric.compute(sample)
        assert (result.name, result.score is not None) == (name, True)


def test_caches_and_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable redirects; what is not shipped is an ImportError."""
    monkeypatch.setenv("FASTVIDEO_CACHE_ROOT", str(tmp_path))
    monkeypatch.delenv("FASTVIDEO_EVAL_CACHE", raising=False)
    assert get_cache_dir() == tmp_path / "eval"
    monkeypatch.setenv("FASTVIDEO_EVAL_CACHE", str(tmp_path / "here"))
    assert eval.get_cache_dir() == tmp_path / "here"
    assert ensure_checkpoint("x.pth", source=str(tmp_path)) == str(tmp_path)
    assert list_datasets() == []
    with pytest.raises(ImportError, match="physics_iq"):
        get_dataset("physics_iq", limit=4)


def test_commands(folders: Path) -> None:
    """`eval list` and `eval run` with the README's options; the file is the README's shape."""
    listed = avmeter("eval", "list", "--group", "audio")
    assert listed.code == 0
    assert listed.out.split() == [n for n in eval.list_metrics() if n.startswith("audio.")]
    done = avmeter(
        "eval", "run", "--videos", "gen/000.mp4", "gen/001.mp4", "--reference", "ref/",
        "--metrics", "audio.loudness,vbench.color", "--device", "cpu",
        "--text-prompt", "one", "two", "--output", "scores.json",
    )  # fmt: skip
    assert done.code == 0, done.err
    entries = json.loads(Path("scores.json").read_text())
    assert [entry["video"] for entry in entries] == ["gen/000.mp4", "gen/001.mp4"]
    loudness = entries[0]["scores"]["audio.loudness"]
    assert set(loudness) == {"name", "score", "details"}
    assert loudness["score"] is not None
    assert entries[0]["scores"]["vbench.color"]["score"] is None
    assert "vbench.color" in done.err


def test_score_prints_the_same_shape(folders: Path) -> None:
    """For who has scripts behind it; nothing else is on standard output."""
    done = avmeter("score", "gen", "-m", "audio.loudness", "--device", "cpu", "--format", "fastvideo")
    assert done.code == 0, done.err
    assert [Path(entry["video"]).name for entry in json.loads(done.out)] == ["000.mp4", "001.mp4"]
    refused = avmeter("score", "gen", "--format", "yaml")
    assert refused.code == 2
    assert "unknown format" in refused.err


def test_run_without_videos_or_with_none_that_fit_is_refused(folders: Path) -> None:
    """In a sentence."""
    assert "--videos" in avmeter("eval", "run").err
    nothing = avmeter("eval", "run", "--videos", "gen/000.mp4", "--metrics", "vbench.color", "--device", "cpu")
    assert nothing.code == 3
    assert json.loads(nothing.out)[0]["scores"]["vbench.color"]["score"] is None
    assert "no video fits" in avmeter("eval", "run", "--videos", "none/*.mp4").err
