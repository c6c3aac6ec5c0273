"""Chunks flow through one another: the next is decoded while the last is computed, and nothing is computed twice."""

import threading
import time

import numpy as np
import pytest

from avmeter.engine.decode.threads import DecodingThreads
from avmeter.engine.executors.local import ChunkWork, LocalExecutor
from avmeter.engine.plan import make_plan
from avmeter.engine.store import SqliteStore
from avmeter.features.base import Window
from avmeter.media import AudioSpec
from avmeter.registry import EXTRACTORS
from avmeter.sample import as_samples
from support.engine import RATE, Blocks, CompareMetric, MeanMetric, SumMetric, clip, clip_file, computer

WITHIN_S = 30


class Stages(Blocks):
    """One window a clip, of its level; what happens to it is noted, and may be held up."""

    name = "test_stages"
    batch_size = 4
    is_concurrent = True  # as on a device of its own
    events: list = []  # noqa: RUF012 - of one test
    before_forward = staticmethod(lambda levels: None)
    before_decoding = staticmethod(lambda level: None)

    def windows(self, media):
        level = round(float(media.audio(AudioSpec(sample_rate=RATE))[0]), 2)
        self.before_decoding(level)
        self.events.append(("decoded", level))
        yield Window(inputs={"x": np.full(4, level, np.float32)})

    def forward(self, batch):
        levels = [round(float(x), 2) for x in batch["x"][:, 0]]
        self.before_forward(levels)
        self.events.extend(("computed", level) for level in levels)
        return super().forward(batch)


@pytest.fixture
def stages(monkeypatch):
    monkeypatch.setitem(EXTRACTORS._classes, "test_stages", Stages)
    monkeypatch.setattr(Stages, "events", [])
    return Stages


class Noted(MeanMetric):
    """Notes when a clip is scored."""

    def score(self, sample, features):
        result = super().score(sample, features)
        Stages.events.append(("scored", round(result.score, 2)))
        return result


def wait_until(condition):
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def levels_of(start, count):
    return [round(0.01 * (start + i), 2) for i in range(count)]


def test_next_chunk_is_decoded_while_one_is_computed(stages, monkeypatch):
    """The network holds the first chunk until clips of the second are decoded: a drained pipeline would not end."""
    first, second = levels_of(1, 4), levels_of(5, 4)
    is_ahead = threading.Event()

    def before_forward(levels):
        if first[0] in levels:
            assert is_ahead.wait(WITHIN_S), "nothing of the next chunk was decoded"

    def before_decoding(level):
        if level in second:
            is_ahead.set()

    monkeypatch.setattr(stages, "before_forward", staticmethod(before_forward))
    monkeypatch.setattr(stages, "before_decoding", staticmethod(before_decoding))
    executor = LocalExecutor(computer(num_threads=2), chunk_size=4)
    rows, _ = executor.run(as_samples([clip(level) for level in first + second]), {"test.mean": Noted("test_stages")})
    assert [round(r["test.mean"].score, 2) for r in rows] == first + second
    scored = [level for event, level in stages.events if event == "scored"]
    assert scored == first + second


def test_first_chunk_is_scored_while_the_next_is_decoded(stages, monkeypatch):
    """Its rows do not wait for the end: a clip of the next chunk is held up until they are there."""
    first, second = levels_of(1, 4), levels_of(5, 4)
    is_scored = threading.Event()

    def before_decoding(level):
        if level in second:
            assert is_scored.wait(WITHIN_S), "the first chunk waits for the second"

    monkeypatch.setattr(stages, "before_decoding", staticmethod(before_decoding))
    executor = LocalExecutor(computer(num_threads=2, batch_size=32), chunk_size=4)
    metrics = {"test.mean": Noted("test_stages")}
    samples = as_samples([clip(level) for level in first + second])
    rows, _ = executor.run(samples, metrics, on_rows=lambda *_: is_scored.set())
    assert len(rows) == 8


