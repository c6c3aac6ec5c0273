"""Reference sets given as files: features (N, D), or the mean and covariance that were computed from them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import UsageError
from avmeter.metrics.backbones import MomentsSide
from avmeter.stats.moments import Moments

ENVIRONMENT = ("AVMETER_FAD_REF_FEATURES", "FASTVIDEO_FAD_REF_FEATURES")


@dataclass(frozen=True, kw_only=True)
class ReferenceSet:
    """A reference corpus from a file.

    Attributes:
        moments: Mean and covariance.
        rows: The features themselves, when the file has them.
        num_dropped: Rows that were not finite.
        count_known: False when a statistics file does not say how many clips it was made from.
    """

    moments: Moments
    rows: npt.NDArray[Any] | None
    num_dropped: int
    count_known: bool


def reference_path(stated: str | Path | None) -> Path | None:
    """The file of reference features: as stated, else from the environment, else None."""
    if stated is not None:
        return Path(stated)
    for name in ENVIRONMENT:
        if os.environ.get(name):
            return Path(os.environ[name])
    return None


def load_reference(path: Path) -> ReferenceSet:
    """Read `.pt` (a tensor (N, D)), `.npy` (an array (N, D)), or `.npz` (`features`, or `mu` and `sigma` with `n`).

    Raises:
        UsageError: The file is absent, of another kind, or has fewer than two finite rows.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file of reference features", hint="`avmeter features export` writes one")
    try:
        content = _read(path)
    except (OSError, ValueError, KeyError, RuntimeError, EOFError) as error:
        raise UsageError(f"{path}: not a file of reference features ({error})") from error
    if isinstance(content, tuple):
        mean, covariance, count = content
        if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
            raise UsageError(f"{path}: mu {mean.shape} and sigma {covariance.shape} do not fit together")
        moments = Moments.from_covariance(count=count or 2, mean=mean, covariance=covariance)
        return ReferenceSet(moments=moments, rows=None, num_dropped=0, count_known=count is not None)
    rows = np.asarray(content)
    if rows.ndim != 2 or rows.dtype.kind != "f":
        raise UsageError(f"{path}: needs float features of shape (N, D), got {rows.dtype} {rows.shape}")
    side = MomentsSide()
    side.add(rows)
    if side.fold().count < 2:
        raise UsageError(f"{path}: has {side.moments.count} finite rows of {len(rows)}; needs at least 2")
    finite = rows[np.isfinite(rows).all(axis=1)]
    return ReferenceSet(moments=side.moments, rows=finite, num_dropped=side.num_dropped, count_known=True)


def _read(path: Path) -> Any:
    if path.suffix == ".pt":
        import torch

        tensor = torch.load(path, map_location="cpu", weights_only=True)
        return tensor.numpy() if hasattr(tensor, "numpy") else tensor
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded
    with loaded:
        if "features" in loaded:
            return loaded["features"]
        count = int(loaded["n"]) if "n" in loaded else None
        return loaded["mu"], loaded["sigma"], count
