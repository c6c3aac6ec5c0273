"""What of a rank's part goes to rank 0."""

from __future__ import annotations

import pickle
import threading

from avmeter.engine.executors.corpus import CorpusState
from avmeter.engine.executors.part import PartialRun
from avmeter.errors import SkipCode
from avmeter.fastvideo.callbacks.sending import sendable
from avmeter.result import MetricResult


def test_part_of_numbers_goes_as_it_is() -> None:
    """Without a copy."""
    part = PartialRun(samples=[], rows=[{"a": MetricResult("a", 1.0)}], states={"b": CorpusState(state=[1.0])})
    assert sendable(part) is part


def test_state_that_cannot_be_pickled_is_the_failure_of_its_metric() -> None:
    """It ended the training where the rank sends; details of that kind are left out."""
    lock = threading.Lock()
    rows = [{"a": MetricResult("a", 1.0, {"lock": lock, "n": 1})}]
    states = {"b": CorpusState(state=lock, num_generated=3), "c": CorpusState(state=[1.0])}
    sent = sendable(PartialRun(samples=[], rows=rows, states=states))
    pickle.dumps(sent)
    assert sent.rows[0]["a"] == MetricResult("a", 1.0, {"n": 1})
    failure = sent.states["b"].failure
    assert failure is not None
    assert (failure.code, sent.states["b"].num_generated) == (SkipCode.FAILED, 3)
    assert sent.states["c"].state == [1.0]
