"""Kernel distance (maximum mean discrepancy) between the generated and the reference set: of sound and of video."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.backbones import DEFAULT_BACKBONE
from avmeter.metrics.base import Need
from avmeter.metrics.details import with_caveats
from avmeter.metrics.embedding_sets import RowsMetric, RowsState
from avmeter.metrics.option_values import require_at_least
from avmeter.metrics.reference_features import load_reference
from avmeter.protocols import FASTVIDEO
from avmeter.result import MetricResult
from avmeter.stats.kernel import kernel_audio_distance, kernel_inception_distance

KERNELS = ("gaussian", "polynomial")


class KernelMetric(RowsMetric):
    """Squared maximum mean discrepancy; about 0 for equal distributions, may be negative; lower is better.

    Args:
        kernel: "gaussian" (KAD, times 100 as published) or "polynomial" (KID).
        subsets: Random subsets of the polynomial kernel.
        subset_size: Clips of each.
        reference_features: File of reference features (rows, not statistics).
    """

    direction = "lower"
    min_samples = 10

    def __init__(
        self,
        *,
        kernel: str = "gaussian",
        backbone: str = DEFAULT_BACKBONE,
        subsets: int = 100,
        subset_size: int = 1000,
        reference_features: str | None = None,
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(backbone=backbone, protocol=protocol)
        if kernel not in KERNELS:
            raise UnknownNameError.among("kernel", kernel, KERNELS)
        require_at_least(1, subsets=subsets)
        require_at_least(2, subset_size=subset_size)
        self.kernel = kernel
        self.subsets = subsets
        self.subset_size = subset_size
        self._path = None if reference_features is None else Path(reference_features)
        self.reference = None if self._path is None else load_reference(self._path, self._backbone, protocol=protocol)
        if self.reference is not None and self.reference.rows is None:
            raise UsageError(
                f"{self._path}: a kernel distance needs features, not statistics", hint="export with --rows"
            )
        self.takes_references = self.reference is None

    def options(self) -> Mapping[str, Any]:
        return {
            **super().options(),
            "kernel": self.kernel,
            "subsets": self.subsets,
            "subset_size": self.subset_size,
            "reference_features": str(self._path) if self._path else None,
        }

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.generated_need(),) if self.reference is not None else super().needs

    def finish(self, state: RowsState) -> MetricResult:
        generated = state.generated.stacked()
        reference = state.reference.stacked()
        if self.reference is not None and self.reference.rows is not None:
            reference = self.reference.rows
        details: dict[str, Any] = {
            "kernel": self.kernel,
            "backbone": self.backbone,
            "n_gen": len(generated),
            "n_ref": len(reference),
            "n_gen_dropped_nonfinite": state.generated.num_dropped,
            "n_ref_dropped_nonfinite": (self.reference or state.reference).num_dropped,
        }
        if self.kernel == "polynomial":
            kid = kernel_inception_distance(
                generated=generated, reference=reference, subsets=self.subsets, subset_size=self.subset_size
            )
            details |= {"std": kid.std, "subsets": kid.subsets, "subset_size": kid.subset_size}
            return MetricResult(self.name, kid.mean, with_caveats(details, state.caveats()))
        kad = kernel_audio_distance(generated=generated, reference=reference)
        details |= {
            "bandwidth": kad.bandwidth,
            "standard_error": kad.distance.standard_error,
            "interval": kad.distance.interval(),
        }
        return MetricResult(self.name, kad.distance.value, with_caveats(details, state.caveats()))
