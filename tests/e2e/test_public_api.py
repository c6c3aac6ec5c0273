"""The Python interface as a stranger uses it, and as users of FastVideo's eval package bring it along."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import avmeter
from avmeter import BaseMetric, CorpusMetric, MetricResult, UsageError, Video, create_evaluator, register
from avmeter.errors import ManifestError, MissingDependencyError, UnknownNameError
from avmeter.registry import METRICS
from support.media import flash, tone, write_media

RATE = 16_000
WAVE = tone(440, 0.3, RATE, 1.0)
YAMNET = {name: {"backbone": "yamnet"} for name in ("audio.inception_score", "audio.kl_divergence")}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Features go into a folder of the test."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def clip(tmp_path) -> str:
    """A tone of one second."""
    return str(write_media(tmp_path / "clip.wav", wave=WAVE, sample_rate=RATE, audio_codec="pcm_f32le"))


@pytest.fixture
def film(tmp_path) -> str:
    """A click with a flash."""
    return str(write_media(tmp_path / "film.mp4", wave=tone(440, 0.3, 48_000, 2), frames=flash(1, 25, 2)))


@pytest.fixture
def names():
    """Metrics registered in a test are forgotten after it."""
    known = dict(METRICS._classes)
    yield
    METRICS._classes.clear()
    METRICS._classes.update(known)


def loudness(**options) -> avmeter.Evaluator:
    return create_evaluator(["audio.loudness"], **options)


# -- import ----------------------------------------------------------------------------------------------------------

IMPORT = """
import logging, os, sys, warnings
before = (dict(os.environ), list(warnings.filters), list(logging.root.handlers), list(logging.root.manager.loggerDict))
import avmeter
assert (dict(os.environ), list(warnings.filters), list(logging.root.handlers), list(logging.root.manager.loggerDict)) \
    == before
