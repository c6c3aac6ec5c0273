"""Features are computed once, in shared batches; what fails becomes a named skip."""

import sys
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avmeter.engine.compute.batching import Batcher, WindowId
from avmeter.engine.compute.computer import FeatureComputer, _short_switch_interval
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.store import NoStore, SqliteStore
from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import DerivedExtractor, Features, Window, WindowExtractor
from avmeter.media import AudioSpec
from avmeter.metrics.base import CorpusMetric, Metric, Need
from avmeter.registry import EXTRACTORS
from avmeter.result import MetricResult
from avmeter.runtime import Runtime
from avmeter.sample import as_samples
from support.media import write_media

RATE = 8000


class Blocks(WindowExtractor):
    """Means of blocks of 0.1 s; counts what it is asked."""

    name = "test_blocks"
    takes = "audio"
    batch_size = 4

    def __init__(self, *, fail=None):
        self.fail = fail
        self.batches = []
        self.loads = 0

    def options(self):
        return {"fail": str(self.fail)}

    def weights(self):
        return ("blocks",)

    def load(self, runtime):
        self.loads += 1
        if self.fail == "weights":
            raise WeightsError("blocks: not here", hint="fetch")

    def windows(self, media):
        waveform = media.audio(AudioSpec(sample_rate=RATE))
        for start in range(0, len(waveform), 800):
            yield Window(inputs={"x": np.asarray(waveform[start : start + 800])}, start_s=start / RATE)

    def forward(self, batch):
        self.batches.append(len(batch["x"]))
        if self.fail == "memory" and len(batch["x"]) > 1:
            raise torch.OutOfMemoryError
        if self.fail == "always":
            raise torch.OutOfMemoryError
        if self.fail == "loud" and bool((batch["x"].abs() > 0.9).any()):
            raise RuntimeError("too loud")
        return {"mean": batch["x"].mean(dim=1)}

    def pool(self, outputs, windows, facts):
        return Features(arrays={"means": np.array([o["mean"] for o in outputs])})


class Difference(DerivedExtractor):
    """Mean of one clip less that of the other."""

    name = "test_difference"

    def __init__(self, *, fail=None):
        self.fail = fail

    def parents(self):
        return {"a": Blocks(fail=self.fail), "b": Blocks(fail=self.fail)}

    def windows(self, media):
        yield Window(inputs={k: np.atleast_1d(f["means"].mean()) for k, f in media.items()})

    def forward(self, batch):
        return {"difference": batch["a"] - batch["b"]}

    def pool(self, outputs, windows, facts):
        return Features(arrays={"difference": outputs[0]["difference"]})


class MeanMetric(Metric):
    """Mean level of the clip."""

    name = "test.mean"
    direction = "higher"

    def __init__(self, extractor="test_blocks", **options):
        super().__init__()
        self.need = Need(name="x", field="audio", extractor=extractor, options=options)

    @property
    def needs(self):
        return (self.need,)

    def score(self, sample, features):
        return MetricResult(self.name, float(features["x"]["means"].mean()))


@dataclass
class Sum:
    """Sum over clips."""

    total: float = 0.0
    ids: list = field(default_factory=list)


class SumMetric(CorpusMetric):
    """Sum of the mean levels of a corpus."""

    name = "test.sum"
    direction = "higher"

    @property
    def needs(self):
        return (Need(name="x", field="audio", extractor="test_blocks"),)

    def start(self):
        return Sum()

    def update(self, state, sample, features):
        return Sum(state.total + float(features["x"]["means"].mean()), [*state.ids, sample.id])

    def merge(self, a, b):
        return Sum(a.total + b.total, a.ids + b.ids)

    def finish(self, state):
        if not state.ids:
            raise SkipError(SkipCode.TOO_FEW_SAMPLES, "nothing")
        return MetricResult(self.name, state.total, {"ids": state.ids})


