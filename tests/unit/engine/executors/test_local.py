"""A run in one process: chunking changes nothing, interrupts lose nothing."""

import pytest
import torch

from avmeter.engine.executors.local import _OPEN_CHUNKS, LocalExecutor
from avmeter.engine.store import SqliteStore
from avmeter.errors import SkipCode
from avmeter.metrics.simple_form import adapt
from avmeter.runtime.precision import Precision
from avmeter.sample import as_samples
from support.engine import MeanMetric, SumMetric, clip, clip_file, computer, run


def test_results_do_not_depend_on_chunks_threads_or_batch_size():
    """Chunking, decoding threads and batch size change nothing."""
    samples = [clip(0.01 * i, 0.1 + 0.1 * (i % 4)) for i in range(20)]
    want = run(samples, MeanMetric(), SumMetric())
    for options in ({"chunk_size": 3}, {"num_threads": 4}, {"batch_size": 1}):
        got = run(samples, MeanMetric(), SumMetric(), **options)
        assert [r["test.mean"].score for r in got.rows] == [r["test.mean"].score for r in want.rows]
        assert got.corpus["test.sum"].score == pytest.approx(want.corpus["test.sum"].score, rel=1e-12)
        assert got.corpus["test.sum"].details["ids"] == want.corpus["test.sum"].details["ids"]


def test_interrupted_run_keeps_what_was_finished(tmp_path):
    """After Ctrl-C in the third of four chunks, the same run computes only what was missing: the last one at most."""
    samples = [clip_file(tmp_path, 0.1 * i) for i in range(1, 5)]

    class Interrupting(MeanMetric):
        def score(self, sample, features):
            if sample.id == "level0.3":
                raise KeyboardInterrupt
            return super().score(sample, features)

    with pytest.raises(KeyboardInterrupt):
        run(samples, Interrupting(), store=SqliteStore(tmp_path), chunk_size=1)
    again = run(samples, MeanMetric(), store=SqliteStore(tmp_path), chunk_size=1)
    assert again.counts.store_reads >= 3
    assert again.counts.store_reads + sum(again.counts.computed.values()) == 4


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
    assert engine.counts.store_reads == 2


def test_feature_that_chunks_share_is_read_in_each(tmp_path):
    """And counted in each; it is computed once."""
    samples = [{**clip_file(tmp_path, 0.1), "id": f"clip{i}"} for i in range(3)]
    counts = [run(samples, MeanMetric(), store=SqliteStore(tmp_path), chunk_size=1).counts for _ in range(2)]
    assert [sum(c.computed.values()) for c in counts] == [1, 0]
    assert counts[1].store_reads == 3


def test_progress_is_told_within_a_chunk(tmp_path):
    """A set smaller than a chunk still shows how far it is; numbers only grow, and end with all."""
    calls = []
    executor = LocalExecutor(computer(num_threads=1, batch_size=1))
    executor.run(
        as_samples([clip(0.1 * i) for i in range(1, 6)]), {"test.mean": MeanMetric()}, lambda *c: calls.append(c)
    )
    assert [done for done, _ in calls][:5] == [1, 2, 3, 4, 5]
    assert calls[-1] == (5, 5)


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


def test_run_that_is_asked_to_stop_returns_what_is_finished(tmp_path):
    """Finished samples have their scores, the others and the corpus a skip; the same run goes on from there."""
    samples = [clip_file(tmp_path, 0.1 * i) for i in range(1, 10)]
    finished = []

    class Watched(MeanMetric):
        def score(self, sample, features):
            finished.append(sample.id)
            return super().score(sample, features)

    engine = computer(SqliteStore(tmp_path))
    metrics = {m.name: m for m in (Watched(), SumMetric())}
    executor = LocalExecutor(engine, chunk_size=1)
    rows, corpus = executor.run(as_samples(samples), metrics, should_stop=lambda: len(finished) >= 2)
    found = [r["test.mean"] for r in rows]
    assert [r.score for r in found[:2]] == pytest.approx([0.1, 0.2])
    num_begun = 2 + _OPEN_CHUNKS  # those that were being computed may have been finished
    assert all(r.score is not None or r.skip.code == SkipCode.INTERRUPTED for r in found[:num_begun])
    assert [r.skip.code for r in found[num_begun:]] == [SkipCode.INTERRUPTED] * (9 - num_begun)
    assert corpus["test.sum"].skip.code == SkipCode.INTERRUPTED
    again = run(samples, MeanMetric(), SumMetric(), store=SqliteStore(tmp_path), chunk_size=1)
    assert again.counts.store_reads >= len(finished)
    assert again.corpus["test.sum"].score == pytest.approx(4.5)


class PlainMetric:
    """A metric in the simple form, which may do anything while it scores."""

    requires_reference = False

    def compute(self, sample):
        return float(torch.backends.cuda.matmul.allow_tf32)


def test_metric_in_the_simple_form_has_the_settings_of_the_program():
    """Nothing is computed meanwhile, whatever the precision of the networks is."""
    engine = computer()
    engine.runtime.precision = Precision.TF32
    metrics = {"user.plain": adapt("user.plain", PlainMetric()), "test.mean": MeanMetric()}
    rows, _ = LocalExecutor(engine, chunk_size=1).run(as_samples([clip(0.1 * i) for i in range(1, 5)]), metrics)
    assert [r["user.plain"].score for r in rows] == [0.0] * 4


def test_corpus_is_folded_in_the_order_of_the_samples():
    """Whichever chunk is decoded first: the first of them has the longest clips."""
    samples = [clip(0.1, seconds) for seconds in (5.0, 0.1, 0.1, 3.0, 0.1, 0.1)]
    got = run(samples, SumMetric(), chunk_size=1, num_threads=4)
    assert got.corpus["test.sum"].details["ids"] == [s.id for s in as_samples(samples)]
