"""Who decodes for a computer: processes, or threads that have files read in processes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from avmeter.engine.decode.hardware import RESERVED_BYTES, Hardware
from avmeter.engine.decode.local_decoder import LocalDecoder
from avmeter.engine.decode.messages import Source, SourceGroup, part_of
from avmeter.engine.decode.nvdec import Nvdec
from avmeter.engine.decode.reader_process import ReaderProcess
from avmeter.engine.decode.threads import QUEUE_BYTES, Decoder
from avmeter.engine.decode.worker_pool import (
    ARENA_BYTES,
    DecodeWorkerPool,
    default_decode_workers,
    large_arena_bytes,
)
from avmeter.media import MediaLimits
from avmeter.runtime import Runtime
from avmeter.sample import MediaSource

LIBAV, NVDEC = "libav", "nvdec"
DECODERS = (LIBAV, NVDEC)
_MAX_THREADS = 8


class Decoders:
    """Decoding processes and processes that read, which stay for the next plan.

    Args:
        runtime: Says what waits for the windows.
        num_threads: Decoding threads; default is one per core, at most 8.
        num_processes: Decoding processes, in place of threads; 0 for none; default depends on the files.
        limits: What a clip may unfold to.
        decoder: "libav", or "nvdec": the card decodes what it can for decoding processes, of which there are some for
            any number of files.

    Attributes:
        pool: Decoding processes, once there are any.
        readers: Processes that read files for decoding threads, once there are any.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        num_threads: int | None,
        num_processes: int | None,
        limits: MediaLimits,
        decoder: str = LIBAV,
    ) -> None:
        self.pool: DecodeWorkerPool | None = None
        self.readers: list[ReaderProcess] = []
        self.num_threads = num_threads or default_threads()
        self._runtime = runtime
        self._num_processes = num_processes
        self._limits = limits
        on_card = decoder == NVDEC and runtime.device.type == "cuda"  # workers of a cluster may have none
        self._hardware: Hardware | None = Nvdec(runtime.device) if on_card else None

    def wants_processes(self, sources: Collection[Source]) -> bool:
        """Return True if these sources are worth decoding processes, and there are none yet."""
        return self.pool is None and bool(self._num_processes_for(sources))

    def _num_processes_for(self, sources: Collection[Source]) -> int:
        num_files = sum(map(is_file, sources))
        count = self._num_processes
        if count is None and self._runtime.device.type == "cuda":
            count = default_decode_workers(num_files, few=self._hardware is not None)
        return count or 0 if num_files else 0

    def start(self, sources: Collection[Source]) -> None:
        """Start decoding processes, or processes that read, if there should be any and they are not running yet."""
        num_files = sum(map(is_file, sources))
        if self.wants_processes(sources):
            count = self._num_processes_for(sources)
            arena_bytes = ARENA_BYTES if self._hardware is None else large_arena_bytes(count) + RESERVED_BYTES
            self.pool = DecodeWorkerPool(count, arena_bytes=arena_bytes)
            self.pool.start(num_files)
            for arena in self.pool.arenas:  # while the processes import what they need
                self._runtime.pin(arena.memory)
        elif self.pool is not None:
            self.pool.start(num_files)
        elif self._num_processes is None:
            self.readers = [r for r in self.readers if not r.is_closed]
            num_read = sum(isinstance(s, MediaSource) and s.is_repeatable for s in sources)
            missing = min(self.num_threads, num_read) - len(self.readers)
            self.readers.extend(ReaderProcess() for _ in range(missing))
            for reader in self.readers:
                reader.start()

    def make(self) -> Iterator[Decoder]:
        """Yield a decoder for each thread, made when it is asked for."""
        if self.pool is not None:
            yield from self.pool.decoders(self._limits, self._hardware)
            return
        for number in range(self.num_threads):
            reader = self.readers[number] if number < len(self.readers) else None
            yield LocalDecoder(self._limits, reader=reader)

    @property
    def queue_bytes(self) -> int:
        """How much may wait for networks: what lies in memory that is reserved already costs nothing."""
        return max(QUEUE_BYTES, sum(arena.size_bytes for arena in self.pool.arenas) if self.pool is not None else 0)

    def stop(self) -> None:
        """End all processes; they come again when needed."""
        if self.pool is not None:
            self.pool.stop()
            self.pool = None
        for reader in self.readers:
            reader.close()
        self.readers.clear()


def default_threads() -> int:
    """Return how many threads decode, and hash files, on this machine."""
    return min(_MAX_THREADS, os.cpu_count() or 1)


def is_file(source: Source) -> bool:
    """Return True for a clip, or a pair of clips, that another process can read."""
    return not isinstance(source, str) and source.is_elsewhere


def is_read(source: MediaSource | SourceGroup, job: int) -> bool:
    """Return True if all that a job reads of a source can be read by another process."""
    return all(clip is None or clip.is_elsewhere for clip in part_of(source, job))
