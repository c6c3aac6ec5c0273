"""The list of samples that a set of files and tables amounts to."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.report import PairingReport, PairingWarning


class SampleList(list[dict[str, Any]]):
    """Samples, and in `pairing` how they were put together."""

    def __init__(self, samples: Iterable[dict[str, Any]] = (), *, pairing: PairingReport | None = None) -> None:
        super().__init__(samples)
        self.pairing = pairing or PairingReport(num_generated=len(self))


def checked(samples: Iterable[dict[str, Any]], draft: PairingDraft, *, strict: bool, stacklevel: int) -> SampleList:
    """Return the list, after one warning of everything doubtful.

    Args:
        samples: The samples.
        draft: How they were put together.
        strict: Raise instead of warning.
        stacklevel: Of the warning, as for `warnings.warn` called by the caller of this function.

    Raises:
        ManifestError: `strict`, and something is doubtful.
    """
    report = draft.finished()
    if report.problems:
        if strict:
            raise ManifestError(
                str(report), hint="without `strict` this is a warning; `paired` leaves out what has no partner"
            )
        warnings.warn(PairingWarning(report), stacklevel=stacklevel)
    return SampleList(samples, pairing=report)
