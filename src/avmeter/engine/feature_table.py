"""Features of a set as a table, for use as a reference set and outside of avmeter."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.executors.base import Progress
from avmeter.engine.failures import never
from avmeter.engine.plan import FeatureRequest, Outcome, Plan, resolve_sources
from avmeter.errors import SkipCode, StatsError, UsageError
from avmeter.features.base import Extractor
from avmeter.files import open_regular, replacing
from avmeter.result import Skip
from avmeter.sample import Sample
from avmeter.stats.moments import Moments

_CHUNK = 128
_FACTS = ("n", "dim", "extractor", "fingerprint", "dummy")  # what every export holds


@dataclass(frozen=True, kw_only=True)
class FeatureTable:
    """Embeddings of the clips of a set.

    Attributes:
        ids: Names of the samples, one per row.
        rows: (N, D) float32, finite.
        skips: What has no row, and why.
        extractor: Name, version and options of the extractor (`Extractor.identity`).
        fingerprint: Of the extractor with its weights and precision.
        dummy: True if made with stand-in weights.
    """

    ids: tuple[str, ...]
    rows: npt.NDArray[np.float32]
    skips: Mapping[str, Skip]
    extractor: str
    fingerprint: str
    dummy: bool

    def save(self, path: str | os.PathLike[str], *, content: str = "statistics") -> Path:
        """Write an `.npz` that `reference_features=` of the corpus metrics reads.

        Both kinds hold `n`, `dim`, `extractor`, `fingerprint` and `dummy`; "statistics" adds `mu` (D,) and `sigma`
        (D, D) in float64, "rows" adds `features` (N, D) and `ids` (N,).

        Raises:
            UsageError: Fewer than two rows for statistics, another `content`, or `path` cannot be
                written, or is a file that no export has written. A file that is there stays until the new one is whole.
        """
        arrays: dict[str, Any] = {
            "n": np.int64(len(self.rows)),
            "dim": np.int64(self.rows.shape[1]),
            "extractor": np.str_(self.extractor),
            "fingerprint": np.str_(self.fingerprint),
            "dummy": np.bool_(self.dummy),
        }
        if content == "rows":
            arrays |= {"features": self.rows, "ids": np.asarray(self.ids, dtype=np.str_)}
        elif content == "statistics":
            arrays |= self._statistics()
        else:
            raise UsageError(f"content={content!r} is neither 'statistics' nor 'rows'")
        path = Path(path)
        check_export(path)
        try:
            with replacing(path.resolve()) as file:
                np.savez(file, **arrays)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from error
        return path

    def _statistics(self) -> dict[str, Any]:
        try:
            moments = Moments.empty().update(self.rows)
            return {"mu": moments.mean, "sigma": moments.covariance}
        except StatsError as error:
            raise UsageError(
                f"statistics need at least 2 clips, got {len(self.rows)}", hint="export the features: `--rows`"
            ) from error


def check_export(path: Path) -> None:
    """Make sure that features can be written to a file, before they are computed.

    Raises:
        UsageError: It does not end in `.npz`, its folder is not there or cannot be written, or it is a file of others.
    """
    if path.suffix != ".npz":
        raise UsageError(f"{path}: features are written as .npz", hint=f"call it {path}.npz")
    try:
        if not path.parent.is_dir():
            raise UsageError(f"{path}: there is no folder {path.parent}", hint="make it first")
        if _is_there(path) and not _is_export(path):
            raise UsageError(f"{path} is no file of exported features, and is not replaced", hint="choose another name")
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            return
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from error


def _is_there(path: Path) -> bool:
    """Return whether there is such a file or folder; unlike `Path.exists`, fail for what can be no name."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def _is_export(path: Path) -> bool:
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            return {f"{name}.npy" for name in _FACTS} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def collect_features(
    samples: Sequence[Sample],
    computer: FeatureComputer,
    extractor: Extractor,
    *,
    field: str = "audio",
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = never,
) -> FeatureTable:
    """Compute the embedding of one field of every sample that has it; samples of the role "reference" are left out.

    Args:
        samples: The set.
        computer: Computes features, or takes them from its store.
        extractor: It must make an array `embedding`, (D,) or (E, D).
        field: Sample field: audio, reference_audio, video, reference.
        progress: Called with (samples done, samples in all).
        should_stop: Called every now and then; once it returns True, what is missing becomes a skip.

    Raises:
        UsageError: The extractor makes no embedding, or no sample could be embedded.
    """
    ids: list[str] = []
    rows: list[npt.NDArray[np.float32]] = []
    skips: dict[str, Skip] = {}
    dummy = False
    for sample, outcome in _outcomes(samples, computer, extractor, field, progress=progress, should_stop=should_stop):
        if isinstance(outcome, Skip):
            skips[sample.id] = outcome
            continue
        if "embedding" not in outcome.arrays:
            made = ", ".join(outcome.arrays) or "none"
            raise UsageError(f"extractor `{extractor.name}` makes no embedding (its arrays: {made})")
        found = np.atleast_2d(outcome["embedding"]).astype(np.float32)
        if not np.isfinite(found).all():
            skips[sample.id] = Skip(
                code=SkipCode.NON_FINITE,
                reason=f"{sample.id}: the embedding is not finite",
                hint=SkipCode.NON_FINITE.hint,
            )
            continue
        rows.append(found)
        ids.extend([sample.id] * len(found))
        dummy = dummy or outcome.dummy
    if not rows:
        first = next(iter(skips.values()), None)
        raise UsageError(
            f"no features of `{extractor.name}`: {first.reason if first else 'there are no clips'}",
            hint=first.hint if first else "",
        )
    return FeatureTable(
        ids=tuple(ids),
        rows=np.concatenate(rows),
        skips=skips,
        extractor=extractor.identity(),
        fingerprint=extractor.fingerprint(computer.runtime),
        dummy=dummy,
    )


def _outcomes(
    samples: Sequence[Sample],
    computer: FeatureComputer,
    extractor: Extractor,
    field: str,
    *,
    progress: Progress | None,
    should_stop: Callable[[], bool],
) -> Iterator[tuple[Sample, Outcome]]:
    generated = [s for s in samples if s.role == "generated"]
    for start in range(0, len(generated), _CHUNK):
        chunk = generated[start : start + _CHUNK]
        plan = Plan(extractors={extractor.identity(): extractor})
        named = [resolve_sources(plan, sample, (field,)) for sample in chunk]
        targets = [n if isinstance(n, Skip) else plan.add(extractor, n) for n in named]
        plan.requested = {(i, extractor.name): {field: target} for i, target in enumerate(targets)}
        outcomes = computer.compute(plan, should_stop=should_stop)
        if progress is not None:
            progress(start + len(chunk), len(generated))
        for sample, target in zip(chunk, targets, strict=True):
            yield sample, outcomes[target] if isinstance(target, FeatureRequest) else target
