"""One evaluator in several threads, in its own callbacks, and after its end."""

import copy
import os
import pickle
import threading

import numpy as np
import pytest
import torch

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.registry import register
from support import require
from support.crashing import crash_over_names
from support.media import write_media
from support.paths import ROOT
from support.registrations import forgotten_registrations

RATE = 16_000


def clip(amplitude):
    rng = np.random.default_rng(0)
    return {"audio": (rng.standard_normal(RATE).astype(np.float32) * amplitude, RATE)}


@pytest.fixture
def evaluator():
    made = Evaluator(["audio.loudness"], "cpu")
    yield made
    made.shutdown()


def test_evaluator_of_a_configuration_is_that_of_its_options():
    """One value for the command line, and the same checks."""
    options = {"device": "cpu", "protocol": "av-benchmark", "batch_size": 3}
    made = Evaluator.from_config(["audio.loudness"], EvaluatorConfig(**options))
    sample = clip(0.1)
    expected = Evaluator(["audio.loudness"], **options).evaluate([sample])
    found = made.evaluate([sample])
    assert found[0]["audio.loudness"] == expected[0]["audio.loudness"]
    assert found.provenance["metrics"] == expected.provenance["metrics"]
    with pytest.raises(UsageError, match="no metric was chosen"):
        Evaluator.from_config([], EvaluatorConfig(device="cpu"))


def test_threads_that_share_an_evaluator_wait_for_each_other(evaluator):
    """Nothing of one run is met by another."""
    found = []
    thread = threading.Thread(target=lambda: found.append(evaluator.evaluate([clip(0.1)])))

    def progress(done, total):
        if not thread.ident:
            thread.start()
            thread.join(0.3)
            assert not found

    evaluator.evaluate([clip(0.2)], progress=progress)
    thread.join()
    assert found[0][0]["audio.loudness"].score == evaluator.evaluate([clip(0.1)])[0]["audio.loudness"].score


@pytest.mark.parametrize("call", ["evaluate", "unload", "shutdown"])
def test_call_from_its_own_progress_is_refused(evaluator, call):
    """It would take away what the run is using; the evaluator is usable afterwards."""

    def progress(done, total):
        evaluator.evaluate([clip(0.1)]) if call == "evaluate" else getattr(evaluator, call)()

    with pytest.raises(UsageError, match="already running"):
        evaluator.evaluate([clip(0.1)], progress=progress)
    assert evaluator.evaluate([clip(0.1)])[0]["audio.loudness"].score is not None


def test_other_evaluator_may_be_called_from_progress(evaluator):
    """Only what is in use is refused."""
    other = Evaluator(["audio.loudness"], "cpu")
    scores = []
    evaluator.evaluate([clip(0.1)], progress=lambda *_: scores.append(other.evaluate([clip(0.1)])))
    assert scores[0][0]["audio.loudness"].score is not None
    other.shutdown()


def test_evaluators_of_one_precision_run_side_by_side_in_threads():
    """Several devices of one process are busy at once: neither waits for the other's end."""
    both, scores = threading.Barrier(2, timeout=120), []
    before = torch.get_num_threads()
    torch.set_num_threads(3)

    def run():
        made = Evaluator(["audio.loudness"], "cpu")
        (row,) = made.evaluate([clip(0.1)], progress=lambda *_: both.wait())
        scores.append(row["audio.loudness"].score)
        made.shutdown()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)
    assert not both.broken
    assert len(set(scores)) == 1
    assert len(scores) == 2


def test_unload_reload_and_shutdown_may_come_in_any_order(evaluator):
    """Each may be repeated; after `shutdown` only `evaluate` is refused."""
    evaluator.unload()
    evaluator.reload()
    evaluator.evaluate([clip(0.1)])
    evaluator.shutdown()
    for call in (evaluator.shutdown, evaluator.unload, evaluator.reload, evaluator.release_cuda_memory):
        call()
    with pytest.raises(UsageError, match="shut down"):
        evaluator.evaluate([clip(0.1)])


@pytest.fixture
def setups():
    """What metrics of users did, of which one lacks a package that only its `setup` imports."""
    calls = []

    class Ready:
        def setup(self):
            calls.append("setup")

        def compute(self, sample):
            return 1.0

    class Lacking(Ready):
        def setup(self):
            raise ImportError("no module named nothing")

    with forgotten_registrations():
        register("user.ready")(Ready)
        register("user.lacking")(Lacking)
        yield calls


def test_metrics_of_users_are_unloaded_and_set_up_again(setups):
    """By `reload`, or by the next sample."""
    made = Evaluator(["user.ready"], "cpu")
    made.unload()
    assert setups == ["setup"]
    made.reload()
    assert setups == ["setup"] * 2
    made.unload()
    assert made.evaluate([{"text_prompt": "a"}])[0]["user.ready"].score == 1.0
    assert setups == ["setup"] * 3
    made.shutdown()
    made.reload()
    assert setups == ["setup"] * 3


