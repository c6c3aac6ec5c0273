"""Reference sets read from files: features (N, D), or the mean and covariance that were computed from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError, UsageError
from avmeter.metrics.backbones import Backbone
from avmeter.metrics.base import Metric
from avmeter.metrics.embedding_sets import MomentsSide
from avmeter.metrics.reference_file import read_reference_file
from avmeter.registry import EXTRACTORS
from avmeter.runtime import Precision, Runtime
from avmeter.stats.moments import Moments

_Arrays = Mapping[str, npt.NDArray[Any]]
# Of the largest entry or eigenvalue: how far rounding takes a covariance from being symmetric and positive.
_ROUNDING = 1e-5


@dataclass(frozen=True, kw_only=True)
class ReferenceSet:
    """A reference corpus from a file.

    Attributes:
        moments: Mean and covariance.
        rows: The features themselves, when the file has them.
        num_dropped: Rows that were not finite.
        count_known: False when a statistics file does not say how many clips it was made from.
        path: The file.
        fingerprint: Of the extractor with its weights and precision, where the file says it.
        is_dummy: The file says that it was made with stand-in weights.
    """

    moments: Moments
    rows: npt.NDArray[Any] | None
    num_dropped: int
    count_known: bool
    path: Path
    fingerprint: str | None = None
    is_dummy: bool = False


def load_reference(path: Path, backbone: Backbone, *, protocol: str) -> ReferenceSet:
    """Read `.pt` (a tensor (N, D)), `.npy` (an array (N, D)), or `.npz` (`features`, or `mu` and `sigma` with `n`).

    Args:
        path: The file.
        backbone: What the file should have been made with. If it says what made it, the extractor is compared.
        protocol: The metric's protocol, likewise.

    Raises:
        UsageError: The file is absent, of another kind, dimension or origin, or has fewer than two finite rows.
    """
    arrays = read_reference_file(path)
    _check_origin(path, arrays, backbone, protocol)
    values = arrays["features"] if "features" in arrays else arrays["mu"]
    width = values.shape[-1] if values.ndim else 0
    if width != backbone.dim:
        raise UsageError(
            f"{path}: reference features have {width or 'no'} dimensions; the backbone makes {backbone.dim}",
            hint="use the backbone that the file was made with",
        )
    if (dim := _whole_number(path, arrays, "dim")) not in (None, width):
        raise UsageError(f"{path}: says dim = {dim} of values of {width} dimensions")
    count = _whole_number(path, arrays, "n")
    reference = _features(path, values, count) if "features" in arrays else _statistics(path, arrays, count)
    fingerprint = str(arrays["fingerprint"].item()) if "fingerprint" in arrays else None
    is_dummy = "dummy" in arrays and bool(arrays["dummy"].any())
    return replace(reference, fingerprint=fingerprint, is_dummy=is_dummy)


def compare_fingerprint(metric: Metric, runtime: Runtime) -> str | None:
    """Compare what made a metric's file of reference features with what will make the generated ones.

    Returns:
        A sentence where only the precision differs; None where nothing does, or the file says nothing.

    Raises:
        UsageError: Made with other weights.
    """
    reference = getattr(metric, "reference", None)
    if not isinstance(reference, ReferenceSet) or reference.fingerprint is None:
        return None
    (need,) = metric.needs
    extractor = EXTRACTORS.get(need.extractor)(**need.options)
    if extractor.fingerprint(runtime) == reference.fingerprint:
        return None
    for precision in Precision:
        other = Runtime(device=runtime.device, precision=precision, weights=runtime.weights)
        if extractor.fingerprint(other) == reference.fingerprint:
            return (
                f"{metric.name}: {reference.path} was made in {precision}, and this run computes in "
                f"{runtime.precision}; the difference adds to the score"
            )
    made = "with stand-in weights" if reference.is_dummy else "with other weights, or another version of them,"
    here = "stand-in weights" if extractor.has_dummy_weights(runtime) else "those of this run"
    raise UsageError(
        f"{reference.path}: made {made} of {extractor.name}, to be compared with {here}",
        hint="export the features again with the weights of this run",
    )


def _check_origin(path: Path, arrays: _Arrays, backbone: Backbone, protocol: str) -> None:
    """Refuse features of another extractor or protocol; files that `avmeter features export` wrote say theirs."""
    for name in ("extractor", "fingerprint"):
        if name in arrays and (arrays[name].dtype.kind != "U" or arrays[name].size != 1):
            raise UsageError(f"{path}: its `{name}` is {_summary(arrays[name])}, not a text", hint=_EXPORT)
    if "extractor" not in arrays:
        return
    name, version, options = _origin(path, str(arrays["extractor"].item()))
    made = options.get("protocol", protocol)
    if name != backbone.extractor or made != protocol:
        raise UsageError(
            f"{path}: made by {name} in protocol {made}, to be compared with {backbone.extractor} in protocol "
            f"{protocol}",
            hint=f"`avmeter features export ... --extractor {backbone.extractor} --protocol {protocol}` makes one "
            "that fits",
        )
    for option, value in backbone.options.items():
        if options.get(option, value) != value:
            raise UsageError(f"{path}: made by {name} with {option} = {options[option]}, to be compared with {value}")
    current = EXTRACTORS.get(name).version
    if version != current:
        raise UsageError(
            f"{path}: made by version {version} of {name}, to be compared with version {current}",
            hint="export the features again",
        )


def _origin(path: Path, text: str) -> tuple[str, str, dict[str, Any]]:
    """Return name, version and options from an extractor's identity."""
    try:
        name, version, options = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"{path}: its `extractor` is no identity: {text[:80]!r}", hint=_EXPORT) from error
    if not isinstance(name, str) or not isinstance(version, str) or not isinstance(options, dict):
        raise UsageError(f"{path}: its `extractor` is no identity: {text[:80]!r}", hint=_EXPORT)
    return name, version, options


