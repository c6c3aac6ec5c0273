"""Physics-IQ: does what happens in a video happen as it does in the filmed scene?

    100 ((ST / ST' + S / S' + W / W') / 3 - (MSE - MSE')),   from 0 to 100

The three overlaps of motion and the error of the generated video against the first take, each against those of the
first take and the second (with a prime): 100 is as near to the scene as a camera comes that films it again. This is
FastVideo's `physics_iq`. `reference_take2` is the second take. The set score is of the means over all frames of the set
(MSE, ST) and over its clips (S, W), as the benchmark pools them, not the mean of the clips' scores.

Where two takes have no motion in common, the clip has no score of its own, `no_events`: it would be divided by 0. Such
a clip counts in the set, whose score is a skip only if that is so of the whole.

A good value: models of the paper stay below 30; a second take has about 100 by construction.
Not seen: sound, looks, and everything still. The round trip of the masks and the size of the frames move the score by
some points: compare runs of equal options.

Source: Motamed et al., "Do generative video models understand physical principles?" (2025, arXiv 2501.09038); protocol
of FastVideo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.metrics.frame_pairs import with_counts
from avmeter.metrics.physics_iq.base import PhysicsIqMetric
from avmeter.registry import register
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample

_NAMES = ("mse", "spatiotemporal_iou", "spatial_iou", "weighted_spatial_iou")


@dataclass
class Pooled:
    """The four quantities of clips: sums over frames, numbers of frames, and values of clips."""

    mse: list[float] = field(default_factory=list)
    iou: list[float] = field(default_factory=list)
    num_frames: list[int] = field(default_factory=list)
    spatial: list[float] = field(default_factory=list)
    weighted: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, pair: Any) -> Pooled:
        """Return those of the features of one pair of clips."""
        return cls(
            mse=[float(pair["mse"].sum())],
            iou=[float(pair["iou"].sum())],
            num_frames=[len(pair["mse"])],
            spatial=[float(pair.facts["spatial_iou"])],
            weighted=[float(pair.facts["weighted_spatial_iou"])],
        )

    def plus(self, other: Pooled) -> Pooled:
        """Return those of both sets of clips."""
        return Pooled(
            mse=self.mse + other.mse,
            iou=self.iou + other.iou,
            num_frames=self.num_frames + other.num_frames,
            spatial=self.spatial + other.spatial,
            weighted=self.weighted + other.weighted,
        )

    def means(self) -> dict[str, float]:
        """Return the means over all frames, of what is of frames, and over clips."""
        total = sum(self.num_frames)
        values = (sum(self.mse) / total, sum(self.iou) / total, _mean(self.spatial), _mean(self.weighted))
        return dict(zip(_NAMES, values, strict=True))


@dataclass
class PhysicsIqState:
    """Generated videos against the first take, and that against the second."""

    generated: Pooled = field(default_factory=Pooled)
    takes: Pooled = field(default_factory=Pooled)


@register("physics_iq.score")
class PhysicsIqScore(PhysicsIqMetric, CorpusMetric):
    """Physics-IQ score, 0 to 100, of clips and of the set; higher is better."""

    direction = "higher"
    range = (0.0, 100.0)
    per_sample = True
    takes_references = False

    @property
    def needs(self) -> tuple[Need, ...]:
        return (*super().needs, self.pair_need("takes", "reference", "reference_take2"))

    def check(self, sample: Sample) -> Skip | None:
        """Refuse a clip without a second take before its frames are read."""
        if sample.has("reference_take2"):
            return None
        return Skip(
            code=SkipCode.MISSING_INPUT,
            reason=f"{sample.id}: no `reference_take2` given",
            hint="give `reference_take2=`, the scene of `reference` filmed once more; the other metrics need none",
            field="reference_take2",
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        generated, takes = (Pooled.of(features[name]).means() for name in ("pair", "takes"))
        details: dict[str, Any] = {}
        for prefix, name in (("", "pair"), ("pv_", "takes")):
            pair = features[name]
            details |= {
                f"{prefix}mse_per_frame": [float(v) for v in pair["mse"]],
                f"{prefix}spatiotemporal_iou_per_frame": [float(v) for v in pair["iou"]],
                f"{prefix}spatial_iou": pair.facts["spatial_iou"],
                f"{prefix}weighted_spatial_iou": pair.facts["weighted_spatial_iou"],
            }
        details |= {f"{n}_mean": generated[n] for n in _NAMES[:2]} | {f"pv_{n}_mean": takes[n] for n in _NAMES[:2]}
        details |= {name: sample.extras[name] for name in ("scenario", "view") if name in sample.extras}
        score = physics_iq(generated, takes, of=sample.id)
        return MetricResult(self.name, score, with_counts(details, features["pair"].facts))

    def start(self) -> PhysicsIqState:
        return PhysicsIqState()

    def update(self, state: PhysicsIqState, sample: Sample, features: FeatureSet) -> PhysicsIqState:
        return self.merge(state, PhysicsIqState(Pooled.of(features["pair"]), Pooled.of(features["takes"])))

    def merge(self, a: PhysicsIqState, b: PhysicsIqState) -> PhysicsIqState:
        return PhysicsIqState(a.generated.plus(b.generated), a.takes.plus(b.takes))

    def finish(self, state: PhysicsIqState) -> MetricResult:
        num_clips = len(state.generated.spatial)
        if not num_clips:
            raise SkipError(SkipCode.TOO_FEW_SAMPLES, f"{self.name}: no clips with two filmed takes")
        generated, takes = state.generated.means(), state.takes.means()
        details = {**generated, **{f"pv_{name}": value for name, value in takes.items()}, "num_clips": num_clips}
        return MetricResult(self.name, physics_iq(generated, takes, of="the set"), details)


def physics_iq(generated: Mapping[str, float], takes: Mapping[str, float], *, of: str) -> float:
    """Return the score, rounded to 2 decimals as published.

    Args:
        generated: The four means of generated video against the first take.
        takes: Those of the first take against the second.
        of: What they are of, for messages.

    Raises:
        SkipError: `no_events`: an overlap of the takes is 0.
    """
    without = [name for name in _NAMES[1:] if takes[name] == 0]
    if without:
        raise SkipError(
            SkipCode.NO_EVENTS,
            f"{of}: no motion of the two takes is in common ({', '.join(without)} between them is 0), and the score is "
            "relative to that",
            hint="see that `reference_take2` shows the scene of `reference` again, from the same view",
        )
    overlap = _mean([generated[name] / takes[name] for name in _NAMES[1:]])
    score = 100 * (overlap - (generated["mse"] - takes["mse"]))
    return round(float(np.clip(score, 0, 100)), 2)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