def test_metric_whose_setup_lacks_a_package_is_left_out_on_demand(setups):
    """Else the error is the constructor's, as it is if no metric is left."""
    with pytest.raises(ImportError, match="nothing"):
        Evaluator(["user.ready", "user.lacking"], "cpu")
    with pytest.warns(UserWarning, match=r"user\.lacking is left out: its setup failed"):
        made = Evaluator(["user.ready", "user.lacking"], "cpu", skip_missing_deps=True)
    assert made.metric_names == ["user.ready"]
    with pytest.raises(ImportError, match="nothing"):
        Evaluator(["user.lacking"], "cpu", skip_missing_deps=True)


def test_arrays_in_memory_start_no_process():
    """A training loop that asked for processes gets them when there are files."""
    made = Evaluator(["audio.loudness"], "cpu", loader_processes=2)
    made.evaluate([clip(0.1)])
    assert made._computer.decode_pool is None
    made.shutdown()


def test_processes_that_score_are_those_asked_for(tmp_path):
    """None of them is started before there is anything to score."""
    made = Evaluator(["audio.loudness"], "cpu", scoring_processes=3, store=tmp_path)
    assert [worker.pid for worker in made._executor.scoring.workers] == [None] * 3
    made.shutdown()
    made = Evaluator(["audio.loudness"], "cpu", scoring_processes=0, store=tmp_path)
    assert isinstance(made._executor, LocalExecutor)
    made.shutdown()


def test_processes_give_the_results_of_threads(tmp_path):
    """Scores, skips and their words, whatever the files are and are called."""
    samples = [clip(0.2), {"audio": str(tmp_path / "absent.wav")}, {"audio": str(tmp_path)}]
    for name, amplitude in {"plain": 0.1, "new\nline": 0.2, "ü": 0.3, os.fsdecode(b"\xff"): 0.4, "silent": 0.0}.items():
        wave = clip(amplitude)["audio"][0]
        write_media(tmp_path / "made.wav", wave=wave, sample_rate=RATE, audio_codec="pcm_f32le")
        samples.append({"audio": str((tmp_path / "made.wav").rename(tmp_path / f"{name}.wav"))})
    whole = (tmp_path / "plain.wav").read_bytes()
    for name, content in {
        "empty": b"",
        "text": b"no sound",
        "nan": whole[:1000] + b"\xff" * 100 + whole[1100:],
    }.items():
        (tmp_path / f"{name}.wav").write_bytes(content)
        samples.append({"audio": str(tmp_path / f"{name}.wav")})
    found = []
    for processes in (0, 2, None):
        made = Evaluator(["audio.loudness"], "cpu", loader_processes=processes)
        found.append([(r.score, r.skip, r.details) for r in (row["audio.loudness"] for row in made.evaluate(samples))])
        made.shutdown()
    assert found[0] == found[1] == found[2]
    assert [skip and str(skip.code) for _, skip, _ in found[0]] == [
        None, "missing_file", "not_a_file", None, None, None, None, "silent", "empty_file", "unreadable", "non_finite",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [{}, pytest.param({"loader_processes": 2}, marks=pytest.mark.endurance)],
    ids=["default", "processes"],
)
def test_files_that_crash_or_hang_the_decoder_cost_themselves_alone(tmp_path, monkeypatch, options):
    """By name, with code and hint; every other clip of the run is scored, a single one too."""
    crash_over_names(tmp_path, monkeypatch)
    names = ["a", "segfault", "b", "hang", "c", "abort", "d", "e"]
    for number, name in enumerate(names):
        wave = clip(0.1 + number / 100)["audio"][0]
        write_media(tmp_path / f"{name}.wav", wave=wave, sample_rate=RATE, audio_codec="pcm_f32le")
    made = Evaluator(["audio.loudness"], "cpu", decode_timeout_s=3, **options)
    samples = [{"audio": str(tmp_path / f"{name}.wav")} for name in names]
    rows = [row["audio.loudness"] for row in made.evaluate(samples)]
    codes = {name: row.skip and str(row.skip.code) for name, row in zip(names, rows, strict=True)}
    died = {"segfault": "worker_died", "abort": "worker_died", "hang": "decode_timeout"}
    assert codes == {name: died.get(name) for name in names}
    for name, row in zip(names, rows, strict=True):
        assert name not in died or (f"{name}.wav" in row.skip.reason and row.skip.hint)
    alone = made.evaluate(audio=str(tmp_path / "segfault.wav"))["audio.loudness"]
    assert alone.skip.code == "worker_died"
    made.shutdown()


