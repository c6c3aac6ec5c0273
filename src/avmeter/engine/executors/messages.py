"""What a run sends to its workers, also on other machines, and what they answer; the first message sets them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.base import ChunkResult
from avmeter.media import KnownHash, known_hashes
from avmeter.metrics.base import Metric
from avmeter.result import Skip
from avmeter.sample import Sample


@dataclass(frozen=True, kw_only=True)
class ScoringSetup:
    """The first message to a worker that computes no features.

    Attributes:
        config: Of the run, as of a worker.
        fingerprints: Identity of an extractor -> its fingerprint, or why it has none.
    """

    config: EvaluatorConfig
    fingerprints: Mapping[str, str | Skip]


@dataclass(frozen=True, kw_only=True)
class ChunkTask:
    """A chunk to compute; a worker may be given several, and answers them in order.

    Attributes:
        number: What answers call it by.
        samples: The chunk.
        metrics: Name -> metric.
        modules: Modules to import first: they register the extractors that the metrics need.
        hashes: Path of a file of the chunk -> its hash, where the run knows it.
    """

    number: int = 0
    samples: Sequence[Sample]
    metrics: Mapping[str, Metric]
    modules: Sequence[str] = ()
    hashes: Mapping[str, KnownHash] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WantsChunk:
    """A worker will soon have nothing to decode: said once, until it is given a chunk.

    Attributes:
        after: Number of the chunk that it took last, so that one that is on its way is told from one that is missing.
    """

    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChunkShare:
    """Which share, 0 to 1, of a chunk is done."""

    number: int
    share: float


@dataclass(frozen=True, kw_only=True)
class ChunkDone:
    """Results of a chunk, and what was computed and logged since the last."""

    number: int = 0
    result: ChunkResult
    counts: Counts
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class PartsDone:
    """Results of those samples of a chunk whose features were all stored.

    Attributes:
        number: Of the chunk.
        parts: Position of the first of some consecutive samples in the chunk -> their results.
        counts: What was taken from the store for them.
        log: What was logged since the last answer.
        hashes: Path of a file of the chunk -> its hash, where the run did not know it.
    """

    number: int
    parts: Mapping[int, ChunkResult]
    counts: Counts
    log: str = ""
    hashes: Mapping[str, KnownHash] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WorkerWarning:
    """What a worker warns of, where nobody sees its own log."""

    text: str


@dataclass(frozen=True, kw_only=True)
class WorkerStarted:
    """A worker can compute; what its device is called."""

    device: str


@dataclass(frozen=True, kw_only=True)
class RunStopped:
    """A worker that was told to stop has answered whatever it had begun, and forgotten the rest."""


@dataclass(frozen=True, kw_only=True)
class WorkerFault:
    """Traceback of what ended a worker: its last message."""

    traceback: str


def hashes_of(samples: Sequence[Sample]) -> dict[str, KnownHash]:
    """Return the hashes of the files of these samples, as far as this process knows them."""
    sources = (source for sample in samples for source in sample.media.values())
    return known_hashes(str(source.path) for source in sources if source.path is not None)
