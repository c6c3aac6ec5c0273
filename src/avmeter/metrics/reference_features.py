"""Reference sets read from files: features (N, D), or the mean and covariance that were computed from them."""

from __future__ import annotations

import json
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError, UsageError
from avmeter.metrics.backbones import Backbone
from avmeter.metrics.embedding_sets import MomentsSide
from avmeter.stats.moments import Moments

_DAMAGED = (pickle.UnpicklingError, zipfile.BadZipFile)


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


def load_reference(path: Path, backbone: Backbone, *, protocol: str) -> ReferenceSet:
    """Read `.pt` (a tensor (N, D)), `.npy` (an array (N, D)), or `.npz` (`features`, or `mu` and `sigma` with `n`).

    Args:
        path: The file.
        backbone: What the file should have been made with. If it says what made it, the extractor is compared.
        protocol: The metric's protocol, likewise.

    Raises:
        UsageError: The file is absent, of another kind, dimension or origin, or has fewer than two finite rows.
    """
    content = _content(path)
    _check_origin(path, backbone.extractor, protocol)
    width = content[0].shape[-1:] if isinstance(content, tuple) else content.shape[-1:]
    if width != (backbone.dim,):
        raise UsageError(
            f"{path}: reference features have {width[0] if width else 'no'} dimensions; "
            f"the backbone makes {backbone.dim}",
            hint="use the backbone that the file was made with",
        )
    return _statistics(path, *content) if isinstance(content, tuple) else _features(path, content)


def _check_origin(path: Path, extractor: str, protocol: str) -> None:
    """Refuse features of another extractor or protocol; files that `avmeter features export` wrote say theirs."""
    if path.suffix != ".npz":
        return
    with np.load(path, allow_pickle=False) as file:
        if "extractor" not in file:
            return
        name, _, options = json.loads(str(file["extractor"]))
    made = options.get("protocol", protocol)
    if name != extractor or made != protocol:
        raise UsageError(
            f"{path}: made by {name} in protocol {made}, to be compared with {extractor} in protocol {protocol}",
            hint=f"`avmeter features export ... --extractor {extractor} --protocol {protocol}` makes one that fits",
        )


def _content(path: Path) -> Any:
    """Return an array, or (mean, covariance, count or None)."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file of reference features", hint="`avmeter features export` writes one")
    try:
        return _read(path)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, EOFError, *_DAMAGED) as error:
        raise UsageError(f"{path}: not a file of reference features ({error})") from error


def _statistics(path: Path, mean: npt.NDArray[Any], covariance: npt.NDArray[Any], count: int | None) -> ReferenceSet:
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise UsageError(f"{path}: mu {mean.shape} and sigma {covariance.shape} do not fit together")
    try:
        # Without a count any will do: the distance reads the covariance alone.
        moments = Moments.from_covariance(count=2 if count is None else count, mean=mean, covariance=covariance)
    except StatsError as error:
        raise UsageError(f"{path}: {error.message}") from error
    return ReferenceSet(moments=moments, rows=None, num_dropped=0, count_known=count is not None)


def _features(path: Path, rows: npt.NDArray[Any]) -> ReferenceSet:
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
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"holds a {type(tensor).__name__}, not a tensor")
        return tensor.float().numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()
    # NumPy leaves a file open that turns out to be no archive, unless it was opened here.
    with path.open("rb") as stream:
        loaded = np.load(stream, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            if "features" in loaded:
                return loaded["features"]
            count = int(loaded["n"]) if "n" in loaded else None
            return loaded["mu"], loaded["sigma"], count
