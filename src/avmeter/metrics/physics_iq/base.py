"""What the metrics of Physics-IQ have in common: how two videos become pixels and masks of motion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.errors import UsageError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.frame_pairs import with_counts
from avmeter.metrics.option_values import require_at_least, require_between
from avmeter.protocols import FASTVIDEO
from avmeter.result import MetricResult

DEFAULT_TARGET_FPS = 30
DEFAULT_DURATION_S = 5
_FEWEST_FRAMES = 2


class PhysicsIqMetric(Metric):
    """A metric over masks of motion.

    Args:
        target_fps: Frames per second of both clips; others are a skip.
        duration_seconds: How much of the clips is compared.
        video_time_selection: Of the generated clip: "first" or "last" seconds.
        threshold: Grey levels between a frame and the running average that are motion, 0 to 255.
        alpha: Weight of a frame in the running average, 0 to 1.
        roundtrip_generated_masks: Encode the masks of the generated clip as MPEG-4 and decode them, as the published
            programs do. Nothing but PyAV is needed for it; without it masks are exact and scoring is faster.
        sizes: "equal": clips of other frame sizes are a skip; "any": both are scaled to a quarter of the reference, as
            published. Masks depend on the size at which they are made.
        protocol: Makes no difference here.
    """

    def __init__(
        self,
        *,
        target_fps: int = DEFAULT_TARGET_FPS,
        duration_seconds: float = DEFAULT_DURATION_S,
        video_time_selection: str = "first",
        threshold: int = 10,
        alpha: float = 0.3,
        roundtrip_generated_masks: bool = True,
        sizes: str = "equal",
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(protocol=protocol)
        require_at_least(1, target_fps=target_fps)
        require_between(0, 1, alpha=alpha)
        require_between(0, 255, threshold=threshold)
        if target_fps * duration_seconds < _FEWEST_FRAMES:
            raise UsageError(
                f"option duration_seconds={duration_seconds}: needs {_FEWEST_FRAMES} frames or more, and has "
                f"{target_fps * duration_seconds:g} at {target_fps} a second",
                hint=f"duration_seconds={DEFAULT_DURATION_S}",
            )
        self._pair = {
            "target_fps": target_fps,
            "duration_seconds": duration_seconds,
            "video_time_selection": video_time_selection,
            "threshold": threshold,
            "alpha": alpha,
            "roundtrip_generated_masks": roundtrip_generated_masks,
            "sizes": sizes,
        }

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), **self._pair}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.pair_need("pair", "video", "reference"),)

    def pair_need(self, name: str, generated: str, reference: str) -> Need:
        """Return the need of a pair of fields and of their masks."""
        masks = tuple(f"{field}_mask" for field in (generated, reference))
        return Need(
            name=name,
            field=(generated, reference),
            optional_fields=masks,
            extractor="physics_iq_pair",
            options=self._pair,
        )


class FrameMeanMetric(PhysicsIqMetric):
    """A mean over frames."""

    array: str

    def score(self, sample: Any, features: FeatureSet) -> MetricResult:
        per_frame = features["pair"][self.array]
        details = {"per_frame": [float(value) for value in per_frame]}
        return MetricResult(self.name, float(per_frame.mean()), with_counts(details, features["pair"].facts))


class OverlapMetric(PhysicsIqMetric):
    """An overlap of all frames together."""

    direction = "higher"
    range = (0.0, 1.0)
    fact: str

    def score(self, sample: Any, features: FeatureSet) -> MetricResult:
        facts = features["pair"].facts
        return MetricResult(self.name, float(facts[self.fact]), with_counts({}, facts))