def test_only_so_many_chunks_are_open(stages):
    """Features of the whole set are never in memory; a chunk is taken when decoding threads need it."""
    taken, scored = [], 0

    def works():
        for number, level in enumerate(levels_of(1, 12)):
            taken.append(number - scored)
            yield ChunkWork(samples=as_samples([clip(level)]), metrics={"test.mean": Noted("test_stages")})

    for _ in LocalExecutor(computer(num_threads=1)).run_stream(works(), max_open=3):
        scored += 1
    assert scored == 12
    assert max(taken) <= 3


def test_small_chunks_are_open_in_greater_number_but_with_no_more_clips(stages, monkeypatch):
    """Workers get smaller pieces at the end of a set, and with few of them decoding would soon have nothing to do."""
    sizes, taken, num_scored = [4, *[1] * 16], [], 0
    is_first_late = staticmethod(lambda level: wait_until(lambda: level > 0.01 or taken[5:]))
    monkeypatch.setattr(stages, "before_decoding", is_first_late)

    def works():
        level = iter(levels_of(1, sum(sizes)))
        for number, size in enumerate(sizes):
            taken.append(sum(sizes[: number + 1]) - num_scored)
            samples = as_samples([clip(next(level)) for _ in range(size)])
            yield ChunkWork(samples=samples, metrics={"test.mean": Noted("test_stages")})

    for result in LocalExecutor(computer(num_threads=2)).run_stream(works(), max_open=3):
        assert result.rows[0]["test.mean"].score is not None
        num_scored += len(result.rows)
    assert num_scored == sum(sizes)
    assert max(taken) <= 3 * max(sizes)


@pytest.fixture
def added(monkeypatch):
    """How many sources decoding threads were given, each time that they were."""
    found, add = [], DecodingThreads.add
    monkeypatch.setattr(DecodingThreads, "add", lambda self, tasks: (add(self, tasks), found.append(len(tasks))))
    return found


@pytest.mark.parametrize("on_gpu", [True, False])
def test_last_windows_of_a_chunk_are_filled_up_by_the_next_on_a_gpu(stages, monkeypatch, added, on_gpu):
    """A batch takes a GPU as long to launch half full; a CPU gains nothing, and rows come earlier."""
    levels, sizes = levels_of(1, 12), []
    # Decoding is never done with a chunk before the next is there, and is not slow.
    before_decoding = staticmethod(lambda level: wait_until(lambda: level < levels[5] or added[1:]))
    monkeypatch.setattr(stages, "before_decoding", before_decoding)
    monkeypatch.setattr("avmeter.engine.compute.stream._SLOW_S", WITHIN_S)
    monkeypatch.setattr(stages, "before_forward", staticmethod(lambda levels: sizes.append(len(levels))))
    engine = computer(num_threads=1, batch_size=4)
    engine._equipment.batch_sizes.on_gpu = on_gpu
    executor = LocalExecutor(engine, chunk_size=6)
    rows, _ = executor.run(as_samples([clip(x) for x in levels]), {"test.mean": Noted("test_stages")})
    assert [r["test.mean"].score for r in rows] == pytest.approx(levels, abs=1e-3)
    assert sorted(sizes) == ([4, 4, 4] if on_gpu else [2, 2, 4, 4])


def test_chunk_whose_next_is_slow_does_not_wait_for_it(stages, monkeypatch, added):
    """Its last windows run once nothing else comes, though the next chunk is being decoded."""
    release = threading.Event()
    before_decoding = staticmethod(lambda level: wait_until(lambda: added[1:] if level < 0.5 else release.is_set()))
    monkeypatch.setattr(stages, "before_decoding", before_decoding)
    engine = computer(num_threads=1, batch_size=4)
    engine._equipment.batch_sizes.on_gpu = True
    metrics = {"test.mean": Noted("test_stages")}
    works = [ChunkWork(samples=as_samples([clip(level)]), metrics=metrics) for level in (0.25, 0.75)]
    results = LocalExecutor(engine).run_stream(works)
    assert next(results).rows[0]["test.mean"].score == pytest.approx(0.25)
    release.set()
    assert [r.rows[0]["test.mean"].score for r in results] == pytest.approx([0.75])


