"""Rows of a run on the disk while it goes on, so that a run that is killed leaves what it had."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avmeter.engine.executors.base import OnRows


@contextlib.contextmanager
def journal_of(out: Path | None, num_samples: int, provenance: Mapping[str, Any]) -> Iterator[OnRows | None]:
    """Yield what takes in rows for a run folder; None without a folder."""
    if out is None:
        yield None
        return
    from avmeter.run import RunJournal

    with RunJournal(out, num_samples=num_samples, provenance=provenance) as journal:
        yield journal.add
