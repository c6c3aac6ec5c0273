"""Messages between processes arrive whole, arrays and all; what overlaps is sent once."""

import itertools
import socket
import threading

import numpy as np
import pytest

from avmeter.engine.ipc.channel import Channel


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    channels = Channel(near), Channel(far)
    yield channels
    for channel in channels:
        channel.close()


def send_all(channel, messages):
    thread = threading.Thread(target=lambda: [channel.send(m) for m in messages])
    thread.start()
    return thread


def test_large_and_small_and_empty_arrays_arrive(ends):
    """Values, shapes and types are kept; so is what is not an array."""
    rng = np.random.default_rng(0)
    messages = [
        {"large": rng.random((3, 1000, 1000)), "text": "ä"},
        None,
        {"empty": np.empty((0, 3), np.float32), "one": np.array(4, np.int16), "turned": np.arange(6).reshape(2, 3).T},
    ]
    thread = send_all(ends[0], messages)
    large, nothing, small = (ends[1].receive() for _ in messages)
    thread.join()
    np.testing.assert_array_equal(large["large"], messages[0]["large"])
    assert (large["text"], nothing) == ("ä", None)
    for name, array in small.items():
        np.testing.assert_array_equal(array, messages[2][name])
        assert array.dtype == messages[2][name].dtype


def test_views_that_come_again_are_sent_once_and_stay_one_array(ends):
    """Halves of overlapping windows share memory at the other end, as they did before."""
    frames = np.arange(64 * 1000.0).reshape(64, 1000)
    windows = [(frames[s : s + 8], frames[s + 8 : s + 16]) for s in range(0, 48, 8)]
    sent = []
    ends[0]._socket = CountingSocket(ends[0]._socket, sent)
    thread = send_all(ends[0], windows)
    found = [ends[1].receive() for _ in windows]
    thread.join()
    for expected, got in zip(windows, found, strict=True):
        np.testing.assert_array_equal(expected, got)
    for before, after in itertools.pairwise(found):
        assert np.shares_memory(before[1], after[0])
    assert sum(n for n in sent if n == 8 * 1000 * 8) == 7 * 8 * 1000 * 8


def test_arrays_of_many_clips_are_not_mistaken_for_each_other(ends):
    """Memory that was freed and used again holds another array."""

    def make():
        for i in range(40):
            yield np.full(200_000, i, np.int64)

    thread = send_all(ends[0], make())
    for i in range(40):
        assert (ends[1].receive() == i).all()
    thread.join()


def test_other_end_that_is_gone_is_an_end_of_file(ends):
    """In the midst of a message too."""
    ends[0]._socket.sendall(b"\x10")
    ends[0].close()
    with pytest.raises(EOFError):
        ends[1].receive()


class CountingSocket:
    """Notes how many bytes are sent at once."""

    def __init__(self, inner, sent):
        self.inner, self.sent = inner, sent

    def sendall(self, data):
        self.sent.append(memoryview(data).nbytes)
        self.inner.sendall(data)

    def close(self):
        self.inner.close()
