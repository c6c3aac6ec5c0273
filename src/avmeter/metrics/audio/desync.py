"""DeSync: how many seconds are sound and video apart, by Synchformer's estimate?

    mean of |offset| of the first and of the last 4.8 s, each the likeliest of 21 offsets from -2 to 2 s

Magnitudes are averaged, so that offsets of opposite sign do not cancel; the signed mean stands beside. Offsets of
2 s and more cannot be distinguished: they are flagged. Needs 4.8 s.

A good value: that of real clips; 0 is perfect. The grid steps by 0.2 s, so a single clip says little below that, and
sound that does not follow the video at all lands all over the grid.
Not seen: whether the sounds are the right ones, the middle of a long clip (see `curve`), offsets beyond 2 s.

Source: av-benchmark and FastVideo; MMAudio (2025).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.metrics.details import duration_mismatch
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@dataclass(kw_only=True)
class DesyncState:
    """Magnitudes and signed offsets of clips, and how often each offset was found."""

    magnitudes: list[float] = field(default_factory=list)
    signed: list[float] = field(default_factory=list)
    histogram: Counter[float] = field(default_factory=Counter)


@register("audio.desync")
class DeSync(CorpusMetric):
    """Magnitude of the offset between sound and video in seconds, 0 to 2; lower is better.

    Args:
        curve: Report the offset at every position of the clip too, so that drift is seen.
        short: Rule for clips under 4.8 s: None (skip), "loop" or "pad"; named in the result.
        protocol: "fastvideo" or "av-benchmark" (the first 8 s; "av-benchmark@10s": the first 10).
    """

    direction = "lower"
    unit = "s"
    range = (0.0, 2.0)
    per_sample = True
    takes_references = False

    def __init__(self, *, curve: bool = False, short: str | None = None, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.curve = curve
        self.short = short

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "curve": self.curve, "short": self.short}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(
                name="offset",
                field=("video", "audio"),
                extractor="synchformer_offset",
                options={"protocol": self.protocol, "curve": self.curve, "short": self.short},
            ),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        offset = features["offset"]
        grid = np.asarray(offset.facts["grid_s"])
        likeliest = _likeliest(offset["logits"], grid, sample)
        probabilities = _softmax(offset["logits"])
        front, back = float(likeliest[0]), float(likeliest[-1])
        details: dict[str, Any] = {
            "front_desync_s": abs(front),
            "back_desync_s": abs(back),
            "front_offset_s": front,
            "back_offset_s": back,
            "expected_front_offset_s": float(probabilities[0] @ grid),
            "expected_back_offset_s": float(probabilities[-1] @ grid),
            "front_probabilities": probabilities[0].round(5).tolist(),
            "back_probabilities": probabilities[-1].round(5).tolist(),
            "num_segments_used": min(offset.facts["num_video_segments"], offset.facts["num_audio_segments"]),
            "num_video_segments": offset.facts["num_video_segments"],
            "num_audio_segments": offset.facts["num_audio_segments"],
            **duration_mismatch(offset.facts),
        }
        if details["num_video_segments"] != details["num_audio_segments"]:
            shared = 0.64 + 0.32 * (details["num_segments_used"] - 1)
            details["note"] = f"sound and video differ in length: compared over the {shared:.2f} s they share"
        if max(abs(front), abs(back)) >= grid[-1] - 1e-6:
            details["out_of_range"] = "an offset at the end of the grid: it may be 2 s or more"
        if self.short and offset.facts.get("stretched"):
            details["short"] = self.short
        if self.curve:
            details["curve"] = [
                {"start_s": round(float(s), 2), "offset_s": float(o)}
                for s, o in zip(offset["start_s"], likeliest, strict=True)
            ]
        return MetricResult(self.name, (abs(front) + abs(back)) / 2, details)

    def start(self) -> DesyncState:
        return DesyncState()

    def update(self, state: DesyncState, sample: Sample, features: FeatureSet) -> DesyncState:
        offset = features["offset"]
        likeliest = _likeliest(offset["logits"], np.asarray(offset.facts["grid_s"]), sample)
        offsets = (float(likeliest[0]), float(likeliest[-1]))
        state.magnitudes.append((abs(offsets[0]) + abs(offsets[1])) / 2)
        state.signed.append(sum(offsets) / 2)
        state.histogram.update(offsets)
        return state

    def merge(self, a: DesyncState, b: DesyncState) -> DesyncState:
        return DesyncState(
            magnitudes=a.magnitudes + b.magnitudes,
            signed=a.signed + b.signed,
            histogram=a.histogram + b.histogram,
        )

    def finish(self, state: DesyncState) -> MetricResult:
        if not state.magnitudes:
            raise SkipError(SkipCode.TOO_FEW_SAMPLES, f"{self.name}: no clip could be compared")
        details = {
            "n": len(state.magnitudes),
            "signed_mean_s": float(np.mean(state.signed)),
            "histogram": {f"{offset:+.1f}": count for offset, count in sorted(state.histogram.items())},
        }
        return MetricResult(self.name, float(np.mean(state.magnitudes)), details)


def _likeliest(logits: np.ndarray, grid: np.ndarray, sample: Sample) -> np.ndarray:
    """Return the likeliest offset (N,) of each comparison, logits (N, 21) of the offsets in `grid`."""
    if not np.isfinite(logits).all():
        raise SkipError(SkipCode.NON_FINITE, f"{sample.id}: logits of the comparison are not finite")
    found: np.ndarray = grid[np.argmax(logits, axis=1)]
    return found


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: np.ndarray = exponent / exponent.sum(axis=1, keepdims=True)
    return probabilities
