"""Features from one store into another: what nodes have computed on their own disks, brought together once."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from avmeter.engine.store.base import FeatureKey
from avmeter.engine.store.database import ForeignStoreError, connect, find, read_all, write
from avmeter.errors import UsageError

_ROWS_AT_ONCE = 2048
_BUSY_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What was copied.

    Attributes:
        num_read: Features of the source.
        num_new: Those that the target did not have.
        num_damaged: Those that are not what was written, and were left.
    """

    num_read: int = 0
    num_new: int = 0
    num_damaged: int = 0


def copy_features(source: Path, target: Path) -> Exchange:
    """Copy the features of a store that another one lacks, some thousands at a time.

    Others may use both stores meanwhile. Ended half-way, the same call goes on.

    Args:
        source: Folder of a store.
        target: Folder of another; made if there is none.

    Raises:
        UsageError: There is no store, both are the same, or one cannot be used.
    """
    path = source / "features.sqlite"
    if not path.is_file():
        raise UsageError(f"{source}: there is no feature store", hint="name the folder that `--store` had")
    if target.exists() and source.resolve() == target.resolve():
        raise UsageError(f"{source} is the store that features are copied to", hint="name the others")
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (
            closing(connect(path, busy_timeout_s=_BUSY_TIMEOUT_S)) as there,
            closing(connect(target / path.name, busy_timeout_s=_BUSY_TIMEOUT_S)) as here,
        ):
            return _copy(there, here)
    except (OSError, sqlite3.Error, ForeignStoreError) as error:
        raise UsageError(f"{source} to {target}: features cannot be copied ({error})") from error


def _copy(there: sqlite3.Connection, here: sqlite3.Connection) -> Exchange:
    num_read = num_new = num_damaged = 0
    rows = read_all(there)
    while batch := dict(itertools.islice(rows, _ROWS_AT_ONCE)):
        num_read += len(batch)
        present = set(find(here, batch))
        new: Mapping[FeatureKey, bytes] = {k: p for k, p in batch.items() if p is not None and k not in present}
        num_damaged += sum(p is None for p in batch.values())
        if new:
            write(here, new)
        num_new += len(new)
    return Exchange(num_read=num_read, num_new=num_new, num_damaged=num_damaged)
