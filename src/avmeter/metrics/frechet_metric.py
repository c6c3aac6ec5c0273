"""Fréchet distance between the generated and the reference set, as Gaussians of embeddings: of sound and of video.

|m - n|^2 + tr(A + B - 2 (A B)^(1/2))
"""

from __future__ import annotations

import abc
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from avmeter.caveats import Caveat, CaveatCode
from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.backbone_metric import BackboneMetric
from avmeter.metrics.backbones import DEFAULT_BACKBONE
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.metrics.details import CLIP_INFLUENCES, REFERENCE_SPREAD, with_caveats
from avmeter.metrics.embedding_sets import MomentsState
from avmeter.metrics.reference_features import ReferenceSet, load_reference
from avmeter.protocols import AV_BENCHMARK, FASTVIDEO, harness_of
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.frechet import frechet_distance
from avmeter.stats.frechet_bias import expected_bias
from avmeter.stats.frechet_influence import frechet_contributions
from avmeter.stats.moments import Moments

# Published harnesses: FastVideo adds this to both diagonals, always; av-benchmark only where a root failed.
DIAGONAL_OFFSET = {FASTVIDEO: 1e-6, AV_BENCHMARK: 0.0}
_SAME_FILE_BELOW = 1e-6
# From this many reference clips per dimension on, the population's spectrum, and with it the bias, can be estimated.
_FEWEST_PER_DIMENSION = 1 / 4


class FrechetMetric(BackboneMetric, CorpusMetric):
    """Fréchet distance between corpora, in squared units of the embedding; lower is better.

    Args:
        reference_features: File of the reference set (.pt, .npy, .npz); default: the one that the environment names,
            else the samples' own references.
        protocol: Decides preprocessing and the diagonal offset.

    Attributes:
        for_single_clips: The metric to ask where there are too few clips.
        diagonal_offset: Protocol -> what is added to both diagonals.
    """

    direction = "lower"
    range = (0.0, None)
    keeps_references = True
    min_samples = 2
    for_single_clips: ClassVar[str]
    diagonal_offset: ClassVar[Mapping[str, float]] = DIAGONAL_OFFSET

    def __init__(
        self,
        *,
        backbone: str = DEFAULT_BACKBONE,
        reference_features: str | Path | None = None,
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(backbone=backbone, protocol=protocol)
        self._path = Path(reference_features) if reference_features is not None else self.reference_file()
        self.takes_references = self._path is None
        if reference_features is not None:
            self.check_setup()

    @staticmethod
    @abc.abstractmethod
    def reference_file() -> Path | None:
        """Return the file of the reference set that the environment names, or None."""

    @functools.cached_property
    def reference(self) -> ReferenceSet | None:
        """Content of the file; None where there is none."""
        return load_reference(self._path, self._backbone, protocol=self.protocol) if self._path is not None else None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the content of the file: it comes with every chunk, and only the end of a run needs it."""
        return {name: value for name, value in self.__dict__.items() if name != "reference"}

    def check_setup(self) -> None:
        _ = self.reference

    def options(self) -> Mapping[str, Any]:
        return {
            **super().options(),
            "reference_features": str(self._path) if self._path else None,
        }

    @property
    def needs(self) -> tuple[Need, ...]:
        if self._path is not None:
            return (self.generated_need(),)
        return (self.generated_need(), self.reference_need(optional=True))

    def start(self) -> MomentsState:
        return MomentsState()

    def start_part(self) -> MomentsState:
        return MomentsState.of_part()

    def update(self, state: MomentsState, sample: Sample, features: FeatureSet) -> MomentsState:
        state.add(sample, features)
        return state

    def merge(self, a: MomentsState, b: MomentsState) -> MomentsState:
        return a.merge(b)

    def finish(self, state: MomentsState) -> MetricResult:
        generated, cached = state.generated.fold(), self.reference
        reference = cached.moments if cached else state.reference.fold()
        details: dict[str, Any] = {
            "backbone": self.backbone,
            "n_gen": generated.count,
            "n_ref": reference.count if cached is None or cached.count_known else None,
            "n_gen_dropped_nonfinite": state.generated.num_dropped,
            "n_ref_dropped_nonfinite": cached.num_dropped if cached else state.reference.num_dropped,
            "ref_source": "cached" if cached else "samples",
        }
        if generated.count < 2 or reference.count < 2:
            skip = SkipError(
                SkipCode.TOO_FEW_SAMPLES,
                f"{self.name}: needs at least 2 embeddings per side, got {generated.count} generated and "
                f"{reference.count} reference",
                hint=f"for single clips use a per-clip metric such as `{self.for_single_clips}`",
            )
            return MetricResult.skipped(self.name, skip, details=details)
        result = frechet_distance(
            generated=generated,
            reference=reference,
            diagonal_offset=self.diagonal_offset[harness_of(self.protocol)],
        )
        details |= {
            "dim": result.dim,
            "rank_gen": result.generated_rank,
            "rank_ref": result.reference_rank,
            "mean_term": result.mean_term,
            "covariance_term": result.covariance_term,
        }
        caveats = []
        counts = [n for n in (details["n_gen"], details["n_ref"]) if n is not None]
        if min(counts) <= result.dim:
            caveats.append(
                Caveat.of(CaveatCode.FEWER_CLIPS_THAN_DIMENSIONS, num_embeddings=min(counts), dim=result.dim)
            )
        if details["n_ref"] is not None and reference.count >= _FEWEST_PER_DIMENSION * result.dim:
            details["expected_bias"] = expected_bias(reference=reference, generated_count=generated.count).value
        elif details["n_ref"] is not None:
            caveats.append(Caveat.of(CaveatCode.UNKNOWN_BIAS, num_embeddings=reference.count, dim=result.dim))
        if result.distance < _SAME_FILE_BELOW:
            caveats.append(Caveat.of(CaveatCode.NEARLY_ZERO))
        if state.keeps_rows:
            details[CLIP_INFLUENCES] = _influences(state, reference)
            details[REFERENCE_SPREAD] = _spread(reference)
        if result.generated_rank == 0:
            caveats.append(Caveat.of(CaveatCode.EQUAL_EMBEDDINGS))
        return MetricResult(self.name, max(result.distance, 0.0), with_caveats(details, caveats))


def _influences(state: MomentsState, reference: Moments) -> dict[str, float]:
    """Return clip -> what it adds to the distance, to first order, over all its embeddings."""
    rows, clips = state.rows.sorted_rows()
    found = dict.fromkeys(clips, 0.0)
    for clip, value in zip(clips, frechet_contributions(generated=rows, reference=reference), strict=True):
        found[clip] += float(value)
    return {clip: float(f"{value:.6g}") for clip, value in found.items()}


def _spread(moments: Moments) -> list[float]:
    """Return the length of the mean, and the trace of the covariance."""
    return [float(f"{value:.6g}") for value in (np.linalg.norm(moments.mean), np.trace(moments.covariance))]
