"""Threads decode a few files, and processes read for them; many files for a GPU are decoded in processes."""

import numpy as np
import torch

from avmeter.engine.compute.decoders import Decoders, is_file, is_read
from avmeter.engine.decode.hardware import RESERVED_BYTES
from avmeter.engine.decode.local_decoder import LocalDecoder
from avmeter.engine.decode.messages import SourceGroup
from avmeter.engine.decode.threads import QUEUE_BYTES
from avmeter.engine.decode.worker_pool import DecodeWorkerPool, large_arena_bytes
from avmeter.media import DEFAULT_LIMITS
from avmeter.sample import MediaSource
from support.engine import runtime
from support.hardware import PlayedHardware


def decoders(**options):
    options = {"num_threads": 2, "num_processes": None, **options}
    return Decoders(runtime(), limits=DEFAULT_LIMITS, **options)


def files(folder, count):
    return [MediaSource(path=folder / f"{i}.wav") for i in range(count)]


def test_processes_are_worth_it_for_many_files_on_a_gpu(tmp_path):
    """On the CPU threads do, unless processes are asked for; none is needed without a file."""
    assert not decoders().wants_processes(files(tmp_path, 100))
    on_gpu = decoders()
    on_gpu._runtime.device = torch.device("cuda")
    assert on_gpu.wants_processes(files(tmp_path, 100))
    assert not on_gpu.wants_processes(files(tmp_path, 3))
    asked = decoders(num_processes=1)
    assert asked.wants_processes(files(tmp_path, 1))
    assert not asked.wants_processes(["a text"])


def test_card_that_decodes_has_processes_for_a_few_files_too(tmp_path, monkeypatch):
    """They send it what it decodes, and have memory for what comes back."""
    played = PlayedHardware()
    monkeypatch.setattr("avmeter.engine.compute.decoders.Nvdec", lambda device: played)
    card = runtime()
    card.device = torch.device("cuda")
    found = Decoders(card, num_threads=2, num_processes=None, limits=DEFAULT_LIMITS, decoder="nvdec")
    assert found.wants_processes(files(tmp_path, 1))
    monkeypatch.setattr("avmeter.engine.decode.worker_pool.num_cores", lambda: 4)
    monkeypatch.setattr(DecodeWorkerPool, "start", lambda self, num_files: None)
    monkeypatch.setattr(card, "pin", lambda memory: None)
    found.start(files(tmp_path, 3))
    assert [d._hardware for d in found.make()] == [played] * 2
    sizes = [arena.size_bytes for arena in found.pool.arenas]
    assert sizes[0] > RESERVED_BYTES + large_arena_bytes(2)
    assert found.queue_bytes == max(sum(sizes), QUEUE_BYTES)
    found.stop()
    assert found.queue_bytes == decoders().queue_bytes == QUEUE_BYTES
    assert decoders(decoder="nvdec")._hardware is None, "a worker of a cluster without a card"


def test_threads_have_a_process_that_reads_each(tmp_path):
    """As many as there are files, at most one for each thread; they stay for what comes later."""
    found = decoders()
    found.start(files(tmp_path, 1))
    (first,) = found.readers
    found.start(files(tmp_path, 5))
    assert found.readers[0] is first
    assert len(found.readers) == 2
    made = list(found.make())
    assert [type(d) for d in made] == [LocalDecoder] * 2
    assert [d._reader for d in made] == found.readers
    found.stop()
    assert first.is_closed
    assert found.readers == []


def test_clip_in_memory_is_no_file(tmp_path):
    """Nor is a text; a group is, if all of its clips are, and so is what a job reads of one."""
    sound = MediaSource(samples=np.zeros(8, np.float32), sample_rate=8000)
    (path,) = files(tmp_path, 1)
    assert [is_file(s) for s in (path, sound, "text")] == [True, False, False]
    assert is_file(SourceGroup(clips=(path, path), reads={0: (0, None, 1)}))
    group = SourceGroup(clips=(path, sound), reads={0: (0, None), 1: (0, 1)})
    assert not is_file(group)
    assert [is_read(group, job) for job in (0, 1)] == [True, False]
