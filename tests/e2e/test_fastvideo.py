"""What FastVideo's README, its guide for metrics and its examples promise, on `import avmeter.fastvideo as eval`.

Written from those alone; clips are rendered, metrics are cheap.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import avmeter.fastvideo as eval
from avmeter.fastvideo.datasets import get_dataset, list_datasets
from avmeter.fastvideo.io import build_eval_kwargs, load_video
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
        ev = eval.create_evaluator(metrics=["common.my_rmse", "optical_flow.synthetic_optical_flow"], device="cpu")
    scores = ev.evaluate(video=video, reference=load_video("ref/000.mp4"), fps=8.0)
    assert scores["common.my_rmse"].score > 0
    assert scores["common.my_rmse"].details == {"frames": 4}
    assert scores["optical_flow.synthetic_optical_flow"].score is None
    assert "DPFlow" in scores["optical_flow.synthetic_optical_flow"].details["skipped"]


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
        "--metrics", "audio.loudness,optical_flow.synthetic_optical_flow", "--device", "cpu",
        "--text-prompt", "one", "two", "--output", "scores.json",
    )  # fmt: skip
    assert done.code == 0, done.err
    entries = json.loads(Path("scores.json").read_text())
    assert [entry["video"] for entry in entries] == ["gen/000.mp4", "gen/001.mp4"]
    loudness = entries[0]["scores"]["audio.loudness"]
    assert set(loudness) == {"name", "score", "details"}
    assert loudness["score"] is not None
    assert entries[0]["scores"]["optical_flow.synthetic_optical_flow"]["score"] is None
    assert "optical_flow.synthetic_optical_flow" in done.err


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
    nothing = avmeter(
        "eval", "run", "--videos", "gen/000.mp4", "--metrics", "optical_flow.synthetic_optical_flow", "--device", "cpu"
    )
    assert nothing.code == 3
    assert json.loads(nothing.out)[0]["scores"]["optical_flow.synthetic_optical_flow"]["score"] is None
    assert "no video fits" in avmeter("eval", "run", "--videos", "none/*.mp4").err


def test_mixed_lists_and_groups_are_scored_as_far_as_they_are_here(folders: Path) -> None:
    """What is absent is named in one warning; who skips what lacks something has it left out."""
    with pytest.warns(UserWarning, match="not in avmeter yet") as caught:
        ev = eval.create_evaluator(metrics=["common.my_rmse", "optical_flow.synthetic_optical_flow"], device="cpu")
    assert len(caught) == 1
    row = ev.evaluate(samples=[{"video": "gen/000.mp4", "reference": "ref/000.mp4"}])[0]
    assert row["common.my_rmse"].score is not None
    assert row["optical_flow.synthetic_optical_flow"].score is None
    with pytest.warns(UserWarning, match="left out"):
        few = eval.create_evaluator(
            metrics=["common.my_rmse", "optical_flow.synthetic_optical_flow"], device="cpu", skip_missing_deps=True
        )
    assert few.metric_names == ["common.my_rmse"]
    with pytest.warns(UserWarning, match=r"left out: .*vbench\.color"):
        everything = eval.create_evaluator(metrics="all", device="cpu", skip_missing_deps=True)
    assert set(everything.metric_names) < set(eval.list_metrics())


def test_folders_of_other_names_are_paired_by_position_with_lists_that_fit(folders: Path) -> None:
    """As FastVideo pairs them; a warning shows the first pairs. Sub-folders are not entered, and no `id` is added."""
    (folders / "real" / "old").mkdir(parents=True)
    for i, name in enumerate(("a", "b")):
        (folders / "real" / f"{name}.mp4").write_bytes((folders / "ref" / f"00{i}.mp4").read_bytes())
        (folders / "real" / "old" / f"{name}.mp4").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"000\.mp4 with a\.mp4"):
        samples = eval.samples_from(
            video="gen", reference="real", text_prompts=["one", "two"], extras=[{"scene": 1}, {"scene": 2}]
        )
    assert [Path(s["reference"].source).name for s in samples] == ["a.mp4", "b.mp4"]
    assert [(s["text_prompt"], s["scene"]) for s in samples] == [("one", 1), ("two", 2)]
    assert not any("id" in s for s in samples)


def test_arguments_of_the_evaluator_are_all_accepted(folders: Path) -> None:
    """Those that mean nothing here say so once; the first of several devices may be named."""
    with pytest.warns(UserWarning, match="prefetch_factor") as caught:
        ev = eval.Evaluator(
            metrics=["common.my_rmse"],
            device="cpu",
            num_gpus=1,
            compile=True,
            loader_threads=2,
            prefetch_factor=4,
            pre_upload=False,
        )
    assert len(caught) == 1
    assert ev.num_gpus == 1
    with pytest.warns(UserWarning, match="CPU"):
        on_card = eval.create_evaluator(metrics=["common.my_rmse"], device="cuda")
    assert on_card.evaluate(video="gen/000.mp4", reference="ref/000.mp4")["common.my_rmse"].score > 0


def test_metrics_of_ones_own_have_what_they_have_there(folders: Path) -> None:
    """Decoded frames on a device, pieces of frames, parts that merge, and a name that may be taken again."""
    seen: list[Any] = []

    @register("common.my_rmse")
    class Again(BaseMetric):
        name = "common.my_rmse"
        _chunk_size = 2

        def compute(self, sample: dict[str, Any]) -> list[MetricResult]:
            video = sample["video"].to(self.device)
            seen.append((tuple(video.shape), video.dtype, isinstance(self.device, torch.device)))
            pieces = [piece.mean() for piece in video.split(self._chunk_size)]
            return [MetricResult(name=self.name, score=float(torch.stack(pieces).mean()), details={})]

    ev = eval.create_evaluator(metrics=["common.my_rmse"], device="cpu")
    assert 0 < ev.evaluate(video="gen/000.mp4")["common.my_rmse"].score < 1
    ((shape, dtype, is_device),) = seen
    assert (len(shape), shape[1], dtype, is_device) == (4, 3, torch.float32, True)
    parts = [MeanLevels(), MeanLevels()]
    for part in parts:
        part.reset()
        part.accumulate({"video": load_video("gen/000.mp4")})
    parts[0].merge_from(parts[1])
    assert parts[0].finalize().details == {"generated": 2, "reference": 0}


def test_sound_of_videos_is_a_key_of_the_sample(folders: Path) -> None:
    """With `extract_audio=True`; the handle knows its file and its rate."""
    samples = eval.samples_from(video=["gen/000.mp4"], reference=["ref/000.mp4"], fps=8.0, extract_audio=True)
    assert {"video", "reference", "audio", "reference_audio", "fps"} <= samples[0].keys()
    assert isinstance(samples[0]["video"], eval.Video)
    assert eval.as_video(Path("gen/000.mp4")) == eval.Video(source="gen/000.mp4")
    ev = eval.create_evaluator(metrics=["audio.loudness"], device="cpu")
    assert ev.evaluate(samples=samples)[0]["audio.loudness"].score is not None


def test_modules_of_the_guide_are_there(folders: Path) -> None:
    """Imports of the examples and of metrics that were written for FastVideo."""
    names = {
        "io": ("load_video", "extract_frames", "extract_audio_track", "build_eval_kwargs", "samples_from", "as_video"),
        "io.video": ("load_video",), "io.audio": ("extract_audio_track", "NoAudioStreamError"),
        "io.paths": ("sanitize_prompt", "glob_videos"), "io.inputs": ("samples_from",),
        "types": ("MetricResult", "EvalResults", "Video"), "metrics.base": ("BaseMetric",),
        "models": ("ensure_checkpoint", "get_cache_dir"), "evaluator": ("Evaluator", "create_evaluator"),
        "registry": ("register", "get_metric", "list_metrics", "missing_dependencies", "resolve_group"),
        "datasets": ("get_dataset", "list_datasets", "register_dataset"),
    }  # fmt: skip
    for module, expected in names.items():
        found = importlib.import_module(f"avmeter.fastvideo.{module}")
        assert [name for name in expected if not hasattr(found, name)] == [], module
    row = {"prompt": "a dog", "auxiliary_info": {"color": "red"}}
    ev = eval.create_evaluator(metrics=["common.psnr"], device="cpu")
    keywords = build_eval_kwargs(row, Path("gen/000.mp4"), fps=8.0)
    found = ev.evaluate(**keywords, reference=keywords["video"])
    assert found["common.psnr"].score == pytest.approx(100)


def test_tensors_of_a_pipeline_and_odd_values_never_end_a_run(folders: Path) -> None:
    """Half precision, a batch of one and images in a folder are scored; what is wrong is a skip beside a score."""
    video = load_video("gen/000.mp4")
    for given in (video.bfloat16(), video[None], video.half()[None], (video * 255).byte()):
        found = eval.evaluate(given, given, metrics=["common.psnr"], device="cpu", fps=8.0)
        assert found["common.psnr"].score == pytest.approx(100), given.shape
    ev = eval.create_evaluator(metrics=["common.psnr", "audio.clap_score"], device="cpu")
    good = {"video": video, "reference": video, "fps": 8.0}
    wrong: list[dict[str, Any]] = [
        {**good, "fps": 0},
        {**good, "audio": "gen/000.mp4", "text_prompt": ["a dog"]},
        {**good, "video": "no.mp4"},
    ]
    results = ev.evaluate(samples=[good, *wrong])
    assert results[0]["common.psnr"].score is not None
    assert results[1]["common.psnr"].skip is not None
    assert "list" in results[2]["audio.clap_score"].skip.reason
    assert results[3]["common.psnr"].skip.code == "missing_file"
    with pytest.raises(ValueError, match="id"):
        ev.evaluate(samples=[{**good, "id": "a"}, {**good, "id": "a"}])


def test_results_answer_as_there_and_say_where_they_differ(folders: Path) -> None:
    """Scores are attributes, a skip is in `details`, a result is replaced and not changed, and JSON has its shape."""
    ev = eval.create_evaluator(metrics=["common.my_rmse", "user.mean_levels"], device="cpu")
    with pytest.warns(UserWarning, match="without a generated clip"):
        results = ev.evaluate(samples=eval.samples_from(video="gen", reference="ref"))
    result = results[0]["common.my_rmse"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.score = 1.0
    assert dataclasses.replace(result, score=1.0).score == 1.0
    assert set(results.corpus) == {"user.mean_levels"}
    entries = json.loads(json.dumps(results.to_fastvideo()))
    assert [set(entry) for entry in entries] == [{"video", "scores"}] * 2
    assert entries[0]["scores"]["common.my_rmse"]["score"] == pytest.approx(result.score)
