"""Options of a run are checked at birth, and travel as one value."""

import dataclasses
import inspect
import pickle

import pytest

import avmeter
from avmeter.engine.config import OPTION_NAMES, EvaluatorConfig
from avmeter.errors import UnknownNameError, UsageError
from avmeter.runtime import Precision

WRONG = {
    "no GPU": ({"num_gpus": 0}, "num_gpus=0: needs at least 1"),
    "batch of nothing": ({"batch_size": 0}, "batch_size=0: needs at least 1"),
    "no threads": ({"loader_threads": 0}, "loader_threads=0"),
    "negative processes": ({"loader_processes": -1}, "needs at least 0"),
    "decoder": ({"decoder": "cuvid"}, "unknown decoder"),
    "decoder of a card without one": ({"decoder": "nvdec", "device": "cpu"}, "needs an NVIDIA GPU"),
    "decoder without its processes": (
        {"decoder": "nvdec", "loader_processes": 0, "executor": "ray"},
        "decoding processes",
    ),
    "negative scoring processes": ({"scoring_processes": -1}, "needs at least 0"),
    "more scoring processes than any machine has cores": ({"scoring_processes": 10**20, "store": "."}, "at most 1024"),
    "more processes than any machine has cores": ({"loader_processes": 10**30}, "needs at most 1024"),
    "more threads than any machine has cores": ({"loader_threads": 10**30}, "needs at most 1024"),
    "nothing to score from": ({"scoring_processes": 2}, "without a store"),
    "two kinds of workers": ({"scoring_processes": 2, "executor": "process", "store": "."}, "their processes score"),
    "protocol": ({"protocol": "fast-video"}, "unknown protocol"),
    "precision": ({"precision": "float16"}, "unknown precision"),
    "device": ({"device": "gpu"}, "not a torch device"),
    "weights": ({"weights": "/no/such/folder"}, "does not exist"),
    "several GPUs": ({"num_gpus": 200}, "torch sees"),
}


@pytest.mark.parametrize("case", WRONG)
def test_value_out_of_range_is_refused_at_birth(case):
    """No network is loaded, and no sample read, before it is noticed."""
    options, message = WRONG[case]
    with pytest.raises(UsageError, match=message):
        EvaluatorConfig(**options)


def test_names_that_depend_on_the_machine_are_found_once():
    """A worker that is sent the value reads what the run has found."""
    config = EvaluatorConfig(device="cpu", weights="dummy", precision="bf16")
    assert config.precision is Precision.BF16
    assert config.weights_source.is_dummy
    sent = pickle.loads(pickle.dumps(config))  # noqa: S301 - made here
    assert sent == config
    assert EvaluatorConfig().device in ("cpu", "cuda")


def test_computer_has_what_the_options_say(tmp_path):
    """Device, precision, weights and store."""
    config = EvaluatorConfig(device="cpu", weights="dummy", precision="bf16", store=tmp_path)
    computer = config.build_computer()
    assert (computer.runtime.device.type, computer.runtime.precision) == ("cpu", "bf16")
    assert computer.runtime.weights.is_dummy
    assert (tmp_path / "features.sqlite").is_file()
    computer.store.close()


def test_worker_gets_a_device_of_its_own_and_the_rest_as_it_is():
    """Explicit numbers of processes are kept."""
    config = EvaluatorConfig(device="cpu", weights="dummy", batch_size=3, loader_processes=5)
    worker = config.for_worker("cpu", num_workers=2)
    assert worker == dataclasses.replace(config, device="cpu")


def test_worker_that_scores_needs_no_device_and_starts_nothing(tmp_path):
    """All that fingerprints depend on stays; workers share the threads that hash files."""
    config = EvaluatorConfig(device="cpu", weights="dummy", precision="bf16", loader_threads=7, store=tmp_path)
    changes = {"loader_threads": 2, "loader_processes": 0}
    assert config.for_scoring(num_workers=3) == dataclasses.replace(config, **changes)
    asked = dataclasses.replace(config, scoring_processes=8)
    assert asked.for_scoring(num_workers=8) == dataclasses.replace(config, loader_threads=1, loader_processes=0)


def test_unknown_keyword_is_answered_with_the_nearest():
    """Options and the other arguments of the call are known."""
    with pytest.raises(UnknownNameError, match="did you mean `batch_size`"):
        EvaluatorConfig.from_keywords({"batchsize": 3}, caller="Evaluator")
    with pytest.raises(UnknownNameError, match="did you mean `metrics`"):
        EvaluatorConfig.from_keywords({"metric": 3}, caller="Evaluator", also=["metrics"])


def test_options_of_fastvideo_that_mean_nothing_are_named_in_one_warning():
    """With what takes their place; the others count."""
    options = {"pre_upload": False, "prefetch_factor": 4, "compile": True, "device": "cpu", "batch_size": 3}
    with pytest.warns(UserWarning, match="without effect here") as caught:
        config = EvaluatorConfig.from_keywords(options, caller="Evaluator")
    assert config == EvaluatorConfig(device="cpu", batch_size=3)
    (said,) = (str(w.message) for w in caught)
    for words in ("pre_upload= (", "batch by batch", "prefetch_factor= (", "bounded in bytes", "compile= (", "tf32"):
        assert words in said


def test_every_option_is_described():
    """A field without a line in the docstring is one that nobody finds."""
    assert set(OPTION_NAMES) == {
        line.strip().partition(":")[0]
        for line in inspect.getdoc(EvaluatorConfig).partition("Attributes:")[2].partition("Raises:")[0].splitlines()
        if line.startswith("    ") and not line.startswith("     ")
    }


def test_one_clip_takes_the_options_of_an_evaluator():
    """`evaluate` hands all of them on: none is taken for a key of the sample."""
    with pytest.raises(UsageError, match="batch_size=0"):
        avmeter.evaluate(audio="a.wav", metrics=["audio.loudness"], batch_size=0)


def test_features_take_the_options_that_concern_them():
    """Those of metrics and of several GPUs are refused by name."""
    with pytest.raises(UsageError, match="unknown precision"):
        avmeter.compute_features([], "yamnet", precision="float16")
    with pytest.raises(UnknownNameError, match="argument of compute_features"):
        avmeter.compute_features([], "yamnet", num_gpus=2)
