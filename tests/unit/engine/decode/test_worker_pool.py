"""Decoding processes: the same windows as in this process; a process that dies costs one file, by name."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

from avmeter.engine.decode.local_decoder import LocalDecoder
from avmeter.engine.decode.messages import SourceGroup
from avmeter.engine.decode.worker_pool import (
    DecodeWorkerPool,
    WorkerDecoder,
    default_decode_workers,
    large_arena_bytes,
    max_decode_workers,
)
from avmeter.engine.ipc.process import Process
from avmeter.errors import SkipCode
from avmeter.features.base import ClipExtractor, Features, get_extractor
from avmeter.result import Skip
from avmeter.sample import MediaSource
from support.media import numbered, tone, write_media

NAMES = ("synchformer_video", "synchformer_audio", "imagebind_video", "passt", "loudness", "motion")
DIES = [sys.executable, "-c", """
import sys
from avmeter.engine.ipc.process import connect_to_run
connect_to_run(int(sys.argv[1])).receive()
"""]  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    rate = 16_000
    return write_media(path, wave=tone(440, 0.5, rate, 6), sample_rate=rate, frames=numbered(150))


@pytest.fixture(scope="module")
def pool():
    found = DecodeWorkerPool(1)
    yield found
    found.stop()


def extractors():
    made = {number: get_extractor(name) for number, name in enumerate(NAMES)}
    made[0].streams_frames = True
    return made


def messages(decoder, path):
    return list(decoder.decode(MediaSource(path=path), extractors()))


def test_windows_from_a_process_are_those_made_here(clip, pool):
    """Every message, in the same order, with the same arrays; state that came with loading goes along."""
    here = messages(LocalDecoder(), clip)
    there = messages(pool.decoders()[0], clip)
    assert len(here) == len(there) > len(NAMES)
    for a, b in zip(here, there, strict=True):
        assert (a.job, a.index, a.facts) == (b.job, b.index, b.facts)
        pairs = [(a.window and a.window.inputs, b.window and b.window.inputs)]
        pairs.append((a.outcome and a.outcome.arrays, b.outcome and b.outcome.arrays))
        for ours, theirs in pairs:
            assert (ours is None) == (theirs is None)
            for name in ours or {}:
                # The process computes in one thread, which rounds sums in another order.
                np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-6)
                assert ours[name].dtype == theirs[name].dtype
    assert there[0].window.inputs["early"].shape == (8, 64 * 3 // 2 + 1, 96), "resized on the device, so planes"


def test_file_that_is_missing_is_the_same_skip(tmp_path, pool):
    """A skip made in a process reads like one made here."""
    path = tmp_path / "absent.mp4"
    here, there = messages(LocalDecoder(), path), messages(pool.decoders()[0], path)
    assert [m.outcome for m in here] == [m.outcome for m in there]
    assert {m.outcome.code for m in there} == {SkipCode.MISSING_FILE}


def test_process_that_was_killed_is_started_again(clip, pool):
    """The clip at hand is done by the next process; nothing of it is skipped."""
    decoder = pool.decoders()[0]
    expected = len(messages(decoder, clip))
    os.kill(decoder.worker.pid, signal.SIGKILL)
    decoder.worker._process.wait()
    found = messages(decoder, clip)
    assert len(found) == expected
    assert not [m.outcome for m in found if isinstance(m.outcome, Skip)]


@pytest.mark.endurance
def test_file_that_kills_every_process_is_a_named_skip(clip, caplog):
    """Twice tried, then every feature of the file is skipped; the decoder goes on with the next file."""
    decoder = WorkerDecoder(Process("none", command=DIES))
    for _ in range(2):
        outcomes = [m.outcome for m in messages(decoder, clip)]
        assert {o.code for o in outcomes} == {SkipCode.WORKER_DIED}
        assert len(outcomes) == len(NAMES)
        assert str(clip) in outcomes[0].reason
    assert decoder.worker.pid is None
    assert "died" in caplog.text


def test_clip_beside_one_that_kills_every_process_is_read_by_itself(clip, tmp_path, pool, monkeypatch):
    """Two processes die over the group; then what reads one clip alone gets another chance, and the pair none."""
    decoder = pool.decoders()[0]
    group = SourceGroup(
        clips=(MediaSource(path=clip), MediaSource(path=tmp_path / "absent.mp4")), reads={0: (0, 1), 1: (0,), 2: (1,)}
    )
    jobs = {0: get_extractor("frame_mse"), 1: get_extractor("frame_changes"), 2: get_extractor("frame_changes")}
    connect = decoder.worker.connect

    class Dying:
        def __init__(self, channel):
            self.channel = channel

        def __getattr__(self, name):
            return getattr(self.channel, name)

        def send(self, task):
            if isinstance(task.source, SourceGroup):
                raise BrokenPipeError
            self.channel.send(task)

    monkeypatch.setattr(decoder.worker, "connect", lambda: Dying(connect()))
    found = {event.job: event.outcome for event in decoder.decode(group, jobs)}
    assert isinstance(found[1], Features)
    assert (found[0].code, found[2].code) == (SkipCode.WORKER_DIED, SkipCode.MISSING_FILE)


@pytest.mark.parametrize("command", [["/no/such/program"], [sys.executable, "-c", "pass"]], ids=["absent", "ends"])
def test_process_that_cannot_start_leaves_files_to_this_one(clip, caplog, command):
    """No file is to blame, so none is skipped for it; the log says why."""
    worker = Process("none", command=command)
    for _ in range(2):
        found = messages(WorkerDecoder(worker), clip)
        assert len(found) == len(messages(LocalDecoder(), clip))
        assert not [m.outcome for m in found if isinstance(m.outcome, Skip)]
    assert caplog.text.count("no decoding process") == 1, "it is not tried for every file and chunk"


def test_file_that_killed_a_process_is_not_opened_here_when_there_is_no_other(clip, tmp_path):
    """It might end this process too."""
    starts_once = [sys.executable, "-c", f"""