assert set(avmeter.__all__) <= set(dir(avmeter)) | set(sum(avmeter._MODULES.values(), ()))
heavy = {"torch", "numpy", "av", "transformers", "onnxruntime", "pyarrow", "rich", "typer"} & sys.modules.keys()
assert not heavy, heavy
"""


def test_import_sets_reads_and_loads_nothing():
    """`import avmeter` in a fresh process loads no big package, and leaves environment, logging and warnings alone."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", IMPORT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_public_name_exists():
    """All that `avmeter.__all__` names can be had; another name is an AttributeError."""
    for name in avmeter.__all__:
        assert getattr(avmeter, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        avmeter.nothing  # noqa: B018


# -- construction ----------------------------------------------------------------------------------------------------


def test_constructor_takes_what_fastvideo_users_write():
    """Positions and names of the arguments that still mean something are FastVideo's."""
    evaluator = create_evaluator(["audio.loudness"], "cpu", 1, False, loader_threads=1, skip_missing_deps=False)
    assert evaluator.metric_names == ["audio.loudness"]
    assert create_evaluator(metrics="audio.loudness, av.align", device="cpu").metric_names == [
        "audio.loudness",
        "av.align",
    ]


REFUSED = {
    "several GPUs": ({"num_gpus": 200}, "torch sees"),
    "no GPUs": ({"num_gpus": 0}, 'device="cpu"'),
    "batch of nothing": ({"batch_size": 0}, "at least 1"),
    "no threads": ({"loader_threads": 0}, "at least 1"),
    "misspelt": ({"devise": "cpu"}, "did you mean `device`"),
    "no metric": ({"metrics": []}, "no metric was chosen"),
    "no such device": ({"device": "gpu"}, "not a torch device"),
    "no such weights": ({"weights": "gone"}, "gone does not exist"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_argument_without_meaning_is_refused_with_what_to_do(case):
    """An argument that cannot be honoured is an error that says what to do instead."""
    options, said = REFUSED[case]
    with pytest.raises(UsageError, match=said):
        create_evaluator(**{"metrics": ["audio.loudness"], **options})


def test_absent_gpu_is_a_warning(monkeypatch):
    """FastVideo's default device works on a machine without a GPU, and says so."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.warns(UserWarning, match="no GPU that torch can use"):
        loudness(device="cuda:0")


def test_unknown_metric_has_did_you_mean():
    """A misspelt name is answered with the near ones."""
    with pytest.raises(UnknownNameError, match=r"did you mean `audio\.loudness`"):
        create_evaluator(["audio.loudnes"])


def test_unknown_option_and_value_of_a_metric_have_did_you_mean():
    """Names of options and their values are answered as names of metrics are; a value of another type too."""
    with pytest.raises(
        UnknownNameError, match=r"unknown option of `audio\.frechet_distance` `backbon`.*\n.*`backbone`"
    ):
        create_evaluator(["audio.frechet_distance"], options={"audio.frechet_distance": {"backbon": "yamnet"}})
    for value, message in {"pannz": "unknown backbone", 5: "is not a text", None: "is not a text"}.items():
        with pytest.raises(UsageError, match=message):
            create_evaluator(["audio.frechet_distance"], options={"audio.frechet_distance": {"backbone": value}})
    with pytest.raises(UsageError, match=r"option protocol=5 of `audio\.frechet_distance` is not a text"):
        create_evaluator(["audio.frechet_distance"], options={"audio.frechet_distance": {"protocol": 5}})


# -- evaluation ------------------------------------------------------------------------------------------------------


def test_one_sample_by_keywords_is_a_dict_of_results(clip):
    """The one-sample form returns results by metric name."""
    scores = loudness().evaluate(audio=clip)
    assert list(scores) == ["audio.loudness"]
    assert isinstance(scores["audio.loudness"], MetricResult)
    assert scores["audio.loudness"].score < 0


def test_many_samples_are_a_list_with_a_corpus(clip):
    """The list form keeps the order of the samples, and has corpus scores beside it."""
    evaluator = create_evaluator(["audio.loudness", "audio.inception_score"], options=YAMNET)
    results = evaluator.evaluate(samples=[{"audio": clip, "id": "b"}, {"audio": clip, "id": "a"}])
    assert isinstance(results, list)
    assert len(results) == 2
    assert results.sample_ids == ["b", "a"]
    assert set(results[0]) == {"audio.loudness"}
    assert set(results.corpus) == {"audio.inception_score"}
    assert len(evaluator.evaluate(samples=[])) == 0


def test_corpus_metric_in_the_one_sample_form_is_named(clip):
    """The error names the metric, and the filter gets around it."""
    evaluator = create_evaluator(["audio.loudness", "audio.inception_score"], options=YAMNET)
    with pytest.raises(UsageError, match=r"audio\.inception_score: a corpus metric has no value for one sample"):
        evaluator.evaluate(audio=clip)
    assert set(evaluator.evaluate(audio=clip, metrics=["audio.loudness"])) == {"audio.loudness"}
    assert set(evaluator.evaluate(audio=clip, metrics="audio.loudness")) == {"audio.loudness"}


def test_filter_knows_only_this_evaluators_metrics(clip):
    """A filter with another name is an error; a group stands for its metrics."""
    evaluator = create_evaluator(["audio.loudness", "av.align"])
    assert set(evaluator.evaluate(samples=[{"audio": clip}], metrics=["audio"])[0]) == {"audio.loudness"}
    with pytest.raises(UnknownNameError, match=r"metric of this evaluator `audio\.wer`"):
        evaluator.evaluate(audio=clip, metrics=["audio.wer"])
    with pytest.raises(UsageError, match="metrics= is empty"):
        evaluator.evaluate(audio=clip, metrics=[])


WRONG = {
    "nothing": ({}, "nothing to evaluate"),
    "both forms": ({"samples": [{"audio": "a.wav"}], "audio": "a.wav"}, "both given"),
    "a dict": ({"samples": {"audio": "a.wav"}}, "one dict, not a list"),
    "a path": ({"samples": "a.wav"}, "one str, not a list"),
    "paths": ({"samples": ["a.wav"]}, "sample 0 is a str, not a dict"),
    "equal ids": ({"samples": [{"id": "a", "audio": "x"}, {"id": "a", "audio": "y"}]}, "used by samples 0 and 1"),
    "unknown role": ({"audio": "a.wav", "role": "real"}, "role is 'real'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_malformed_sample_is_an_error_that_says_so(case):
    """What cannot be a sample is refused before anything runs."""
    arguments, said = WRONG[case]
    with pytest.raises(UsageError, match=said):
        loudness().evaluate(**arguments)


UNREADABLE = {
    "array without rate": (WAVE, "without a rate"),
    "rate of 0": ((WAVE, 0), "sample_rate 0, not a positive number"),
    "number": (3, "a int, not a medium"),
    "text array": (np.array(["a"]), "not of numbers"),
    "empty path": ("", "an empty path"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_value_that_is_no_medium_is_a_skip_that_says_so(case):
    """It costs the metrics that need it, and says what it is and what would do instead."""
    value, said = UNREADABLE[case]
    skip = loudness().evaluate(audio=value)["audio.loudness"].skip
    assert skip.code == "unsupported"
    assert said in skip.reason
    assert skip.hint


def test_misspelt_key_is_a_skip_that_asks(clip):
    """A sample without sound is skipped, with a question about the key that looks like it."""
    skip = loudness().evaluate([{"audoi": clip}])[0]["audio.loudness"].skip
    assert skip.code == "missing_input"
    assert "did you mean it by `audoi`?" in skip.hint


@pytest.mark.parametrize(
    "sound",
    [
        {"audio": (WAVE, RATE)},
        {"audio": WAVE, "sample_rate": RATE},
        {"audio": torch.tensor(WAVE), "sample_rate": RATE},
        {"audio": WAVE.tolist(), "sample_rate": RATE},
        {"audio": WAVE[None].astype(np.float64), "sample_rate": RATE},
        {"audio": {"array": WAVE, "sampling_rate": RATE}},
    ],
    ids=["pair", "array", "tensor", "list", "channels", "data set"],
)
def test_sound_in_memory_scores_as_its_file(clip, sound):
    """Arrays, tensors, lists and rows of data sets are scored as the file they could be."""
    scores = [loudness().evaluate(**s)["audio.loudness"].score for s in ({"audio": clip}, sound)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


@pytest.mark.parametrize("given", ["frames", "handle", "channels last"])
def test_frames_in_memory_are_a_video(given):
    """Frames with a rate, or a `Video`, stand for a film, channels first or last."""
    frames = flash(0.5, 10, 1)
    first = torch.from_numpy(np.moveaxis(frames, -1, 1).copy())
    sample = {
        "frames": {"video": first, "fps": 10, "audio": (WAVE, RATE)},
        "handle": {"video": Video(frames=first, fps=10, audio=torch.tensor(WAVE), audio_sr=RATE)},
        "channels last": {"video": frames, "fps": 10, "audio": (WAVE, RATE)},
    }[given]
    result = create_evaluator(["av.align"]).evaluate(**sample)["av.align"]
    assert result.score is not None, result
    assert result.details["num_motion_peaks"] >= 0


def test_frames_without_a_rate_are_skipped():
    """Nothing invents a frame rate."""
    frames = torch.zeros(10, 3, 32, 32)
    assert create_evaluator(["av.align"]).evaluate(video=frames, audio=(WAVE, RATE))["av.align"].skip.code == (
        "no_frame_rate"
    )


def test_as_video_is_a_handle(film):
    """Paths, frames and handles become a `Video`."""
    assert avmeter.as_video(film).source == film
    assert avmeter.as_video(Path(film)).source == film
    assert not avmeter.as_video(film).has_frames()
    handle = avmeter.as_video(torch.zeros(2, 3, 4, 4))
    assert handle.has_frames()
    assert avmeter.as_video(handle) is handle


def test_unloaded_evaluator_goes_on_and_a_closed_one_says_so(clip):
    """`unload` can be undone, by `reload` or the next call; `shutdown` is the end."""
    evaluator = create_evaluator(["audio.kl_divergence"], options={"audio.kl_divergence": {"backbone": "yamnet"}})
    sample = {"audio": clip, "reference_audio": (tone(900, 0.3, RATE, 1.0), RATE)}
    first = evaluator.evaluate(**sample)["audio.kl_divergence"].score
    evaluator.unload()
    evaluator.reload()
    assert evaluator.evaluate(**sample)["audio.kl_divergence"].score == first
    evaluator.release_cuda_memory()
    evaluator.shutdown()
    evaluator.shutdown()
    with pytest.raises(UsageError, match="was shut down"):
        evaluator.evaluate(**sample)


def test_one_shot_leaves_corpus_metrics_of_a_group_out(film):
    """`evaluate(path, metrics="av")` scores one clip; a corpus metric asked for by name is an error."""
    assert set(avmeter.evaluate(film, metrics="av")) >= {"av.align"}
    with pytest.raises(UsageError, match=r"audio\.inception_score"):
        avmeter.evaluate(audio=film, metrics=["audio.inception_score"], options=YAMNET)


def test_samples_from_folders_feed_the_evaluator(tmp_path, clip):
    """What `samples_from` returns is what `evaluate` takes."""
    samples = avmeter.samples_from(audio=tmp_path)
    assert [s["id"] for s in samples] == ["clip.wav"]
    assert loudness().evaluate(samples=samples)[0]["audio.loudness"].score is not None


def test_store_is_off_unless_asked_for(tmp_path, clip):
    """From Python nothing is kept by default; True means the user's cache, and arrays are never kept."""
    loudness().evaluate(audio=clip)
    assert not (tmp_path / "cache").exists()
    kept = loudness(store=True)
    results = kept.evaluate(samples=[{"audio": clip}, {"audio": (WAVE, RATE)}])
    assert results.provenance["computed"] == {"loudness": 2}
    again = kept.evaluate(samples=[{"audio": clip}, {"audio": (WAVE, RATE)}])
    assert again.provenance["computed"] == {"loudness": 1}, "counts are of one call"
    assert again.provenance["store_reads"] == 1
    kept.shutdown()
    assert (tmp_path / "cache" / "store" / "features.sqlite").is_file()


def test_clip_that_is_its_own_reference_is_warned_about(clip):
    """The same file on both sides is a warning and a note, and still scored."""
    evaluator = create_evaluator(["audio.kl_divergence"], options={"audio.kl_divergence": {"backbone": "yamnet"}})
    with pytest.warns(UserWarning, match="their own reference"):
        results = evaluator.evaluate(samples=[{"audio": clip, "reference_audio": clip}])
    assert results[0]["audio.kl_divergence"].score == pytest.approx(0, abs=1e-6)
    assert "byte for byte" in results.provenance["notes"][0]


def test_dummy_weights_mark_every_result(clip):
    """Scores of stand-in weights say so."""
    evaluator = create_evaluator(
        ["audio.kl_divergence"], weights="dummy", options={"audio.kl_divergence": {"backbone": "yamnet"}}
    )
    result = evaluator.evaluate(audio=clip, reference_audio=(tone(900, 0.3, RATE, 1.0), RATE))["audio.kl_divergence"]
    assert result.dummy
    assert "dummy weights" in str(result)


def test_features_of_a_set_are_a_table(tmp_path, clip):
    """`compute_features` has a row per clip, names what it left out, and can be saved."""
    samples = [{"id": "a", "audio": clip}, {"id": "b", "audio": "gone.wav"}, {"id": "c", "audio": (WAVE, RATE)}]
    table = avmeter.compute_features(samples, "yamnet")
    assert table.ids == ("a", "c")
    assert table.rows.shape == (2, 1024)
    assert str(table.skips["b"].code) == "missing_file"
    np.testing.assert_array_equal(table.rows[0], table.rows[1])
    assert table.save(tmp_path / "rows.npz", content="rows").is_file()
    with pytest.raises(UsageError, match="neither"):
        table.save(tmp_path / "x.npz", content="means")
    with pytest.raises(UnknownNameError, match="field of a sample"):
        avmeter.compute_features(samples, "yamnet", field="sound")


# -- metrics of users ------------------------------------------------------------------------------------------------


def test_class_with_compute_is_a_metric(names, clip):
    """A class with `compute(sample)` scores the sample as it was given; numbers of NumPy and torch are numbers."""

    @register("user.length")
    class Length:
        def compute(self, sample):
            return torch.tensor(len(sample["audio"])) if sample["audio"] == clip else np.float32(0.5)

    results = create_evaluator(["user.length"]).evaluate(samples=[{"audio": clip}, {"audio": "other"}])
    assert [row["user.length"].score for row in results] == [len(clip), 0.5]


def test_class_that_accumulates_is_a_corpus_metric(names, clip):
    """`accumulate` and `finalize` make a corpus metric; `merge_from` is not needed where nothing is split."""

    @register("user.count")
    class Count:
        def __init__(self):
            self.ids = []

        def reset(self):
            self.ids = []

        def accumulate(self, sample):
            self.ids.append(sample["id"])

        def finalize(self):
            return MetricResult("user.count", float(len(self.ids)), {"ids": self.ids})

    evaluator = create_evaluator(["user"])
    samples = [{"id": str(i), "audio": clip} for i in range(300)]
    for _ in range(2):
        result = evaluator.evaluate(samples=samples).corpus["user.count"]
        assert result.score == 300
        assert result.details["ids"] == [s["id"] for s in samples]


def test_fastvideo_style_metric_is_set_up_on_its_device(names, clip):
    """A metric derived from `BaseMetric` is moved to the device, set up once, and may skip."""
    calls = []

    @register("user.style")
    class Style(BaseMetric):
        name = "user.style"
        higher_is_better = False

        def setup(self):
            calls.append(str(self.device))

        def compute(self, sample):
            return self._skip(sample, "no words") if "text_prompt" not in sample else MetricResult(self.name, 1.0)

    evaluator = create_evaluator(["user.style"], device="cpu")
    results = evaluator.evaluate(samples=[{"audio": clip}, {"audio": clip, "text_prompt": "words"}])
    assert calls == ["cpu"]
    assert results[0]["user.style"].details["skipped"] == "no words"
    assert results[1]["user.style"].score == 1.0
    assert evaluator.metrics["user.style"].direction == "lower"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "loud", ValueError("boom")], ids=repr)
def test_metric_that_gives_no_number_is_a_named_skip(names, clip, value):
    """NaN, infinity, None, text and exceptions of user metrics become skips; other metrics are unaffected."""

    @register("user.odd")
    class Odd:
        def compute(self, sample):
            if isinstance(value, Exception):
                raise value
            return value

    scores = create_evaluator(["user.odd", "audio.loudness"]).evaluate(audio=clip)
    assert scores["user.odd"].score is None
    assert scores["user.odd"].skip is not None
    assert scores["audio.loudness"].score is not None


def test_what_is_no_metric_is_refused(names):
    """A class without the methods, and a name that is taken, are errors at once."""
    register("user.nothing")(type("Nothing", (), {}))
    with pytest.raises(UsageError, match="is no metric"):
        create_evaluator(["user.nothing"])
    with pytest.raises(UsageError, match="already registered"):
        register("user.nothing")(type("Other", (), {}))


def test_registered_metric_is_listed(names):
    """`list_metrics` and `get_metric` know metrics of users and of the package."""
    register("user.one")(type("One", (), {"compute": lambda self, sample: 1}))
    assert avmeter.list_metrics("user") == ["user.one"]
    assert "audio.wer" in avmeter.list_metrics()
    assert isinstance(avmeter.get_metric("audio.inception_score", backbone="yamnet"), CorpusMetric)


def test_broken_plug_in_is_named_and_left_out(tmp_path, monkeypatch, clip):
    """A plug-in that cannot be imported is an ImportError by name, and a warning in a group."""
    info = tmp_path / "plug-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[avmeter.metrics]\nplug.broken = plug_that_is_gone:Metric\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match=r"`plug\.broken` cannot be loaded from plug_that_is_gone"):
        create_evaluator(["plug.broken"])
    with pytest.raises(MissingDependencyError):
        avmeter.get_metric("plug.broken")
    with pytest.warns(UserWarning, match=r"plug\.broken is left out"):
        assert create_evaluator(["plug", "audio.loudness"]).metric_names == ["audio.loudness"]


def test_nothing_is_printed_or_warned(clip, capfd):
    """The library keeps quiet when all is well."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loudness().evaluate(samples=[{"audio": clip}])
    assert capfd.readouterr() == ("", "")


def test_manifest_error_is_a_usage_and_a_value_error():
    """Callers may catch what they know."""
    assert issubclass(ManifestError, UsageError)
    assert issubclass(UsageError, ValueError)
    assert issubclass(MissingDependencyError, ImportError)
