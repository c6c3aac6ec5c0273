"""A process that reads files answers as asked, imports little, and ends with the run."""

import subprocess
import sys

import pytest

from avmeter.engine.decode.reader_messages import Done, Fault, OpenSource, ReadAudio
from avmeter.engine.ipc.process import Process
from avmeter.errors import SkipCode
from avmeter.media import DEFAULT_LIMITS
from avmeter.sample import MediaSource
from support.media import tone, write_pcm_wav


@pytest.fixture
def process():
    found = Process("avmeter.engine.decode.reader_worker")
    yield found
    found.stop()


def answer(channel, request):
    channel.send(request)
    found = []
    while True:
        decoded_s, reply = channel.receive()
        channel.forget()
        found.append((decoded_s, reply))
        if isinstance(reply, Done | Fault):
            return found


def test_torch_is_not_imported():
    """It takes ten times as long as everything else: a single clip would not be worth a process."""
    code = "import sys, avmeter.engine.decode.reader_worker; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_requests_are_answered_after_a_fault(process, tmp_path):
    """Headers, then all samples, with the seconds that were decoded."""
    channel = process.connect()
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 8000, 3), 8000)
    for name in ("absent.wav", "a.wav"):
        opening = OpenSource(source=MediaSource(path=tmp_path / name), limits=DEFAULT_LIMITS)
        *_, (_, end) = answer(channel, opening)
        if name == "absent.wav":
            assert end.error.code == SkipCode.MISSING_FILE
    assert end.value[0] == str(path)
    replies = answer(channel, ReadAudio())
    assert sum(len(r.samples) for _, r in replies[:-1] if r is not None) == 24_000
    assert sum(seconds for seconds, _ in replies) == pytest.approx(3)
    assert replies[-1][1].losses.num_packets == 0


def test_process_ends_when_the_run_hangs_up(process):
    """Nobody has to tell it."""
    process.connect().close()
    assert process._process.wait(120) is not None
