"""The two sides of a corpus comparison, accumulated clip by clip: as moments where those are enough, else as rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.caveats import Caveat, CaveatCode
from avmeter.metrics.backbone_metric import BackboneMetric
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.sample import Sample
from avmeter.stats.moments import Moments

_FOLD_FROM_ROWS = 256
# 87,000 embeddings of 768 dimensions, or the frames that `common.fid` reads of 4,000 clips.
_MOST_ROW_BYTES = 256 * 2**20
# As a share of the largest number: a network's outputs in batches of other sizes differ by up to 7e-7.
_EQUAL_WITHIN = 1e-6


@dataclass(kw_only=True)
class MomentsSide:
    """One side of a corpus comparison as streaming moments: memory does not grow with the corpus.

    Sums of floating-point numbers depend on how they are grouped. A side of a part of a corpus keeps its rows until it
    is merged into what comes before it, so that rows are grouped as they are in one pass, and the bits are the same.

    Attributes:
        moments: Of the rows folded so far.
        pending: Finite rows of each clip, not folded yet.
        num_dropped: Rows with a NaN or infinity, left out.
        is_part: Other clips come before these.
    """

    moments: Moments = field(default_factory=Moments.empty)
    pending: list[npt.NDArray[np.float32]] = field(default_factory=list)
    num_dropped: int = 0
    is_part: bool = False

    def __post_init__(self) -> None:
        self._num_pending = sum(map(len, self.pending))

    def add(self, embedding: npt.NDArray[Any]) -> None:
        """Add rows (D,) or (E, D); non-finite ones are dropped and counted."""
        rows = np.atleast_2d(embedding)
        if np.isfinite(rows).all():
            self._add_finite(rows.copy())
            return
        finite = np.isfinite(rows).all(axis=1)
        self.num_dropped += int((~finite).sum())
        if finite.any():
            self._add_finite(rows[finite])

    def _add_finite(self, rows: npt.NDArray[Any]) -> None:
        self.pending.append(rows)
        self._num_pending += len(rows)
        if not self.is_part and self._num_pending >= _FOLD_FROM_ROWS:
            self.fold()

    def fold(self) -> Moments:
        """Return the moments of everything added."""
        if self.pending:
            self.moments = self.moments.update(np.concatenate(self.pending))
            self.pending, self._num_pending = [], 0
        return self.moments

    def merge(self, other: MomentsSide) -> MomentsSide:
        """Return both sides' rows together; those of a part to the bit as if they had been added here."""
        moments = self.fold().merge(other.fold()) if other.moments.count else self.moments
        merged = MomentsSide(
            moments=moments,
            pending=list(self.pending),
            num_dropped=self.num_dropped + other.num_dropped,
            is_part=self.is_part,
        )
        for rows in other.pending:
            merged._add_finite(rows)
        return merged


