"""What a thread decodes is counted, and one that is to end ends at its next packet."""

import time

import pytest

from avmeter.engine.decode import watch as watch_module
from avmeter.engine.decode.watch import BeatingWatch, DecodeWatch
from avmeter.errors import MediaError, SkipCode


def test_seconds_add_up_from_one_file_to_the_next():
    """A new file starts at 0."""
    watch = DecodeWatch()
    watch.advance(1.5)
    watch.advance(0.5)
    assert watch.decoded_s == 2.0
    watch.restart()
    assert watch.decoded_s == 0.0


def test_thread_that_is_to_end_ends_at_its_next_packet():
    """As an interrupted clip, which no file is blamed for; for good."""
    watch = DecodeWatch()
    watch.end()
    for _ in range(2):
        with pytest.raises(MediaError) as caught:
            watch.advance(0.0)
        assert caught.value.code == SkipCode.INTERRUPTED
        watch.restart()


def test_only_waiting_for_the_decoder_counts_as_waiting():
    """Every packet starts the time anew; what is done with frames is none of the decoder's."""
    watch = DecodeWatch()
    now = time.monotonic()
    assert watch.waited_s(now + 100) == 0
    watch.enter_decoder()
    assert watch.waited_s(now + 100) == pytest.approx(100, abs=20)
    watch._in_decoder_since -= 50
    watch.advance(0.0)
    assert watch.waited_s(now + 100) == pytest.approx(100, abs=20)
    watch.leave_decoder()
    assert watch.waited_s(now + 100) == 0


def test_start_of_a_process_is_not_the_files_time():
    """A busy machine takes seconds for it; the next file starts at 0."""
    watch = DecodeWatch()
    with watch.starting():
        time.sleep(0.05)
        assert watch.started_s(time.monotonic()) >= 0.05
    before = watch.started_s(time.monotonic())
    assert watch.started_s(time.monotonic() + 100) == before >= 0.05
    watch.restart()
    assert watch.started_s(time.monotonic() + 100) == 0


def test_beats_are_few_and_lose_nothing(monkeypatch):
    """What was not sent goes with the next."""
    sent = []
    watch = BeatingWatch(sent.append)
    for _ in range(10):
        watch.advance(1.0)
    assert sent == []
    monkeypatch.setattr(watch_module, "_BEAT_S", -1.0)
    watch.advance(1.0)
    assert sent == [11.0]
    watch._sent_at = time.monotonic() + 100
    watch.advance(2.0)
    assert watch.take_unsent_s() == 2.0
    assert watch.take_unsent_s() == 0.0
