"""What a worker answers arrives whole."""

import socket
import threading

import numpy as np

from avmeter.engine.compute.counts import Counts
from avmeter.engine.executors.base import ChunkResult
from avmeter.engine.executors.corpus import start_states
from avmeter.engine.executors.messages import ChunkDone
from avmeter.engine.ipc.channel import Channel
from avmeter.errors import SkipCode
from avmeter.metrics.resolve import resolve_metrics
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample


def test_rows_states_and_counts_arrive_as_they_were_sent():
    """Skips are equal to those made here; corpus states can be merged on."""
    near, far = (Channel(end) for end in socket.socketpair())
    metrics = resolve_metrics(["audio.frechet_distance"], options={"audio.frechet_distance": {"backbone": "yamnet"}})
    states = start_states(metrics)
    skip = Skip(code=SkipCode.SILENT, reason="a: silent")
    for name, metric in metrics.items():
        states[name].leave_out(metric, Sample(id="a"), skip)
    rows = [{"audio.loudness": MetricResult.skipped("audio.loudness", skip, details={"x": np.float64(1)})}]
    sent = ChunkDone(result=ChunkResult(rows=rows, states=states), counts=Counts(computed={"yamnet": 1}))
    thread = threading.Thread(target=near.send, args=(sent,))
    thread.start()
    found = far.receive()
    thread.join()
    assert (found.counts, found.result.rows) == (sent.counts, rows)
    assert found.result.states["audio.frechet_distance"].left_out == {"silent": 1}
    for end in (near, far):
        end.close()