@pytest.fixture(autouse=True)
def registered():
    """The fakes are known while a test runs."""
    known = dict(EXTRACTORS._classes)
    EXTRACTORS.add("test_blocks", Blocks)
    EXTRACTORS.add("test_difference", Difference)
    yield
    EXTRACTORS._classes.clear()
    EXTRACTORS._classes.update(known)


def computer(store=None, *, dummy=False, **options) -> FeatureComputer:
    weights = SimpleNamespace(is_dummy=dummy, fingerprint=lambda entry: "dummy" if dummy else entry)
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=weights)
    return FeatureComputer(runtime, store or NoStore(), **options)


def clip(level: float, seconds: float = 0.3) -> dict:
    return {"audio": (np.full(int(seconds * RATE), level, np.float32), RATE)}


def clip_file(folder, level: float) -> dict:
    path = folder / f"level{level:.1f}.wav"
    write_media(path, wave=clip(level)["audio"][0], sample_rate=RATE, audio_codec="pcm_f32le")
    return {"id": path.stem, "audio": str(path)}


def run(samples, *metrics, store=None, chunk_size=128, **options):
    engine = computer(store, **options)
    executor = LocalExecutor(engine, chunk_size=chunk_size)
    rows, corpus = executor.run(as_samples(samples), {m.name: m for m in metrics})
    extractor = next(iter(executor._extractors.values()), None)
    return SimpleNamespace(rows=rows, corpus=corpus, counts=engine.counts, extractor=extractor)


def test_windows_of_all_clips_share_batches():
    """Two clips of three windows make one full batch and one of the rest."""
    result = run([clip(0.1), clip(0.2)], MeanMetric(), num_threads=1)
    assert result.extractor.batches == [4, 2]
    assert [r["test.mean"].score for r in result.rows] == pytest.approx([0.1, 0.2])


def test_clip_named_twice_is_computed_once():
    """Content decides, not how often or by whom it is asked for."""
    sample = clip(0.3)
    result = run([sample, dict(sample), clip(0.3)], MeanMetric(), SumMetric())
    assert result.counts.computed == {"test_blocks": 1}
    assert [r["test.mean"].score for r in result.rows] == pytest.approx([0.3] * 3)


def test_results_do_not_depend_on_chunks_threads_or_batch_size():
    """Chunking, decoding threads and batch size change nothing."""
    samples = [clip(0.01 * i, 0.1 + 0.1 * (i % 4)) for i in range(20)]
    want = run(samples, MeanMetric(), SumMetric())
    for options in ({"chunk_size": 3}, {"num_threads": 4}, {"batch_size": 1}):
        got = run(samples, MeanMetric(), SumMetric(), **options)
        assert [r["test.mean"].score for r in got.rows] == [r["test.mean"].score for r in want.rows]
        assert got.corpus["test.sum"].score == pytest.approx(want.corpus["test.sum"].score, rel=1e-12)
        assert got.corpus["test.sum"].details["ids"] == want.corpus["test.sum"].details["ids"]


def test_second_run_over_one_store_computes_nothing(tmp_path):
    """Features are taken from the store, and the scores are the same."""
    samples = [clip_file(tmp_path, 0.1), clip_file(tmp_path, 0.2)]
    first = run(samples, MeanMetric(), store=SqliteStore(tmp_path))
    second = run(samples, MeanMetric(), store=SqliteStore(tmp_path))
    assert first.counts.computed == {"test_blocks": 2}
    assert second.counts.computed == {}
    assert second.counts.from_store == 2
    assert second.rows == first.rows


def test_interrupted_run_keeps_what_was_finished(tmp_path):
    """After Ctrl-C in the third of four chunks, the same run computes only what was missing."""
    samples = [clip_file(tmp_path, 0.1 * i) for i in range(1, 5)]

    class Interrupting(MeanMetric):
        def score(self, sample, features):
            if sample.id == "level0.3":
                raise KeyboardInterrupt
            return super().score(sample, features)

    with pytest.raises(KeyboardInterrupt):
        run(samples, Interrupting(), store=SqliteStore(tmp_path), chunk_size=1)
    again = run(samples, MeanMetric(), store=SqliteStore(tmp_path), chunk_size=1)
    assert again.counts.from_store == 3
    assert again.counts.computed == {"test_blocks": 1}


