"""Two flows of one pair of frames against each other, in twelve numbers, and a clip's series of them in summary.

Flows are (H, W, 2), pixels from a frame to the next, to the right and down; all arithmetic is in their own precision.
Numbers and names are those of FastVideo's `optical_flow` metrics (`fastvideo/eval/metrics/optical_flow/_shared.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Flow = npt.NDArray[np.floating[Any]]
"""(H, W, 2)."""
Histogram = npt.NDArray[np.float64]
"""Counts (angles, lengths)."""

FLOW_NUMBERS = (
    "mf_epe", "mf_angle_err", "mf_cosine", "mf_mag_ratio", "pixel_epe_mean", "pixel_epe_max", "px_angle_rmse",
    "grid_epe_mean", "grid_epe_max", "fl_all", "foe_dist", "flow_kl_2d",
)  # fmt: skip
"""Of a pair of frames: `mf` of the mean flow, `epe` end point errors, `fl` a share of outliers as in KITTI."""

_STILL = 0.1  # pixels: a mean flow below has no direction
_MOVING = 0.5  # pixels, from which on a pixel's flow has a direction
_FOE_STEP, _FOE_FEWEST = 8, 10
_ANGLES, _MAGNITUDES, _KL_FEWEST = 36, 20, 10
_OUTLIER_PX, _OUTLIER_SHARE = 3.0, 0.05
_ONSET_WINDOW, _ONSET_LEAST = 5, 1.0


@dataclass(frozen=True, kw_only=True)
class FlowMask:
    """Which pixels count: those that move on some side, without the fastest.

    Attributes:
        min_mag: Least length of the longer of the two flows, pixels.
        max_mag_pct: Percentile of that length above which pixels are left out.
    """

    min_mag: float = 0.5
    max_mag_pct: float = 80.0

    def of(self, longer: Flow) -> npt.NDArray[np.bool_]:
        """Return the mask (H, W) of the lengths (H, W) of the longer flow; it may be empty."""
        mask: npt.NDArray[np.bool_] = (longer >= self.min_mag) & (longer <= np.percentile(longer, self.max_mag_pct))
        return mask


DEFAULT_MASK = FlowMask()


def compare_flows(
    *, generated: Flow, reference: Flow, mask: FlowMask = DEFAULT_MASK, grid_size: int = 8
) -> dict[str, float]:
    """Return the twelve numbers of `FLOW_NUMBERS`.

    Args:
        generated: (H, W, 2).
        reference: (H, W, 2).
        mask: Which pixels count; where it is empty, all do.
        grid_size: Rows and columns of cells, at most H and W. What does not fill a cell at the right and below is left
            out of them.
    """
    lengths, lengths_r = (_lengths(flow) for flow in (generated, reference))
    inside = mask.of(np.maximum(lengths, lengths_r))
    chosen = inside if inside.any() else np.ones_like(inside)
    errors = _lengths(reference - generated)
    cells = _cell_means(errors, inside, grid_size)
    (x, y), (x_r, y_r) = _focus_of_expansion(generated), _focus_of_expansion(reference)
    return {
        **_mean_flows(generated[chosen].mean(axis=0), reference[chosen].mean(axis=0)),
        "pixel_epe_mean": float(errors[chosen].mean()),
        "pixel_epe_max": float(errors[chosen].max()),
        "px_angle_rmse": _angle_rmse((generated, reference), (lengths, lengths_r), inside),
        "grid_epe_mean": float(np.mean(cells)),
        "grid_epe_max": float(np.max(cells)),
        "fl_all": float(((errors > _OUTLIER_PX) & (errors > _OUTLIER_SHARE * lengths_r))[chosen].mean()),
        "foe_dist": float(np.hypot(x - x_r, y - y_r)),
        "flow_kl_2d": _divergence(_histogram(reference, lengths_r), _histogram(generated, lengths)),
    }


def summarise_flows(per_pair: Sequence[Mapping[str, float]]) -> dict[str, float | int | None]:
    """Return mean, standard deviation, maximum and area under the curve of each number over the pairs of a clip.

    With `divergence_onset_frame`: where the moving average of `pixel_epe_mean` over 5 pairs first exceeds
    `divergence_threshold`, twice its median over the first 5 or a pixel; None if it never does.

    Args:
        per_pair: Numbers of each pair of frames, in order; at least one.
    """
    count = len(per_pair)
    series = {name: np.array([numbers[name] for numbers in per_pair]) for name in FLOW_NUMBERS}
    summary: dict[str, float | int | None] = {"n_frames": count}
    for name, values in series.items():
        area = float(((values[1:] + values[:-1]) / 2).sum()) / max(count - 1, 1)
        summary |= {
            f"{name}_mean": float(values.mean()),
            f"{name}_std": float(values.std()),
            f"{name}_max": float(values.max()),
            f"{name}_auc": area,
        }
    errors, window = series["pixel_epe_mean"], min(_ONSET_WINDOW, count)
    threshold = max(2 * float(np.median(errors[:window])), _ONSET_LEAST)
    smooth = np.convolve(errors, np.full(window, 1 / window), mode="valid")
    beyond = np.flatnonzero(smooth > threshold)
    return {
        **summary,
        "divergence_onset_frame": int(beyond[0]) if len(beyond) else None,
        "divergence_threshold": threshold,
    }


def _mean_flows(mean: Flow, mean_r: Flow) -> dict[str, float]:
    """Compare mean flows (2,): one without direction is at a right angle to one that has one."""
    length, length_r = float(np.linalg.norm(mean)), float(np.linalg.norm(mean_r))
    num_still = (length < _STILL) + (length_r < _STILL)
    if num_still:
        cosine, angle = (1.0, 0.0) if num_still == 2 else (0.0, 90.0)
    else:
        cosine = min(max(float(mean @ mean_r) / (length * length_r), -1.0), 1.0)
        angle = float(np.degrees(np.arccos(cosine)))
    return {
        "mf_epe": float(np.linalg.norm(mean_r - mean)),
        "mf_angle_err": angle,
        "mf_cosine": cosine,
        "mf_mag_ratio": length / length_r if length_r > 1e-6 else 1.0,
    }


def _lengths(flow: Flow) -> Flow:
    """Return the lengths (H, W); `np.linalg.norm` has the same, and over an axis of two takes six times as long."""
    x, y = flow[..., 0], flow[..., 1]
    lengths: Flow = np.sqrt(x * x + y * y)
    return lengths


def _angle_rmse(flows: tuple[Flow, Flow], lengths: tuple[Flow, Flow], inside: npt.NDArray[np.bool_]) -> float:
    """Return the root mean square of the angles between flows, degrees; 0 where no pixel has both directions."""
    mask = inside & (lengths[0] > _MOVING) & (lengths[1] > _MOVING)
    if not mask.any():
        return 0.0
    (x, y), (x_r, y_r) = ((flow[..., 0][mask], flow[..., 1][mask]) for flow in flows)
    products = lengths[0][mask] * lengths[1][mask]
    cosines = np.clip((x * x_r + y * y_r) / (products + 1e-8), -1, 1)
    return float(np.sqrt(np.square(np.degrees(np.arccos(cosines))).mean()))


def _cell_means(errors: Flow, mask: npt.NDArray[np.bool_], grid_size: int) -> list[float]:
    """Return the mean error of each cell over its pixels in the mask, or over all of them where there are none."""
    height, width = (size // grid_size for size in errors.shape)
    means = []
    for top in range(0, height * grid_size, height):
        for left in range(0, width * grid_size, width):
            cell = np.s_[top : top + height, left : left + width]
            inside = mask[cell]
            means.append(float((errors[cell][inside] if inside.any() else errors[cell]).mean()))
    return means


def _focus_of_expansion(flow: Flow) -> tuple[float, float]:
    """Return the point (x, y) that flows lead away from, by least squares on every eighth pixel.

    The centre of the frame where fewer than ten of them move.
    """
    height, width = flow.shape[:2]
    start = _FOE_STEP // 2
    y, x = np.mgrid[start:height:_FOE_STEP, start:width:_FOE_STEP]
    sampled = flow[start::_FOE_STEP, start::_FOE_STEP]
    moving = np.sqrt(np.square(sampled).sum(axis=2)) > _MOVING
    if np.count_nonzero(moving) < _FOE_FEWEST:
        return width / 2, height / 2
    u, v = sampled[moving].astype(np.float64).T
    system = np.stack([v, -u], axis=1)
    focus, *_ = np.linalg.lstsq(system, v * x[moving] - u * y[moving], rcond=None)
    return float(focus[0]), float(focus[1])


def _divergence(of: Histogram | None, relative_to: Histogram | None) -> float:
    """Return the Kullback-Leibler divergence of histograms, each bin counted once more; 0 without either."""
    p, q = ((counts + 1) / (counts + 1).sum() if counts is not None else None for counts in (of, relative_to))
    return 0.0 if p is None or q is None else float((p * np.log(p / q)).sum())


def _histogram(flow: Flow, lengths: Flow) -> Histogram | None:
    """Count pixels by angle and logarithmic length; None where fewer than ten move.

    The bins of length end at the flow's own longest.
    """
    moving = lengths >= _MOVING
    if np.count_nonzero(moving) < _KL_FEWEST:
        return None
    length = lengths[moving]
    angle = np.degrees(np.arctan2(flow[..., 1][moving], flow[..., 0][moving])) % 360
    longest = max(length.max(), _MOVING + 1)
    edges = [np.linspace(0, 360, _ANGLES + 1), np.logspace(np.log10(_MOVING), np.log10(longest), _MAGNITUDES + 1)]
    counts: Histogram = np.histogram2d(angle, length, bins=edges)[0]
    return counts
