"""Generated files that are their own reference: such pairs have perfect scores that mean nothing."""

from __future__ import annotations

import filecmp
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from avmeter.sample import Sample, as_samples


def identical_pairs(samples: Iterable[Mapping[str, Any] | Sample]) -> list[str]:
    """Return ids of samples whose generated file and reference file hold the same bytes, or are one file.

    Sizes are compared first, so that pairs that differ cost no reading. Files that cannot be read are left to the
    run, which reports them.
    """
    return [s.id for s in as_samples(samples) if _is_identical(s)]


def _is_identical(sample: Sample) -> bool:
    # Sound of its own with the video of its reference is how video-to-audio models are scored.
    generated = _paths(sample, ("audio",)) or _paths(sample, ("video",))
    reference = _paths(sample, ("reference_audio", "reference"))
    return any(_same(a, b) for a in generated for b in reference)


def _paths(sample: Sample, fields: tuple[str, ...]) -> list[Path]:
    return [m.path for f in fields if (m := sample.media.get(f)) is not None and m.path is not None]


def _same(a: Path, b: Path) -> bool:
    try:
        first, second = a.stat(), b.stat()
    except (OSError, ValueError):
        return False
    if not (stat.S_ISREG(first.st_mode) and stat.S_ISREG(second.st_mode)):
        return False
    try:
        return os.path.samestat(first, second) or (first.st_size == second.st_size and filecmp.cmp(a, b, shallow=False))
    except OSError:
        return False