def test_interrupt_inside_a_chunk_keeps_what_was_finished(tmp_path):
    """Ctrl-C between two batches of one chunk: finished clips are stored, and the same engine is usable again."""
    samples = [clip_file(tmp_path, 0.1 * i) for i in range(1, 5)]
    store = SqliteStore(tmp_path)
    engine = computer(store, num_threads=1, batch_size=2)
    executor = LocalExecutor(engine)
    metrics = {"test.mean": MeanMetric()}
    calls = []

    def interrupt(done, total):
        calls.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        executor.run(as_samples(samples), metrics, interrupt)
    assert calls == [(1, 4), (2, 4)]
    assert SqliteStore(tmp_path).num_features == 2
    rows, _ = executor.run(as_samples(samples), metrics)
    assert [r["test.mean"].score for r in rows] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert engine.counts.from_store == 2


def test_arrays_in_memory_do_not_fill_the_store(tmp_path):
    """Clips of a training loop do not come again: their features are not kept, and are never asked for."""
    store = SqliteStore(tmp_path)
    result = run([clip(0.1), clip_file(tmp_path, 0.2)], MeanMetric(), store=store)
    assert result.counts.computed == {"test_blocks": 2}
    assert store.num_features == 1


def test_progress_is_told_within_a_chunk(tmp_path):
    """A set smaller than a chunk still shows how far it is; numbers only grow, and end with all."""
    calls = []
    executor = LocalExecutor(computer(num_threads=1, batch_size=1))
    executor.run(
        as_samples([clip(0.1 * i) for i in range(1, 6)]), {"test.mean": MeanMetric()}, lambda *c: calls.append(c)
    )
    assert [done for done, _ in calls][:5] == [1, 2, 3, 4, 5]
    assert calls[-1] == (5, 5)


def test_out_of_memory_halves_the_batch_and_goes_on():
    """A batch that does not fit is split until it does; scores are unaffected."""
    result = run([clip(0.1), clip(0.2)], MeanMetric(fail="memory"), num_threads=1)
    assert [r["test.mean"].score for r in result.rows] == pytest.approx([0.1, 0.2])
    assert result.extractor.batches[0] == 4
    assert 1 in result.extractor.batches


def test_window_that_never_fits_is_a_named_skip():
    """When even one window does not fit, the clip says so."""
    result = run([clip(0.1)], MeanMetric(fail="always"))
    assert result.rows[0]["test.mean"].skip.code == SkipCode.OUT_OF_MEMORY


def test_failing_clip_does_not_take_its_batch_along():
    """A network error of one clip leaves the others of its batch scored."""
    result = run([clip(0.1), clip(0.95), clip(0.2)], MeanMetric(fail="loud"), batch_size=9)
    assert [r["test.mean"].score for r in result.rows] == [pytest.approx(0.1), None, pytest.approx(0.2)]
    assert result.rows[1]["test.mean"].skip.code == SkipCode.FAILED
    assert "too loud" in result.rows[1]["test.mean"].skip.reason


def test_absent_weights_skip_every_sample_with_the_hint():
    """Weights that are not to be had are one named reason, not an exception."""
    result = run([clip(0.1), clip(0.2)], MeanMetric(fail="weights"))
    assert {r["test.mean"].skip.code for r in result.rows} == {SkipCode.WEIGHTS_UNAVAILABLE}
    assert result.rows[0]["test.mean"].skip.hint == "fetch"


