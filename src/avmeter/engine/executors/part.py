"""Part of a run: what one process of several has scored, to be merged with the others before a corpus is finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from avmeter.engine.executors.base import ChunkResult, Row
from avmeter.engine.executors.corpus import CorpusState, finish_states, merge_states, start_states
from avmeter.metrics.base import Metric
from avmeter.sample import Sample, as_samples

_LIGHT = (str, int, float, bool)


@dataclass(frozen=True, kw_only=True)
class PartialRun:
    """Rows of samples and corpus states over them; can be pickled, and holds no media.

    Attributes:
        samples: Names, roles, texts and paths.
        rows: Results of each.
        states: Metric -> state of its corpus.
        provenance: What produced them, as for a run.
    """

    samples: Sequence[Sample]
    rows: Sequence[Row]
    states: Mapping[str, CorpusState]
    provenance: Mapping[str, Any] = field(default_factory=dict)


def partial_run(samples: Sequence[Sample], result: ChunkResult, provenance: Mapping[str, Any]) -> PartialRun:
    """Return what is to be merged with other parts, without any media."""
    light = [_without_media(s) for s in samples]
    return PartialRun(samples=light, rows=result.rows, states=result.states, provenance=provenance)


def merge_parts(parts: Sequence[PartialRun], metrics: Mapping[str, Metric]) -> tuple[list[Sample], list[Row], Row]:
    """Return samples and rows of all parts, in their order, and the results of the corpus over all of them.

    Raises:
        ManifestError: An explicit id is in two parts, as where a sampler repeats samples to fill the last batch.
    """
    samples = as_samples([sample for part in parts for sample in part.samples])
    states = start_states(metrics)
    for part in parts:
        states = merge_states(metrics, states, part.states)
    return samples, [row for part in parts for row in part.rows], finish_states(metrics, states)


def _without_media(sample: Sample) -> Sample:
    """Return a sample that costs nothing to send: paths and URLs stay, arrays and bytes go."""
    return replace(
        sample,
        media={name: source for name, source in sample.media.items() if source.is_elsewhere},
        extras={name: value for name, value in sample.extras.items() if isinstance(value, _LIGHT)},
        original={"id": sample.id} if "id" in sample.original else {},
    )
