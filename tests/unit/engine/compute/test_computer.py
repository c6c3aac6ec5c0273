"""Features are computed once and stored; what cannot be computed is a named skip."""

import sqlite3
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avmeter.engine.compute.stream import _SWITCH_INTERVAL_S, _switch_interval
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.plan import make_plan
from avmeter.engine.store import SqliteStore
from avmeter.errors import SkipCode, WeightsError
from avmeter.features.base import Window
from avmeter.metrics.base import Need
from avmeter.registry import EXTRACTORS
from avmeter.result import Skip
from avmeter.runtime import Runtime
from avmeter.sample import as_samples
from support.engine import (
    Blocks,
    CompareMetric,
    Difference,
    MeanMetric,
    SumMetric,
    clip,
    clip_file,
    computer,
    run,
    runtime,
)


def failing(error):
    def method(*args):
        raise error

    return method


@pytest.mark.parametrize(
    ("method", "wrong", "said"),
    [
        ("__init__", failing(RuntimeError("no such file")), "no such file"),
        ("options", lambda self: {"a": object()}, "not JSON serializable"),
        ("load", failing(RuntimeError("no such card")), "no such card"),
        ("load", failing(SystemExit(2)), "SystemExit"),
        ("windows", lambda self, media: iter([5]), "no window"),
        ("windows", lambda self, media: iter([Window(inputs={"x": "text"})]), "no window"),
        ("windows", lambda self, media: None, "not iterable"),
        ("batch_key", lambda self, window: [1], "unhashable"),
        ("forward", lambda self, batch: {"mean": batch["x"].mean(dim=1).repeat(2)}, "outputs for"),
        ("forward", lambda self, batch: {}, "StopIteration"),
        ("pool", lambda self, outputs, windows, facts: None, "in place of Features"),
    ],
)
def test_slip_of_an_extractor_is_the_skip_of_what_needs_it(monkeypatch, method, wrong, said):
    """Those of plug-ins are not always right; other extractors go on, and the run comes to its end."""
    other = type("Other", (Blocks,), {"name": "test_other"})
    monkeypatch.setitem(EXTRACTORS._classes, "test_other", other)
    monkeypatch.setattr(other, method, wrong)
    of_other = type("MeanOfOther", (MeanMetric,), {"name": "test.other"})
    metrics = {"test.other": of_other("test_other"), "test.mean": MeanMetric()}
    rows, _ = LocalExecutor(computer()).run(as_samples([clip(0.25), clip(0.5)]), metrics)
    assert [row["test.mean"].score for row in rows] == pytest.approx([0.25, 0.5])
    assert [row["test.other"].skip.code for row in rows] == [SkipCode.FAILED] * 2
    assert all(said in row["test.other"].skip.reason for row in rows)


def test_clip_named_twice_is_computed_once():
    """Content decides, not how often or by whom it is asked for."""
    sample = clip(0.3)
    result = run([sample, dict(sample), clip(0.3)], MeanMetric(), SumMetric())
    assert result.counts.computed == {"test_blocks": 1}
    assert [r["test.mean"].score for r in result.rows] == pytest.approx([0.3] * 3)


def test_prompts_of_all_clips_share_a_batch_and_equal_ones_are_computed_once(monkeypatch):
    """A text is a source like a clip: four clips with three prompts are one batch of three."""
    batches = []

    class Lengths(Blocks):
        name = "test_lengths"
        takes = "text"

        def windows(self, media):
            yield Window(inputs={"x": np.full(3, len(media), np.float32)})

        def forward(self, batch):
            batches.append(sorted(batch["x"][:, 0].tolist()))
            return super().forward(batch)

    class PromptMetric(MeanMetric):
        @property
        def needs(self):
            return (Need(name="x", field="text_prompt", extractor="test_lengths"),)

    monkeypatch.setitem(EXTRACTORS._classes, "test_lengths", Lengths)
    prompts = ["rain", "a dog", "rain", "thunder"]
    result = run([{**clip(0.1 * i), "text_prompt": p} for i, p in enumerate(prompts)], PromptMetric())
    assert batches == [[4, 5, 7]]
    assert [r["test.mean"].score for r in result.rows] == [len(p) for p in prompts]


def test_second_run_over_one_store_computes_nothing(tmp_path):
    """Features are taken from the store, and the scores are the same."""
    samples = [clip_file(tmp_path, 0.1), clip_file(tmp_path, 0.2)]
    first = run(samples, MeanMetric(), store=SqliteStore(tmp_path))
    second = run(samples, MeanMetric(), store=SqliteStore(tmp_path))
    assert first.counts.computed == {"test_blocks": 2}
    assert second.counts.computed == {}
    assert second.counts.store_reads == 2
    assert second.rows == first.rows


