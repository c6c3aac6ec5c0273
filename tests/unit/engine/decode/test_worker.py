"""A decoding process answers every task, and ends with the run."""

import time

import pytest

from avmeter.engine.decode.messages import DecodeTask, Recipe
from avmeter.engine.decode.watch import BeatingWatch
from avmeter.engine.decode.worker import _decode
from avmeter.engine.decode.worker_pool import decode_worker
from avmeter.errors import SkipCode
from avmeter.features.base import get_extractor
from avmeter.sample import MediaSource
from support.media import tone, write_media


@pytest.fixture
def worker():
    made = decode_worker()
    yield made
    made.stop()


@pytest.fixture
def clip(tmp_path):
    return write_media(tmp_path / "a.wav", wave=tone(440, 0.5, 16_000, 1), sample_rate=16_000, audio_codec="pcm_s16le")


def answers(channel, task):
    channel.send(task)
    found = []
    while (event := channel.receive()) is not None:
        if not isinstance(event, float):  # that it is alive, where it is slow
            found.append(event)
    return found


def test_task_is_answered_by_events_and_an_end(worker, clip, tmp_path):
    """One after the other, those that fail too."""
    channel = worker.connect()
    recipes = {7: Recipe.of(get_extractor("loudness"))}
    (event,) = answers(channel, DecodeTask(source=MediaSource(path=clip), recipes=recipes))
    assert event.job == 7
    assert event.outcome.facts
    (event,) = answers(channel, DecodeTask(source=MediaSource(path=tmp_path / "absent.wav"), recipes=recipes))
    assert event.outcome.code == SkipCode.MISSING_FILE


def test_process_ends_when_the_run_hangs_up(worker):
    """Nobody is there to end it."""
    worker.connect().close()
    deadline = time.monotonic() + 120
    while worker._process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_extractors_are_built_once_for_many_clips(clip):
    """Tokenizers and filterbanks take longer than a short clip."""
    built = {}
    task = DecodeTask(source=MediaSource(path=clip), recipes={0: Recipe.of(get_extractor("loudness"))})
    list(_decode(task, built, BeatingWatch(lambda _: None)))
    (extractor,) = built.values()
    list(_decode(task, built, BeatingWatch(lambda _: None)))
    assert list(built.values()) == [extractor]
