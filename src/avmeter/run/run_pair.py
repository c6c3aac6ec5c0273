"""Two runs side by side: which of their samples belong together, and which pairs count together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.errors import UnknownNameError, UsageError
from avmeter.run.clusters import Clusters, find_clusters
from avmeter.run.columns import column_names
from avmeter.run.results import EvalResults
from avmeter.run.sample_ids import match_sample_ids


@dataclass(frozen=True, kw_only=True)
class RunPair:
    """Two runs, which of their samples belong together, and which pairs count together."""

    a: EvalResults
    b: EvalResults
    partners: Mapping[str, str]  # id in B -> id in A
    clusters: _ClusterLabels | None
    run_a: str = "A"
    run_b: str = "B"

    @classmethod
    def of(cls, a: EvalResults, b: EvalResults, *, cluster: str | None, names: tuple[str, str]) -> RunPair:
        """Pair the samples of two runs.

        Args:
            a: The baseline.
            b: The candidate.
            cluster: Column whose values say which samples count together.
            names: Of the runs.

        Raises:
            UsageError: They have neither a sample nor a corpus score in common.
            UnknownNameError: No sample of either run has the column.
        """
        ids_a, ids_b = (scored_ids(run) for run in (a, b))
        partners = match_sample_ids(ids_b, ids_a)
        if not partners and not (a.corpus.keys() & b.corpus.keys()):
            raise UsageError(
                f"no sample is in both runs: ids are like `{next(iter(ids_a), '')}` and `{next(iter(ids_b), '')}`",
                hint="score folders whose files have the same relative paths, or give ids",
            )
        labels = _cluster_labels(a, b, partners, cluster)
        return cls(a=a, b=b, partners=partners, clusters=labels, run_a=names[0], run_b=names[1])

    def by_id(self, values_a: Mapping[str, Any], values_b: Mapping[str, Any]) -> Pairs:
        """Return what both sides have a value of, by the id in A."""
        renamed = {self.partners.get(i, i): value for i, value in values_b.items()}
        shared = [i for i in values_a if i in renamed]
        return Pairs(
            ids=shared,
            a=[values_a[i] for i in shared],
            b=[renamed[i] for i in shared],
            num_only_a=len(values_a) - len(shared),
            num_only_b=len(renamed) - len(shared),
        )

    def cluster_labels(self, ids: Sequence[str]) -> list[Hashable] | None:
        """Return the cluster of each of these samples of A, or None where each stands alone."""
        return None if self.clusters is None else [self.clusters.by_id[i] for i in ids]


@dataclass(frozen=True, kw_only=True)
class _ClusterLabels:
    """Which column makes the clusters, and the cluster of each id in A, and of each in B without a partner there."""

    column: str
    by_id: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Values of the samples that both runs have."""

    ids: list[str]
    a: list[Any]
    b: list[Any]
    num_only_a: int
    num_only_b: int


def _cluster_labels(
    a: EvalResults, b: EvalResults, partners: Mapping[str, str], column: str | None
) -> _ClusterLabels | None:
    """Return the clusters that the samples of A have, or else those of B; clips of one run alone have theirs, too."""
    own, other = (_find_clusters(run, column) for run in (a, b))
    found = own or other
    if found is None:
        known = {*column_names(a.samples), *column_names(b.samples)}
        if column is not None and column not in known:
            raise UnknownNameError.among("column of the samples", column, known)
        return None
    labels_a = _labels_by_id(a.sample_ids, own or _find_clusters(a, found.column), "A")
    ids_b = [partners.get(i, i) for i in b.sample_ids]
    labels_b = _labels_by_id(ids_b, other or _find_clusters(b, found.column), "B")
    by_id = labels_b | labels_a if own is not None else labels_a | labels_b
    return _ClusterLabels(column=found.column, by_id=by_id)


def _labels_by_id(ids: Sequence[str], clusters: Clusters | None, run: str) -> dict[str, str]:
    """Return id in A -> cluster; clips without a value, whose labels begin with a line break, are apart from others."""
    labels = () if clusters is None else clusters.labels
    return {i: f"{label}{run}" if label.startswith("\n") else label for i, label in zip(ids, labels, strict=False)}


def _find_clusters(run: EvalResults, column: str | None) -> Clusters | None:
    """Return the clusters of a run; none where it lacks the column, which the other may have."""
    try:
        return find_clusters(run.samples, column)
    except UnknownNameError:
        return None


def scored_ids(run: EvalResults) -> list[str]:
    """Return the ids of the samples to be scored."""
    ids = run.sample_ids
    return [ids[i] for i in run.scored_positions]
