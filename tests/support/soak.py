"""What soak tests read after an accident: the features of a store, and the scores of a run folder."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from avmeter.run import read_run

METRICS = ("-m", "audio.loudness")


def stored(store: Path) -> set[tuple[str, str]]:
    """Return media and fingerprint of every stored feature; the database must be intact, if there is one."""
    try:
        database = sqlite3.connect(store / "features.sqlite")
        found = set(database.execute("SELECT media, fingerprint FROM features"))
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
    except sqlite3.OperationalError:
        return set()
    return found


def loudness(run: Path) -> dict[str, float | None]:
    """Return the loudness of every clip of a run folder."""
    results = read_run(run)
    return {s.id: row["audio.loudness"].score for s, row in zip(results.samples, results, strict=True)}