@dataclass(kw_only=True)
class RowsSide:
    """One side of a corpus comparison with all its rows (float32): for statistics that need every clip.

    Attributes:
        rows: Finite rows (E, D) of each clip, in the order they came.
        ids: The clip behind each row of these.
        num_dropped: Rows with a NaN or infinity, left out.
    """

    rows: list[npt.NDArray[np.float32]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    num_dropped: int = 0

    def add(self, embedding: npt.NDArray[Any], clip: str) -> None:
        """Add rows (D,) or (E, D) of a clip; non-finite ones are dropped and counted."""
        rows = np.atleast_2d(embedding)
        finite = np.isfinite(rows).all(axis=1)
        self.num_dropped += int((~finite).sum())
        if finite.any():
            self.rows.append(rows[finite].astype(np.float32))
            self.ids.extend([clip] * int(finite.sum()))

    def sorted_rows(self) -> tuple[npt.NDArray[np.float32], list[str]]:
        """Return all rows (N, D) and their ids, by id; (0, 0) when there are none.

        Some statistics draw subsets by position: sorting keeps the order of the samples out of the score.
        """
        if not self.rows:
            return np.empty((0, 0), np.float32), []
        order = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        return np.concatenate(self.rows)[order], [self.ids[i] for i in order]

    def stacked(self) -> npt.NDArray[np.float32]:
        """Return the rows of `sorted_rows` alone."""
        return self.sorted_rows()[0]

    @property
    def are_equal(self) -> bool:
        """Whether there are two rows or more, and all are one embedding, but for rounding in float32."""
        if len(self.ids) < 2:
            return False
        first = self.rows[0][0]
        within = _EQUAL_WITHIN * float(np.abs(first).max(initial=0.0))
        return all(bool((np.abs(rows - first) <= within).all()) for rows in self.rows)

    def merge(self, other: RowsSide) -> RowsSide:
        """Return both sides' rows together."""
        return RowsSide(
            rows=self.rows + other.rows, ids=self.ids + other.ids, num_dropped=self.num_dropped + other.num_dropped
        )


@dataclass(kw_only=True)
class MomentsState:
    """Streaming moments of the generated and of the reference corpus, and the generated rows as long as they fit.

    Attributes:
        generated: Moments of the generated corpus.
        reference: Moments of the reference corpus.
        rows: The generated rows by clip, empty once they are too many: what a clip adds to the score takes them all.
        num_bytes: Size of the generated rows, held or not.
    """

    generated: MomentsSide = field(default_factory=MomentsSide)
    reference: MomentsSide = field(default_factory=MomentsSide)
    rows: RowsSide = field(default_factory=RowsSide)
    num_bytes: int = 0

    @classmethod
    def of_part(cls) -> MomentsState:
        """Return an empty state of a part of a corpus, which is merged into what comes before it."""
        return cls(generated=MomentsSide(is_part=True), reference=MomentsSide(is_part=True))

    def add(self, sample: Sample, features: FeatureSet) -> None:
        """Add one sample, each embedding to the side where it belongs."""
        for side, embedding in sides_of(sample, features):
            if side == "reference":
                self.reference.add(embedding)
                continue
            self.generated.add(embedding)
            self.num_bytes += 4 * embedding.size
            if self.keeps_rows:
                self.rows.add(embedding, sample.id)
            else:
                self.rows = RowsSide()

    @property
    def keeps_rows(self) -> bool:
        """Whether `rows` has all generated rows."""
        return self.num_bytes <= _MOST_ROW_BYTES

    def merge(self, other: MomentsState) -> MomentsState:
        """Return both corpora together."""
        num_bytes = self.num_bytes + other.num_bytes
        return MomentsState(
            generated=self.generated.merge(other.generated),
            reference=self.reference.merge(other.reference),
            rows=self.rows.merge(other.rows) if num_bytes <= _MOST_ROW_BYTES else RowsSide(),
            num_bytes=num_bytes,
        )


@dataclass(kw_only=True)
class RowsState:
    """Rows of the generated and of the reference corpus."""

    generated: RowsSide = field(default_factory=RowsSide)
    reference: RowsSide = field(default_factory=RowsSide)

    def caveats(self) -> list[Caveat]:
        """Return what is wrong with the generated rows, whatever the statistic over them."""
        return [Caveat.of(CaveatCode.EQUAL_EMBEDDINGS)] if self.generated.are_equal else []

    def add(self, sample: Sample, features: FeatureSet) -> None:
        """Add one sample, each embedding to the side where it belongs."""
        for side, embedding in sides_of(sample, features):
            (self.reference if side == "reference" else self.generated).add(embedding, sample.id)

    def merge(self, other: RowsState) -> RowsState:
        """Return both corpora together."""
        return RowsState(
            generated=self.generated.merge(other.generated), reference=self.reference.merge(other.reference)
        )


def sides_of(sample: Sample, features: FeatureSet) -> list[tuple[str, npt.NDArray[Any]]]:
    """Return the (side, embedding) pairs that a sample brings, for needs called "generated" and "reference"."""
    if sample.role == "reference":
        found = features.get("generated", features.get("reference"))
        return [("reference", found["embedding"])] if found is not None else []
    return [(side, features[side]["embedding"]) for side in ("generated", "reference") if side in features]


class RowsMetric(BackboneMetric, CorpusMetric):
    """A corpus metric over the embeddings of every generated and reference clip."""

    keeps_references = True

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.generated_need(), self.reference_need(optional=True))

    def start(self) -> RowsState:
        return RowsState()

    def update(self, state: RowsState, sample: Sample, features: FeatureSet) -> RowsState:
        state.add(sample, features)
        return state

    def merge(self, a: RowsState, b: RowsState) -> RowsState:
        return a.merge(b)
