"""Optical flow against the reference's: do things move as they do in the reference, frame by frame?

The mean end point error, in pixels, between the flows of each pair of neighbouring frames of both clips, over pixels
that move and are not among the fastest fifth; then the mean over pairs. Details have twelve numbers of every pair
(`per_frame_metrics`) and, of each, mean, standard deviation, maximum and area under the curve, as FastVideo names them:
mean flow, angles, a grid of cells, share of outliers, focus of expansion, divergence of histograms; and from which pair
on the clip leaves its reference (`divergence_onset_frame`).

FastVideo computes flows with the network DPFlow, which is not in avmeter: under the metric's own name there is a skip
that says so. `optical_flow.gt_optical_flow@raft` has the same arithmetic over flows of the network RAFT in twenty
refinements, `@dis` and `@farneback` over flows of OpenCV, which need no weights; numbers of different flows do not
compare.

A good value: that of the reference encoded once more is the floor; a pixel and more is visible.
Not seen: what the pictures show. Motion blur, noise and flat surfaces make flows wrong on both sides. Frame rate
counts: twice the frames are half the motion.

Source: FastVideo, `fastvideo/eval/metrics/optical_flow`; Kroeger et al., "Fast optical flow using dense inverse search"
(2016); Teed and Deng, "RAFT" (2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.errors import SkipCode, UnknownNameError
from avmeter.metrics.base import FeatureSet, Metric, Need, Obstacle
from avmeter.metrics.frame_pairs import with_counts
from avmeter.metrics.option_values import require_at_least, require_between
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.optical_flow import FLOW_NUMBERS, summarise_flows

_PUBLISHED = "dpflow"
_OF_OPENCV = ("dis", "farneback")
_BACKBONES = (_PUBLISHED, "raft", *_OF_OPENCV)


@register("optical_flow.gt_optical_flow")
class FlowAgainstReference(Metric):
    """Mean end point error of optical flow, in pixels, from 0; lower is better.

    Args:
        backbone: What finds the flows. "dpflow", FastVideo's network, is not here: its results are skips.
        min_mag: Pixels that move by less on both sides are left out.
        max_mag_pct: Pixels that move by more than this percentile are left out.
        grid_size: Rows and columns of cells of `grid_epe`.
        protocol: Makes no difference here.
    """

    direction = "lower"
    unit = "px"
    range = (0.0, None)

    def __init__(
        self,
        *,
        backbone: str = _PUBLISHED,
        min_mag: float = 0.5,
        max_mag_pct: float = 80.0,
        grid_size: int = 8,
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(protocol=protocol)
        if backbone not in _BACKBONES:
            raise UnknownNameError.among("backbone", backbone, _BACKBONES)
        require_at_least(1, grid_size=grid_size)
        require_at_least(0, min_mag=min_mag)
        require_between(0, 100, max_mag_pct=max_mag_pct)
        self.backbone = backbone
        self._comparison = {"min_mag": min_mag, "max_mag_pct": max_mag_pct, "grid_size": grid_size}

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "backbone": _BACKBONES}

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "backbone": self.backbone, **self._comparison}

    @property
    def needs(self) -> tuple[Need, ...]:
        fields = ("video", "reference")
        if self.backbone == "raft":
            return (Need(name="flows", field=fields, extractor="raft_flow_errors", options=self._comparison),)
        method = _OF_OPENCV[0] if self.backbone == _PUBLISHED else self.backbone
        options = {"method": method, **self._comparison}
        return (Need(name="flows", field=fields, extractor="flow_errors", options=options),)

    def obstacle(self) -> Obstacle | None:
        """Return that the published network is not here."""
        if self.backbone != _PUBLISHED:
            return None
        return Obstacle(
            code=SkipCode.UNSUPPORTED,
            reason="needs the optical flow network DPFlow, which is not in avmeter",
            hint=f"{self.name}@raft has the same numbers of RAFT's flow, {self.name}@dis of OpenCV's, without weights",
            labels=_BACKBONES[1:],
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        flows = features["flows"]
        columns = {name: [float(value) for value in flows[name]] for name in FLOW_NUMBERS}
        per_pair = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        summary = summarise_flows(per_pair)
        details = {**summary, "per_frame_metrics": per_pair, "backbone": self.backbone}
        score = sum(columns["pixel_epe_mean"]) / len(per_pair)
        return MetricResult(self.name, score, with_counts(details, flows.facts))