def test_corpus_that_lacks_its_weights_says_so_itself():
    """Not that there were too few clips: that is not what the user can change."""

    class Weighted(SumMetric):
        @property
        def needs(self):
            return (Need(name="x", field="audio", extractor="test_blocks", options={"fail": "weights"}),)

    result = run([clip(0.1), clip(0.2)], Weighted(), chunk_size=1).corpus["test.sum"]
    assert result.skip.code == SkipCode.WEIGHTS_UNAVAILABLE
    assert result.skip.hint == "fetch"
    assert "all 2 samples" in result.skip.reason
    assert result.details["left_out"] == {"weights_unavailable": 2}


def test_absent_checkpoint_is_asked_for_once():
    """A checkpoint that cannot be fetched is not tried again for every chunk: each try may wait for a network."""
    asked = []

    def fingerprint(entry):
        asked.append(entry)
        raise WeightsError(f"{entry}: no network", hint="fetch it")

    engine = computer()
    engine.runtime.weights.fingerprint = fingerprint
    metrics = {"test.mean": MeanMetric()}
    executor = LocalExecutor(engine, chunk_size=1)
    rows, _ = executor.run(as_samples([clip(0.1), clip(0.2), clip(0.3)]), metrics)
    assert [str(r["test.mean"].skip.code) for r in rows] == ["weights_unavailable"] * 3
    assert asked == ["blocks"]
    engine.unload()
    executor.run(as_samples([clip(0.1)]), metrics)
    assert asked == ["blocks"] * 2, "after unload it may have arrived"


def test_bad_files_are_skips_and_corpus_metrics_count_them(tmp_path):
    """Missing, empty and textual files each get their code; the corpus says how many it lacks."""
    empty, text = tmp_path / "empty.wav", tmp_path / "text.mp4"
    empty.write_bytes(b"")
    text.write_text("hello")
    bad = [{"audio": p} for p in (tmp_path / "none.wav", empty, text, tmp_path)]
    result = run([*bad, clip(0.5), {"text_prompt": "no sound"}], MeanMetric(), SumMetric())
    codes = [r["test.mean"].skip.code if r["test.mean"].skip else None for r in result.rows]
    assert codes == [
        SkipCode.MISSING_FILE, SkipCode.EMPTY_FILE, SkipCode.UNREADABLE, SkipCode.NOT_A_FILE, None,
        SkipCode.MISSING_INPUT,
    ]  # fmt: skip
    details = result.corpus["test.sum"].details
    assert (details["n_given"], details["n_used"]) == (6, 1)
    assert sum(details["left_out"].values()) == 5


def test_reference_samples_reach_corpus_metrics_only():
    """`role="reference"` brings material to a corpus metric and has no score of its own."""
    result = run([clip(0.5), {**clip(0.25), "role": "reference"}], MeanMetric(), SumMetric())
    assert result.rows[1] == {}
    assert result.corpus["test.sum"].score == pytest.approx(0.75)
    assert result.corpus["test.sum"].details["n_given"] == 1


def test_derived_feature_uses_both_parents_once():
    """A comparison of two media is computed from their features, and parents are not computed again."""

    class Compare(MeanMetric):
        @property
        def needs(self):
            return (Need(name="x", field=("audio", "reference_audio"), extractor="test_difference"),)

        def score(self, sample, features):
            return MetricResult(self.name, float(features["x"]["difference"][0]))

    reference = clip(0.1)["audio"]
    samples = [{**clip(0.5), "reference_audio": reference}, {**clip(0.3), "reference_audio": reference}]
    result = run(samples, Compare())
    assert [r["test.mean"].score for r in result.rows] == pytest.approx([0.4, 0.2])
    assert result.counts.computed == {"test_blocks": 3, "test_difference": 2}