def test_chunk_that_is_not_there_yet_holds_up_nothing(stages):
    """Its results come though whoever gives out chunks says nothing, as between runs of one worker."""
    release = threading.Event()

    def works():
        yield ChunkWork(samples=as_samples([clip(0.5)]), metrics={"test.mean": Noted("test_stages")})
        assert release.wait(WITHIN_S)
        yield ChunkWork(samples=as_samples([clip(0.25)]), metrics={"test.mean": Noted("test_stages")})

    results = LocalExecutor(computer()).run_stream(works())
    assert next(results).rows[0]["test.mean"].score == pytest.approx(0.5)
    release.set()
    assert [r.rows[0]["test.mean"].score for r in results] == pytest.approx([0.25])


@pytest.mark.parametrize("is_stored", [True, False])
def test_feature_that_two_chunks_need_is_computed_once(tmp_path, is_stored):
    """Before it is in the store, and where there is none; what is derived from it, too."""
    reference = clip_file(tmp_path, 0.1)["audio"]
    samples = [{**clip_file(tmp_path, 0.5), "reference_audio": reference, "id": str(i)} for i in range(3)]
    engine = computer(SqliteStore(tmp_path) if is_stored else None)
    metrics = {m.name: m for m in (CompareMetric(), SumMetric())}
    rows, corpus = LocalExecutor(engine, chunk_size=1).run(as_samples(samples), metrics)
    assert [r["test.mean"].score for r in rows] == pytest.approx([0.4] * 3)
    assert corpus["test.sum"].score == pytest.approx(1.5)
    assert engine.counts.computed == {"test_blocks": 2, "test_difference": 1}


def test_settings_of_the_process_are_back_once_nothing_is_under_way():
    """Also where the run is left in the middle."""
    plans = [(make_plan(as_samples([clip(0.1 * i)]), {"test.mean": MeanMetric()}, {}), None) for i in range(1, 4)]
    engine = computer()
    stream = engine.stream(plans, max_open=2)
    assert len(next(stream).outcomes) == 1
    stream.close()
    assert [len(done.outcomes) for done in engine.stream(plans, max_open=1)] == [1, 1, 1]


def test_fault_of_whoever_gives_out_chunks_is_raised():
    """It is the run's."""

    def works():
        yield ChunkWork(samples=as_samples([clip(0.5)]), metrics={"test.mean": MeanMetric()})
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(LocalExecutor(computer()).run_stream(works()))


def test_run_between_two_chunks_meets_none_of_their_windows(stages, monkeypatch):
    """As that of a metric which runs in this process alone: both have their own scores."""
    is_ahead, may_go_on = threading.Event(), threading.Event()

    def before_decoding(level):
        if level == 0.03:  # the window of the clip before waits for this one
            is_ahead.set()
            assert may_go_on.wait(WITHIN_S)

    monkeypatch.setattr(stages, "before_decoding", staticmethod(before_decoding))
    monkeypatch.setattr(
        stages, "before_forward", staticmethod(lambda levels: 0.01 not in levels or is_ahead.wait(WITHIN_S))
    )
    executor, metrics = LocalExecutor(computer(num_threads=1)), {"test.mean": MeanMetric("test_stages")}
    chunks = [as_samples([clip(level) for level in levels]) for levels in ([0.01], [0.02, 0.03], [0.5])]
    outer = executor.run_stream([ChunkWork(samples=c, metrics=metrics) for c in chunks[:2]])
    found = [next(outer), executor.run_chunk(chunks[2], metrics)]
    may_go_on.set()
    found += outer
    scores = [[round(row["test.mean"].score, 2) for row in result.rows] for result in found]
    assert scores == [[0.01], [0.5], [0.02, 0.03]]