def test_what_stored_features_were_derived_from_is_not_read(tmp_path):
    """A megabyte a clip, of Synchformer; it is read where what is derived has to be made anew."""
    sample = {**clip_file(tmp_path, 0.5), "reference_audio": clip_file(tmp_path, 0.25)["audio"]}
    counts = []
    for fingerprint in (None, None, Difference().fingerprint(runtime())):
        store = SqliteStore(tmp_path)
        if fingerprint is not None:
            store._connection().execute("DELETE FROM features WHERE fingerprint = ?", (fingerprint,))
            store._connection().commit()
        result = run([sample], CompareMetric(), store=store)
        counts.append((result.counts.store_reads, sum(result.counts.computed.values())))
    assert counts == [(0, 3), (1, 0), (2, 1)]


def test_arrays_in_memory_do_not_fill_the_store(tmp_path):
    """Clips of a training loop do not come again: their features are not kept, and are never asked for."""
    store = SqliteStore(tmp_path)
    result = run([clip(0.1), clip_file(tmp_path, 0.2)], MeanMetric(), store=store)
    assert result.counts.computed == {"test_blocks": 2}
    assert store.num_features == 1


def test_absent_weights_skip_every_sample_with_the_hint():
    """Weights that are not to be had are one named reason, not an exception."""
    result = run([clip(0.1), clip(0.2)], MeanMetric(fail="weights"))
    assert {r["test.mean"].skip.code for r in result.rows} == {SkipCode.WEIGHTS_UNAVAILABLE}
    assert result.rows[0]["test.mean"].skip.hint == "fetch"


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


def test_derived_feature_uses_both_parents_once():
    """A comparison of two media is computed from their features, and parents are not computed again."""
    reference = clip(0.1)["audio"]
    samples = [{**clip(0.5), "reference_audio": reference}, {**clip(0.3), "reference_audio": reference}]
    result = run(samples, CompareMetric())
    assert [r["test.mean"].score for r in result.rows] == pytest.approx([0.4, 0.2])
    assert result.counts.computed == {"test_blocks": 3, "test_difference": 2}


def test_stored_comparison_needs_no_parents(tmp_path):
    """When the derived feature is stored, nothing is decoded for it."""
    (tmp_path / "run").mkdir()
    samples = [{**clip_file(tmp_path, 0.5), "reference_audio": clip_file(tmp_path, 0.1)["audio"]}]
    run(samples, CompareMetric(), store=SqliteStore(tmp_path))
    store = SqliteStore(tmp_path)
    with sqlite3.connect(store.path) as database:
        database.execute("DELETE FROM features WHERE media NOT LIKE '%+%'")
    database.close()
    again = run(samples, CompareMetric(), store=store)
    assert again.counts.computed == {}
    assert again.rows[0]["test.mean"].score == pytest.approx(0.4)


def test_dummy_weights_mark_results_and_corpus():
    """Whatever stands on stand-in weights says so."""
    result = run([clip(0.5)], MeanMetric(), SumMetric(), dummy=True)
    assert result.rows[0]["test.mean"].dummy
    assert result.corpus["test.sum"].dummy
    assert "dummy weights" in str(result.rows[0]["test.mean"])


def test_derived_feature_of_stand_in_weights_is_marked():
    """Also where the extractor that derives it has no weights of its own."""
    samples = [{**clip(0.5), "reference_audio": clip(0.1)["audio"]}]
    assert run(samples, CompareMetric(), dummy=True).rows[0]["test.mean"].dummy
    assert not run(samples, CompareMetric()).rows[0]["test.mean"].dummy


def test_network_that_cannot_be_filled_is_not_marked_and_shares_its_features(tmp_path, monkeypatch):
    """It has its own weights in a run with stand-in weights: the score is that of any run, and so is the feature."""
    monkeypatch.setattr(Blocks, "needs_real_weights", True)
    samples = [clip_file(tmp_path, 0.5)]
    with_stand_ins = run(samples, MeanMetric(), SumMetric(), store=SqliteStore(tmp_path), dummy=True)
    result = with_stand_ins.rows[0]["test.mean"]
    assert (result.score, result.dummy, with_stand_ins.corpus["test.sum"].dummy) == (pytest.approx(0.5), False, False)
    without = run(samples, MeanMetric(), store=SqliteStore(tmp_path))
    assert (without.counts.computed, without.rows[0]["test.mean"]) == ({}, result)


def test_runs_at_once_leave_the_settings_of_the_process_as_they_were():
    """Turns of the interpreter and the precision of networks, whoever ends last."""
    before = sys.getswitchinterval(), torch.backends.cuda.matmul.allow_tf32
    runtime = Runtime(device=torch.device("cpu"), precision="tf32", weights=SimpleNamespace())
    first_ended = threading.Event()

    def other():
        with runtime.precision.applied(runtime.device), _switch_interval.held(_SWITCH_INTERVAL_S):
            first_ended.wait(120)

    thread = threading.Thread(target=other)
    own = computer().runtime
    with own.precision.applied(own.device), _switch_interval.held(_SWITCH_INTERVAL_S):
        thread.start()
        thread.join(0.1)
        assert not torch.backends.cuda.matmul.allow_tf32, "this run is one in float32"
    first_ended.set()
    thread.join()
    assert (sys.getswitchinterval(), torch.backends.cuda.matmul.allow_tf32) == before