@pytest.mark.parametrize("processes", [None, 1, 0])
def test_traceback_of_what_failed_in_a_worker_is_in_the_log(tmp_path, monkeypatch, processes):
    """Of a process that reads, one that decodes, and of this one."""
    path = tmp_path / "a.wav"
    write_media(path, wave=clip(0.1)["audio"][0], sample_rate=RATE, audio_codec="pcm_f32le")
    (tmp_path / "sitecustomize.py").write_text(
        "import av\nfrom av.container import InputContainer\n"
        "import avmeter.media.audio_decode as module\n"
        "def fail(frame): raise ZeroDivisionError('of a decoder')\n"
        "module._as_float = fail\n"
    )
    if processes == 0:
        monkeypatch.setattr("avmeter.media.audio_decode._as_float", lambda _: 1 / 0)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT / 'src'}")
    made = Evaluator(["audio.loudness"], "cpu", loader_processes=processes)
    results = made.evaluate(samples=[{"audio": str(path)}])
    assert results[0]["audio.loudness"].skip.code == "failed"
    for part in ("Traceback", "audio_decode.py", "ZeroDivisionError", str(path)):
        assert part in results.log
    made.shutdown()


def test_unknown_keyword_of_one_sample_is_refused(tmp_path):
    """With what may have been meant; in the dicts of a list it is an extra, and stays."""
    from avmeter import create_evaluator, evaluate
    from avmeter.errors import UnknownNameError

    evaluator = create_evaluator("audio.loudness", "cpu")
    with pytest.raises(UnknownNameError, match="reference_audio"):
        evaluator.evaluate(audio="a.wav", reference_audoi="b.wav")
    for name in ("bogus", "batch_size"):
        with pytest.raises(UnknownNameError, match=f"unknown key of a sample `{name}`"):
            evaluator.evaluate(audio="a.wav", **{name: 1})
    with pytest.raises(UnknownNameError, match="bogus"):
        evaluate(audio="a.wav", metrics="audio.loudness", device="cpu", bogus=1)
    results = evaluator.evaluate([{"audio": "a.wav", "bogus": 1}])
    assert results.samples[0].extras == {"bogus": 1}
    for key in ("text_prompt", "reference_text", "language", "fps", "sample_rate", "audio_stream", "id", "role"):
        assert evaluator.evaluate(audio="a.wav", **{key: "generated" if key == "role" else "1"})


def test_corpus_scores_of_groups_are_those_of_runs_over_them_alone() -> None:
    """A distance between sets is no sum over clips: every value of a column gets the distance of its own clips."""
    require.weights("yamnet")
    rng = np.random.default_rng(0)
    samples = [
        {
            "id": f"{i}",
            "audio": (0.1 * rng.standard_normal(20_000).astype(np.float32), 16_000),
            "reference_audio": (0.1 * rng.standard_normal(20_000).astype(np.float32), 16_000),
            "system": "ab"[i % 2],
        }
        for i in range(6)
    ]
    name = "audio.frechet_distance"
    evaluator = Evaluator([name], "cpu", options={name: {"backbone": "yamnet"}})
    results = evaluator.evaluate(samples=samples)
    results.group(by=["system"])
    evaluator.evaluate_groups(results)
    summary = results.summary()["by"]["system"]
    for value in "ab":
        alone = evaluator.evaluate(samples=[s for s in samples if s["system"] == value]).corpus[name]
        assert summary[value]["metrics"][name]["corpus"]["score"] == pytest.approx(alone.score, rel=1e-9)
    assert summary["a"]["metrics"][name]["corpus"]["score"] != results.corpus[name].score
    evaluator.evaluate_groups(results, should_stop=lambda: True)
    stopped = results.summary()["by"]["system"]["a"]["metrics"][name]["corpus"]
    assert (stopped["score"], stopped["skip_code"]) == (None, "interrupted"), (
        "whoever ends a run must not wait for groups"
    )
    partial = evaluator.evaluate(samples=samples, should_stop=lambda: True)
    assert (partial.corpus[name].skip.code, partial.provenance["partial"]) == ("interrupted", True)


def test_evaluator_is_sent_and_copied_as_its_configuration(evaluator):
    """Locks and threads cannot be; in another process it scores as here, with networks of its own."""
    sample = {"audio": (np.full(16_000, 0.1, dtype=np.float32), 16_000)}
    sent = pickle.loads(pickle.dumps(evaluator))  # noqa: S301 - made here
    assert type(sent) is type(evaluator)
    assert (sent.metric_names, sent.config) == (evaluator.metric_names, evaluator.config)
    assert sent.evaluate(**sample) == copy.deepcopy(evaluator).evaluate(**sample) == evaluator.evaluate(**sample)


@pytest.mark.parametrize("name", ["progress", "should_stop", "on_rows"])
def test_what_is_no_function_is_refused_before_a_clip_is_read(evaluator, name):
    """It would end the run when the first clip is finished."""
    with pytest.raises(UsageError, match=f"{name}=5 is no function"):
        evaluator.evaluate(samples=[{"audio": "a.wav"}], **{name: 5})