def test_stored_comparison_needs_no_parents(tmp_path):
    """When the derived feature is stored, nothing is decoded for it."""
    (tmp_path / "run").mkdir()

    class Compare(MeanMetric):
        @property
        def needs(self):
            return (Need(name="x", field=("audio", "reference_audio"), extractor="test_difference"),)

        def score(self, sample, features):
            return MetricResult(self.name, float(features["x"]["difference"][0]))

    samples = [{**clip_file(tmp_path, 0.5), "reference_audio": clip_file(tmp_path, 0.1)["audio"]}]
    run(samples, Compare(), store=SqliteStore(tmp_path))
    store = SqliteStore(tmp_path)
    store._db.execute("DELETE FROM features WHERE media NOT LIKE '%+%'")
    again = run(samples, Compare(), store=store)
    assert again.counts.computed == {}
    assert again.rows[0]["test.mean"].score == pytest.approx(0.4)


def test_dummy_weights_mark_results_and_corpus():
    """Whatever stands on stand-in weights says so."""
    result = run([clip(0.5)], MeanMetric(), SumMetric(), dummy=True)
    assert result.rows[0]["test.mean"].dummy
    assert result.corpus["test.sum"].dummy
    assert "dummy weights" in str(result.rows[0]["test.mean"])


def test_failing_metric_is_a_skip_of_its_own_result():
    """A metric that raises costs its own score, named, and no other."""

    class Broken(MeanMetric):
        name = "test.broken"

        def score(self, sample, features):
            raise ZeroDivisionError("oh")

    result = run([clip(0.5)], MeanMetric(), Broken())
    assert result.rows[0]["test.mean"].score == pytest.approx(0.5)
    assert result.rows[0]["test.broken"].skip.code == SkipCode.FAILED


def test_batches_keep_unequal_shapes_apart():
    """Only windows of one shape meet in a batch."""
    extractor, batcher = Blocks(), Batcher(2)
    long, short = (Window(inputs={"x": np.zeros(n, np.float32)}) for n in (800, 400))
    assert batcher.add(extractor, WindowId(0, 0), long) is None
    assert batcher.add(extractor, WindowId(0, 1), short) is None
    batch = batcher.add(extractor, WindowId(1, 0), long)
    assert [i.job for i in batch.ids] == [0, 1]
    assert [len(b.windows) for b in batcher.flush()] == [1]


def test_clip_whose_outputs_cannot_be_pooled_is_a_named_skip(monkeypatch):
    """The others are scored."""

    def pool(self, outputs, windows, facts):
        if outputs[0]["mean"] > 0.5:
            raise ValueError("no such mean")
        return Features(arrays={"means": np.array([o["mean"] for o in outputs])})

    monkeypatch.setattr(Blocks, "pool", pool)
    result = run([clip(0.1), clip(0.9)], MeanMetric())
    assert result.rows[0]["test.mean"].score == pytest.approx(0.1)
    assert result.rows[1]["test.mean"].skip.code == SkipCode.FAILED
    assert "no such mean" in result.rows[1]["test.mean"].skip.reason


def test_fault_in_a_decoding_thread_is_raised_where_the_run_waits(monkeypatch):
    """It is neither lost nor a hang."""

    def decode(self, source, jobs):
        raise RuntimeError("broken decoder")
        yield

    monkeypatch.setattr("avmeter.engine.decode.threads.LocalDecoder.decode", decode)
    with pytest.raises(RuntimeError, match="broken decoder"):
        run([clip(0.1)], MeanMetric())


def test_runs_at_once_leave_the_settings_of_the_process_as_they_were():
    """Turns of the interpreter and the precision of networks, whoever ends last."""
    before = sys.getswitchinterval(), torch.backends.cuda.matmul.allow_tf32
    runtime = Runtime(device=torch.device("cpu"), precision="tf32", weights=SimpleNamespace())
    first_ended = threading.Event()

    def other():
        with runtime.precision.applied(runtime.device), _short_switch_interval():
            first_ended.wait(10)

    thread = threading.Thread(target=other)
    own = computer().runtime
    with own.precision.applied(own.device), _short_switch_interval():
        thread.start()
        thread.join(0.1)
        assert not torch.backends.cuda.matmul.allow_tf32, "this run is one in float32"
    first_ended.set()
    thread.join()
    assert (sys.getswitchinterval(), torch.backends.cuda.matmul.allow_tf32) == before