def test_computation_that_is_asked_to_stop_skips_what_is_missing(tmp_path):
    """Within a chunk, too, what is finished counts; nothing is hashed, loaded or decoded any more."""
    samples = as_samples([clip_file(tmp_path, 0.1 * i) for i in range(1, 4)])
    engine = computer(SqliteStore(tmp_path), num_threads=1, batch_size=1)
    plan = make_plan(samples, {"test.mean": MeanMetric()}, {})
    outcomes = engine.compute(plan, should_stop=lambda: bool(engine.counts.computed))
    skips = [o for o in outcomes.values() if isinstance(o, Skip)]
    assert len(outcomes) == 3
    assert 1 <= len(skips) <= 2
    assert {s.code for s in skips} == {SkipCode.INTERRUPTED}
    stopped = engine.compute(make_plan(samples, {"test.mean": MeanMetric()}, {}), should_stop=lambda: True)
    assert {o.code for o in stopped.values()} == {SkipCode.INTERRUPTED}


class Slow(Blocks):
    """A network whose batches take until the test is over."""

    name = "test_slow"
    is_concurrent = True
    may_end = threading.Event()
    is_begun = threading.Event()

    def forward(self, batch):
        self.is_begun.set()
        self.may_end.wait(120)
        return super().forward(batch)


def test_stop_while_a_slow_network_runs_leaves_what_others_have_computed(tmp_path, monkeypatch):
    """Nobody waits for the network, and the features of the others are outcomes, and stored."""
    monkeypatch.setitem(EXTRACTORS._classes, "test_slow", Slow)
    samples = as_samples([clip_file(tmp_path, 0.1 * i) for i in range(1, 4)])
    engine = computer(SqliteStore(tmp_path), num_threads=1, batch_size=16)
    slow = MeanMetric("test_slow")
    slow.name = "test.slow"
    rows, _ = LocalExecutor(engine).run(
        samples,
        {"test.mean": MeanMetric(), "test.slow": slow},
        should_stop=lambda: Slow.is_begun.is_set() and engine.counts.computed == {"test_blocks": 3},
    )
    assert [row["test.mean"].score for row in rows] == pytest.approx([0.1, 0.2, 0.3])
    assert {row["test.slow"].skip.code for row in rows} == {SkipCode.INTERRUPTED}
    Slow.may_end.set()


class Overwritten(Blocks):
    """While a clip is read somebody puts another one in its place, as a training loop does."""

    name = "test_overwritten"
    replacement = None

    def windows(self, media):
        yield from super().windows(media)
        if self.replacement is not None:
            self.replacement.replace(media.name)


def test_file_that_is_replaced_while_it_is_read_is_skipped_and_not_stored(tmp_path, monkeypatch):
    """A score of nobody knows which bytes is neither reported nor stored under the hash of the old ones."""
    monkeypatch.setitem(EXTRACTORS._classes, "test_overwritten", Overwritten)
    (tmp_path / "other").mkdir()
    sample = clip_file(tmp_path, 0.5)
    original = Path(sample["audio"]).read_bytes()
    monkeypatch.setattr(Overwritten, "replacement", Path(clip_file(tmp_path / "other", 0.1)["audio"]))
    metric = MeanMetric(extractor="test_overwritten")
    changed = run([sample], metric, store=SqliteStore(tmp_path))
    assert changed.rows[0]["test.mean"].skip.code == SkipCode.CHANGED_WHILE_READING
    monkeypatch.setattr(Overwritten, "replacement", None)
    assert run([sample], metric, store=SqliteStore(tmp_path)).rows[0]["test.mean"].score == pytest.approx(0.1)
    Path(sample["audio"]).write_bytes(original)
    assert run([sample], metric, store=SqliteStore(tmp_path)).rows[0]["test.mean"].score == pytest.approx(0.5)


def test_file_that_is_touched_while_it_is_read_is_not_scored(tmp_path, monkeypatch):
    """New times of the same bytes: they may have been others for a moment, and nobody can tell."""
    monkeypatch.setitem(EXTRACTORS._classes, "test_overwritten", Overwritten)
    sample = clip_file(tmp_path, 0.5)
    monkeypatch.setattr(Overwritten, "replacement", tmp_path / "copy")
    (tmp_path / "copy").write_bytes(Path(sample["audio"]).read_bytes())
    result = run([sample], MeanMetric(extractor="test_overwritten"), store=SqliteStore(tmp_path))
    assert result.rows[0]["test.mean"].skip.code == SkipCode.CHANGED_WHILE_READING