import pathlib, sys
marker = pathlib.Path({str(tmp_path / "started")!r})
if marker.exists():
    sys.exit(1)
marker.touch()
{DIES[2]}"""]  # fmt: skip
    decoder = WorkerDecoder(Process("none", command=starts_once))
    assert {m.outcome.code for m in messages(decoder, clip)} == {SkipCode.WORKER_DIED}
    assert decoder.worker.failed_to_start


def test_process_that_hangs_does_not_hold_up_who_breaks_off(clip):
    """Closing from another thread ends it; the one that waited for it goes on to nothing."""
    hangs = [sys.executable, "-c", DIES[2] + "import time; time.sleep(60)"]
    decoder = WorkerDecoder(Process("none", command=hangs))
    found = []
    thread = threading.Thread(target=lambda: found.extend(messages(decoder, clip)))
    thread.start()
    while not decoder.worker._is_ready:
        time.sleep(0.01)
    decoder.close()
    thread.join(120)
    assert not thread.is_alive()
    assert found == []
    assert decoder.worker.pid is None


def test_process_that_is_ended_while_it_starts_has_not_refused(clip, caplog):
    """Ctrl-C soon after the start: the next run has processes again, and nothing is said to be wrong with them."""
    starts = [sys.executable, "-c", "import time; time.sleep(60)"]
    decoder = WorkerDecoder(Process("none", command=starts))
    found = []
    thread = threading.Thread(target=lambda: found.extend(messages(decoder, clip)))
    thread.start()
    while decoder.worker.pid is None:
        time.sleep(0.01)
    decoder.close()
    thread.join(120)
    assert not thread.is_alive()
    assert found == []
    assert not decoder.worker.failed_to_start
    assert "no decoding process" not in caplog.text


def test_only_as_many_processes_as_files_are_started():
    """Others would only take a core for their imports."""
    found = DecodeWorkerPool(3)
    found.start(1)
    assert [c.pid is not None for c in found.workers] == [True, False, False]
    found.stop()


def test_work_that_is_broken_off_ends_the_process(clip, pool):
    """Nobody reads what it would go on to say; the next clip gets a fresh one."""
    decoder = pool.decoders()[0]
    stream = decoder.decode(MediaSource(path=clip), extractors())
    next(stream)
    stream.close()
    assert decoder.worker.pid is None
    assert len(messages(decoder, clip)) > len(NAMES)


class FromScript(ClipExtractor):
    """An extractor that no other process could import."""

    name = "from_script"
    takes = "audio"

    def extract(self, media):
        return Features(facts={"pid": os.getpid()})


def test_texts_arrays_and_extractors_from_elsewhere_stay_here(clip):
    """None of them needs the process, which would die."""
    decoder = WorkerDecoder(Process("none", command=DIES))
    sound = MediaSource(samples=np.ones(8000, np.float32), sample_rate=8000)
    for source in (MediaSource(path=clip), sound):
        found = list(decoder.decode(source, {0: FromScript(), 1: FromScript()}))
        assert [m.outcome.facts["pid"] for m in found] == [os.getpid()] * 2


def test_few_files_are_not_worth_processes(monkeypatch):
    """Below 32 files none is started; above, two cores are left to the run."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    assert default_decode_workers(31) == 0
    assert default_decode_workers(32) == 14
    assert default_decode_workers(3, few=True) == 14, "a pool that was made for three files serves later ones"
    assert max_decode_workers(2) == 7
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert default_decode_workers(1000) == 1


@pytest.mark.parametrize(("gib", "num_workers", "mib"), [(128, 14, 512), (32, 14, 146), (8, 14, 128), (64, 4, 512)])
def test_large_arenas_take_a_share_of_memory(monkeypatch, gib, num_workers, mib):
    """At most 512 MiB each, and no less than small ones."""
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": (gib << 30) // 4096}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    assert large_arena_bytes(num_workers) >> 20 == mib
