"""Which pieces of a run wait, run and are done, and what becomes of one whose worker was lost.

A chunk that a worker died over is given to another one. The second time it is split, and split again, until the clip
that kills workers is alone: that clip is skipped by name, and costs the others nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from avmeter.engine.executors.base import Chunk, ChunkResult
from avmeter.engine.executors.corpus import merge_states
from avmeter.engine.executors.scoring import skip_chunk
from avmeter.errors import SkipCode
from avmeter.metrics.base import Metric
from avmeter.result import Skip
from avmeter.sample import Sample

logger = logging.getLogger("avmeter")
_DEATHS = 2  # over the same samples, before they are to blame
_MOVES = 3  # lost machines that count as one death: a clip may use up the memory of a whole machine
_PARTS = 8  # a worker takes seconds to start: few rounds matter more than few deaths
_LEAST_CHUNK = 16  # about; much smaller ones would cost more than it costs to wait for the last of this size
_CHUNKS_OF_REST = 4  # of each worker: how much of what is left goes into the next chunk
_MAX_DEATHS_IN_A_ROW = 32  # of all workers: by then it is no sample's fault, and to search on would take days


@dataclass(frozen=True, eq=False, kw_only=True)
class Piece:
    """Consecutive samples of a chunk: all of them, or what it was split into.

    Attributes:
        chunk: The chunk.
        offset: Position of the first of them in the chunk.
        samples: The samples.
        num_deaths: Workers that died over them.
        num_moves: Machines that were lost with them.
    """

    chunk: Chunk
    offset: int
    samples: Sequence[Sample]
    num_deaths: int = 0
    num_moves: int = 0

    def __str__(self) -> str:
        start = self.chunk.start + self.offset
        end = start + len(self.samples) - 1
        return f"samples {start} to {end}" if end > start else f"sample {start} ({self.samples[0].id})"

    @property
    def is_suspect(self) -> bool:
        """A worker or a machine was lost with them, perhaps by their fault."""
        return self.num_deaths + self.num_moves > 0

    @property
    def share(self) -> float:
        """Share of the chunk, 0 to 1, that these samples are."""
        return len(self.samples) / len(self.chunk.samples)


class PieceQueue:
    """Hands out pieces of chunks, and gives whole chunks back in order.

    Args:
        chunks: The run.
        metrics: Name -> metric.
        max_ahead: Chunks that may be handed out before the first unfinished one is done, which bounds memory.
    """

    def __init__(self, chunks: Sequence[Chunk], metrics: Mapping[str, Metric], *, max_ahead: int) -> None:
        self._chunks = chunks
        self._metrics = metrics
        self._max_ahead = max_ahead
        self._num_started = 0
        self._num_returned = 0
        self._num_deaths_in_a_row = 0
        self._returned: deque[Piece] = deque()
        self._reserved: list[Piece] = []
        self._results: dict[Chunk, dict[int, ChunkResult]] = {}

    @property
    def is_done(self) -> bool:
        """Every chunk was given back."""
        return self._num_returned == len(self._chunks)

    @property
    def is_empty(self) -> bool:
        """Every piece was handed out, and none was taken back."""
        return not self._returned and self._num_started == len(self._chunks)

    def take(
        self, may_retry: Callable[[Piece], bool] = lambda _: True, *, held: Collection[Piece] = ()
    ) -> Piece | None:
        """Return the next piece to compute; None where there is none for now.

        Args:
            may_retry: Whether a piece that was taken back may be handed out to whoever asks.
            held: What whoever asks has already. Nothing is handed out beside a piece that a worker or a machine was
                lost with, so that it is clear what kills.
        """
        if any(piece.is_suspect for piece in held):
            return None
        piece = next((p for p in self._returned if not (held and p.is_suspect) and may_retry(p)), None)
        if piece is not None:
            self._returned.remove(piece)
            return piece
        if self._num_started == len(self._chunks) or self._num_started >= self._num_returned + self._max_ahead:
            return None
        chunk = self._chunks[self._num_started]
        self._num_started += 1
        return Piece(chunk=chunk, offset=0, samples=chunk.samples)

    def finish(self, piece: Piece, result: ChunkResult) -> None:
        """Note the result of a piece."""
        self._num_deaths_in_a_row = 0
        self._add(piece, result)

    def finish_parts(self, piece: Piece, parts: Mapping[int, ChunkResult]) -> None:
        """Note results of parts of a piece; the rest is reserved for the run itself.

        Args:
            piece: The piece.
            parts: Position of the first sample of a part in the piece -> results.
        """
        self._num_deaths_in_a_row = 0
        for start, result in parts.items():
            self._add(_part_of(piece, start, piece.samples[start : start + len(result.rows)]), result)
        self._reserved.extend(_part_of(piece, start, samples) for start, samples in _gaps(piece.samples, parts))

    def take_reserved(self) -> Piece | None:
        """Return the first of the pieces that are reserved for the run itself."""
        if not self._reserved:
            return None
        piece = min(self._reserved, key=lambda p: p.chunk.start + p.offset)
        self._reserved.remove(piece)
        return piece

    def share_done(self, chunk: Chunk) -> float:
        """Return the share, 0 to 1, of the samples of a chunk that was not given back yet which have their results."""
        return sum(len(r.rows) for r in self._results.get(chunk, {}).values()) / len(chunk.samples)

    def _add(self, piece: Piece, result: ChunkResult) -> None:
        self._results.setdefault(piece.chunk, {})[piece.offset] = result

    def give_back(self, piece: Piece) -> None:
        """Take a piece back that was not begun."""
        self._returned.appendleft(piece)

    def move(self, piece: Piece) -> None:
        """Take a piece back whose machine was lost."""
        if piece.num_moves + 1 >= _MOVES:
            self.report_death(replace(piece, num_moves=0))
        else:
            self._returned.appendleft(replace(piece, num_moves=piece.num_moves + 1))

    def report_death(self, piece: Piece) -> None:
        """Take a piece back whose worker died: it is tried again, split, or skipped by name."""
        num_deaths = piece.num_deaths + 1
        self._num_deaths_in_a_row += 1
        if num_deaths < _DEATHS:
            self._returned.appendleft(replace(piece, num_deaths=num_deaths))
        elif len(piece.samples) > 1 and self._num_deaths_in_a_row < _MAX_DEATHS_IN_A_ROW:
            self._returned.extendleft(reversed(_split(piece)))
        else:
            self.skip(piece)

    def skip(self, piece: Piece) -> None:
        """Skip the samples of a piece that workers died over."""
        logger.warning("%s: every worker that computed this died; skipped", piece)
        num_samples = len(piece.samples)
        what = "this sample" if num_samples == 1 else f"this and {num_samples - 1} samples beside it"
        skip = Skip(
            code=SkipCode.WORKER_DIED,
            reason=f"the process that computed {what} died each time",
            hint="memory ran out, or a file breaks a library; scoring it alone in one process shows more",
        )
        self._add(piece, skip_chunk(piece.samples, self._metrics, skip))

    def close(self, skip: Skip) -> None:
        """Skip every sample that has no result yet; whatever still runs must not be reported any more."""
        self._returned.clear()
        self._reserved.clear()
        self._num_started = len(self._chunks)
        for chunk in self._chunks[self._num_returned :]:
            results = self._results.setdefault(chunk, {})
            for offset, samples in _gaps(chunk.samples, results):
                results[offset] = skip_chunk(samples, self._metrics, skip)

    def pop_finished(self) -> Iterator[tuple[Chunk, ChunkResult]]:
        """Yield the chunks that are done and have no unfinished one before them, with their results."""
        while not self.is_done:
            chunk = self._chunks[self._num_returned]
            results = self._results.get(chunk, {})
            if sum(len(r.rows) for r in results.values()) < len(chunk.samples):
                return
            del self._results[chunk]
            self._num_returned += 1
            yield chunk, self._joined([results[offset] for offset in sorted(results)])

    def _joined(self, results: Sequence[ChunkResult]) -> ChunkResult:
        joined = results[0]
        for result in results[1:]:
            states = merge_states(self._metrics, joined.states, result.states)
            joined = ChunkResult(rows=joined.rows + result.rows, states=states)
        return joined


def _split(piece: Piece) -> list[Piece]:
    """Return parts of a piece that are to blame for one death already."""
    size = -(-len(piece.samples) // _PARTS)
    return [
        Piece(
            chunk=piece.chunk,
            offset=piece.offset + start,
            samples=piece.samples[start : start + size],
            num_deaths=_DEATHS - 1,
        )
        for start in range(0, len(piece.samples), size)
    ]


def _part_of(piece: Piece, start: int, samples: Sequence[Sample]) -> Piece:
    return Piece(chunk=piece.chunk, offset=piece.offset + start, samples=samples)


def _gaps(samples: Sequence[Sample], results: Mapping[int, ChunkResult]) -> list[tuple[int, Sequence[Sample]]]:
    """Return (offset, samples) of what lies between the results of some of these samples."""
    gaps, start = [], 0
    for offset, length in [*((o, len(results[o].rows)) for o in sorted(results)), (len(samples), 0)]:
        if offset > start:
            gaps.append((start, samples[start:offset]))
        start = offset + length
    return gaps


def falling_sizes(num_samples: int, *, most: int, num_workers: int) -> Iterator[int]:
    """Yield sizes of chunks that get smaller towards the end, so that no worker waits long for the last.

    Args:
        num_samples: What they add up to.
        most: Of a chunk.
        num_workers: Who share them; a small set is spread over all.
    """
    least = min(_LEAST_CHUNK, -(-num_samples // (2 * num_workers)))
    left = num_samples
    while left > 0:
        size = -(-left // (_CHUNKS_OF_REST * num_workers))
        if size <= least:  # what is left is shared evenly: a small rest would be one chunk too many
            size = -(-left // max(1, (2 * left + least) // (2 * least)))
        size = min(most, size)
        yield size
        left -= size
