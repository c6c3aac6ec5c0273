"""Payloads are on disk soon, or held until they can be."""

import logging
import time

import pytest

from avmeter.engine.store.base import FeatureKey
from avmeter.engine.store.database import connect
from avmeter.engine.store.writer import FeatureWriter
from support.stores import KEY, locked, num_on_disk


@pytest.fixture
def writer(tmp_path):
    connect(tmp_path / "features.sqlite", busy_timeout_s=0).close()
    writer = FeatureWriter(tmp_path / "features.sqlite", max_held_bytes=100)
    yield writer
    writer.close(max_wait_s=0)


def wait_for(condition) -> bool:
    """Return at once when it holds; the limit is for a test that fails."""
    deadline = time.monotonic() + 120
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_payload_is_on_disk_soon_though_nothing_else_happens(tmp_path, writer):
    """Nobody calls again, and it is committed all the same."""
    for number in range(3):
        writer.put(FeatureKey(str(number), "x"), b"payload")
    assert wait_for(lambda: num_on_disk(tmp_path) == 3)


def test_payloads_of_a_lock_are_held_said_and_written_after_it(tmp_path, writer, caplog):
    """Scoring goes on, the lock is said once within seconds, and what was held is stored when it is gone."""
    with locked(tmp_path):
        writer.put(KEY, b"payload")
        assert not writer.flush()
        assert wait_for(lambda: bool(caplog.records))
        time.sleep(1)
        assert writer.num_held == 1
        assert num_on_disk(tmp_path) == 0
    assert wait_for(lambda: num_on_disk(tmp_path) == 1)
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "another process locks the feature store; scoring goes on" in caplog.text
    assert writer.num_held == 0


def test_held_payloads_are_bounded_and_the_rest_is_counted(tmp_path, writer, caplog):
    """A lock that never ends costs features, not memory, and the number is said."""
    with locked(tmp_path):
        writer.put(KEY, b"x" * 60)
        writer.flush()
        writer.put(FeatureKey("next", "x"), b"x" * 60)
        assert (writer.num_held, writer.num_dropped) == (1, 1)
        writer.close(max_wait_s=1.0)
    assert "2 features were not stored" in caplog.text
    assert "waiting up to" in caplog.text


def test_slow_disk_makes_the_run_wait_instead_of_dropping(tmp_path, writer):
    """Without a lock nothing is dropped, however much comes."""
    for number in range(20):
        writer.put(FeatureKey(str(number), "x"), b"x" * 60)
    writer.close()
    assert writer.num_dropped == 0
    assert num_on_disk(tmp_path) == 20


def test_failure_ends_the_storing_with_one_message(tmp_path, caplog):
    """A file that is no database costs the store, not the run; the message has the command that removes it."""
    (tmp_path / "features.sqlite").write_bytes(b"no database" * 1000)
    writer = FeatureWriter(tmp_path / "features.sqlite")
    for number in range(3):
        writer.put(FeatureKey(str(number), "x"), b"payload")
        writer.flush()
    writer.close()
    assert writer.is_broken
    assert len(caplog.records) == 1
    assert f"rm -f {tmp_path}/features.sqlite " in caplog.text
