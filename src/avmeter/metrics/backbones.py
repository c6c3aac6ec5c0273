"""Audio embeddings that several metrics can stand on, and the sides of a corpus comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.sample import Sample
from avmeter.stats.moments import Moments

_FOLD_AT = 256
_MAX_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A network whose features metrics read: array `embedding` (D,) or (E, D), and `logits` (C,) if it has classes.

    Attributes:
        extractor: Registered name.
        dim: Size of an embedding, D.
        classes: Number of class logits; 0 when the network has none.
        options: Options of the extractor beside the protocol.
    """

    extractor: str
    dim: int
    classes: int
    options: Mapping[str, Any] = field(default_factory=dict)


BACKBONES: Mapping[str, Backbone] = {
    "passt": Backbone(extractor="passt", dim=768, classes=527),
    "panns": Backbone(extractor="panns", dim=2048, classes=527),
    "vggish": Backbone(extractor="vggish", dim=128, classes=0),
    "yamnet": Backbone(extractor="yamnet", dim=1024, classes=521),
    "clap": Backbone(extractor="clap_audio", dim=512, classes=0),
    "msclap-2023": Backbone(extractor="clap_audio", dim=1024, classes=0, options={"model": "msclap-2023"}),
}


def find_backbone(name: str, *, with_classes: bool = False, metric: str = "") -> Backbone:
    """The backbone called `name`.

    Raises:
        UnknownNameError: No such backbone.
        UsageError: The metric needs class logits and the backbone has none.
    """
    name = str(name)  # the command line reads "2023" as a number
    if name not in BACKBONES:
        raise UnknownNameError.among("backbone", name, BACKBONES)
    found = BACKBONES[name]
    if with_classes and not found.classes:
        usable = ", ".join(f"`{n}`" for n, b in BACKBONES.items() if b.classes)
        raise UsageError(f"{metric}: backbone `{name}` has no class probabilities", hint=f"use one of {usable}")
    return found


def audio_need(name: str, field_name: str, backbone: Backbone, protocol: str, *, optional: bool = False) -> Need:
    """The need for a backbone's features of a sample's sound."""
    options = {**backbone.options, "protocol": protocol}
    return Need(name=name, field=field_name, extractor=backbone.extractor, options=options, optional=optional)


@dataclass(kw_only=True)
class MomentsSide:
    """One side of a corpus comparison as streaming moments: memory does not grow with the corpus.

    Attributes:
        moments: Of the rows folded so far.
        pending: Finite rows not folded yet.
        num_dropped: Rows with a NaN or infinity, left out.
    """

    moments: Moments = field(default_factory=Moments.empty)
    pending: list[npt.NDArray[np.float32]] = field(default_factory=list)
    num_dropped: int = 0

    def add(self, embedding: npt.NDArray[Any]) -> None:
        """Fold rows (D,) or (E, D) in; non-finite ones are dropped and counted."""
        rows = np.atleast_2d(embedding)
        finite = np.isfinite(rows).all(axis=1)
        self.num_dropped += int((~finite).sum())
        if finite.any():
            self.pending.append(rows[finite])
        if sum(len(p) for p in self.pending) >= _FOLD_AT:
            self.fold()

    def fold(self) -> Moments:
        """Moments of everything added."""
        if self.pending:
            self.moments = self.moments.update(np.concatenate(self.pending))
            self.pending = []
        return self.moments

    def merge(self, other: MomentsSide) -> MomentsSide:
        """Both sides' rows together."""
        return MomentsSide(moments=self.fold().merge(other.fold()), num_dropped=self.num_dropped + other.num_dropped)


@dataclass(kw_only=True)
class RowsSide:
    """One side of a corpus comparison with its rows kept (float32): for statistics that need every clip.

    Attributes:
        rows: Finite rows (E, D) of each clip, in the order they came.
        ids: The clip behind each row of these.
        num_dropped: Rows with a NaN or infinity, left out.
    """

    rows: list[npt.NDArray[np.float32]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    num_dropped: int = 0

    def add(self, embedding: npt.NDArray[Any], name: str) -> None:
        """Keep rows (D,) or (E, D); non-finite ones are dropped and counted."""
        rows = np.atleast_2d(embedding)
        finite = np.isfinite(rows).all(axis=1)
        self.num_dropped += int((~finite).sum())
        if finite.any():
            self.rows.append(rows[finite].astype(np.float32))
            self.ids.extend([name] * int(finite.sum()))

    def sorted_rows(self) -> tuple[npt.NDArray[np.float32], list[str]]:
        """All rows (N, D) and their ids, by id; (0, 0) when there are none.

        Some statistics draw subsets by position: sorting keeps the order of the samples out of the score.
        """
        if not self.rows:
            return np.empty((0, 0), np.float32), []
        order = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        return np.concatenate(self.rows)[order], [self.ids[i] for i in order]

    def stacked(self) -> npt.NDArray[np.float32]:
        """The rows of `sorted_rows` alone."""
        return self.sorted_rows()[0]

    def merge(self, other: RowsSide) -> RowsSide:
        """Both sides' rows together."""
        return RowsSide(
            rows=self.rows + other.rows, ids=self.ids + other.ids, num_dropped=self.num_dropped + other.num_dropped
        )


@dataclass(kw_only=True)
class RowsState:
    """Rows of the generated and of the reference corpus."""

    generated: RowsSide = field(default_factory=RowsSide)
    reference: RowsSide = field(default_factory=RowsSide)

    def merge(self, other: RowsState) -> RowsState:
        """Both corpora together."""
        return RowsState(
            generated=self.generated.merge(other.generated), reference=self.reference.merge(other.reference)
        )

    def add(self, sample: Sample, features: FeatureSet) -> None:
        """Fold one sample in, each side where it belongs."""
        for side, embedding in sides_of(sample, features):
            (self.reference if side == "reference" else self.generated).add(embedding, sample.id)


def sides_of(sample: Sample, features: FeatureSet) -> list[tuple[str, npt.NDArray[Any]]]:
    """(side, embedding) pairs that a sample brings, for needs called "generated" and "reference"."""
    if sample.role == "reference":
        found = features.get("generated", features.get("reference"))
        return [("reference", found["embedding"])] if found is not None else []
    return [(side, features[side]["embedding"]) for side in ("generated", "reference") if side in features]


class RowsMetric(CorpusMetric):
    """A corpus metric over the embeddings of every generated and reference clip.

    Args:
        backbone: Name in `BACKBONES`.
        protocol: Decides preprocessing.
    """

    keeps_references = True

    def __init__(self, *, backbone: str = "passt", protocol: str = "fastvideo") -> None:
        super().__init__(protocol=protocol)
        self.backbone = backbone
        self._backbone = find_backbone(backbone)

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "backbone": self.backbone}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            audio_need("generated", "audio", self._backbone, self.protocol),
            audio_need("reference", "reference_audio", self._backbone, self.protocol, optional=True),
        )

    def start(self) -> RowsState:
        return RowsState()

    def update(self, state: RowsState, sample: Sample, features: FeatureSet) -> RowsState:
        state.add(sample, features)
        return state

    def merge(self, a: RowsState, b: RowsState) -> RowsState:
        return a.merge(b)