_EXPORT = "`avmeter features export` writes files that say what made them"


def _whole_number(path: Path, arrays: _Arrays, name: str) -> int | None:
    if name not in arrays:
        return None
    array = arrays[name]
    if array.size != 1 or array.dtype.kind not in "iu":
        raise UsageError(f"{path}: its `{name}` is {_summary(array)}, not a whole number")
    return int(array.item())


def _summary(array: npt.NDArray[Any]) -> str:
    return f"{array.dtype} {array.shape}"


def _statistics(path: Path, arrays: _Arrays, count: int | None) -> ReferenceSet:
    mean, covariance = arrays["mu"], arrays["sigma"]
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise UsageError(f"{path}: mu {mean.shape} and sigma {covariance.shape} do not fit together")
    if mean.dtype.kind != "f" or covariance.dtype.kind != "f":
        raise UsageError(f"{path}: needs float mu and sigma, got {mean.dtype} and {covariance.dtype}")
    try:
        symmetric = _checked_covariance(path, covariance)
        # The rank of a covariance is below the count: without one it may be full.
        moments = Moments.from_covariance(
            count=len(mean) + 1 if count is None else count, mean=mean, covariance=symmetric
        )
    except StatsError as error:
        raise UsageError(f"{path}: {error.message}") from error
    return ReferenceSet(moments=moments, rows=None, num_dropped=0, count_known=count is not None, path=path)


def _checked_covariance(path: Path, covariance: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the symmetric part of a matrix that is a covariance within rounding."""
    matrix = np.asarray(covariance, dtype=np.float64)
    if not np.isfinite(matrix).all():
        raise UsageError(f"{path}: sigma has values that are not finite")
    rounding = max(_ROUNDING, 16 * float(np.finfo(covariance.dtype).eps))
    largest = float(np.abs(matrix).max(initial=0.0))
    asymmetry = float(np.abs(matrix - matrix.T).max(initial=0.0))
    if asymmetry > rounding * largest:
        raise UsageError(
            f"{path}: sigma is not symmetric (entries differ by {asymmetry:.3g}, the largest is {largest:.3g})"
        )
    symmetric: npt.NDArray[np.float64] = (matrix + matrix.T) / 2
    # Scaled, so that the squares inside stay in range.
    eigenvalues = np.linalg.eigvalsh(symmetric / largest) * largest if largest else np.zeros(1)
    if eigenvalues[0] < -rounding * np.abs(eigenvalues).max():
        raise UsageError(f"{path}: sigma is no covariance: it has the eigenvalue {eigenvalues[0]:.3g}")
    return symmetric


def _features(path: Path, rows: npt.NDArray[Any], count: int | None) -> ReferenceSet:
    if rows.ndim != 2 or rows.dtype.kind != "f":
        raise UsageError(f"{path}: needs float features of shape (N, D), got {_summary(rows)}")
    if count not in (None, len(rows)):
        raise UsageError(f"{path}: says n = {count}, and has {len(rows)} rows")
    side = MomentsSide()
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            side.add(rows)
            side.fold()
    except StatsError as error:
        raise UsageError(f"{path}: {error.message}") from error
    if side.moments.count < 2:
        raise UsageError(f"{path}: has {side.moments.count} finite rows of {len(rows)}; needs at least 2")
    finite = rows[np.isfinite(rows).all(axis=1)]
    return ReferenceSet(moments=side.moments, rows=finite, num_dropped=side.num_dropped, count_known=True, path=path)
