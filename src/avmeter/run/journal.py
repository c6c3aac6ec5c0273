"""Rows of a run that is not at its end yet, on the disk as they come: what a killed run leaves.

They lie in the folder `unfinished` of the run folder, a few hundred rows to a file, and go when the run is written as a
whole. A finished run that is there meanwhile stays as it is.

| file | holds |
|---|---|
| `unfinished/run.json` | that the run was not written as a whole, its number of samples, what produces the scores |
| `unfinished/results-00000.parquet`, `samples-00000.parquet` | as in a run folder, of some consecutive samples |
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from avmeter.errors import SkipCode
from avmeter.files import write_atomically
from avmeter.plain import to_json
from avmeter.run.folder import FORMAT, FORMAT_VERSION, RUN, UNFINISHED, remove_unfinished
from avmeter.run.parquet import results_parquet, samples_parquet
from avmeter.run.score_table import Row, ScoreTable
from avmeter.sample import Sample

logger = logging.getLogger("avmeter")

_NOTE = (
    "This run was not written as a whole: it goes on, or it was ended. Rows of samples that were finished stand beside "
    "this file, in results-*.parquet; where there are none, no sample was finished. `avmeter report` reads the folder "
    "above as it is, and the same command computes only what is not in the feature store."
)
_FEWEST_ROWS, _SHORTEST_S = 512, 1.0
_SHARE = 0.01  # of a run: bounds both the number of files and what a kill costs


class RunJournal:
    """Writes the rows of a run into its folder while it goes on.

    A second, or a hundredth of the run where that is longer, is what a kill costs. A disk that fails ends the journal
    with one message, and not the run.

    Args:
        place: The run folder.
        num_samples: Of the run.
        provenance: What produces the scores.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        place: Path,
        *,
        num_samples: int,
        provenance: Mapping[str, Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = place / UNFINISHED
        self._clock = clock
        self._run_id = secrets.token_hex(8)
        self._samples: list[Sample] = []
        self._rows: list[Row] = []
        self._num_written = self._num_files = 0
        self._started = self._written_at = clock()
        self._is_broken = False
        facts = {"format": FORMAT, "format_version": FORMAT_VERSION, "run_id": self._run_id, "note": _NOTE,
                 "num_samples": num_samples, "provenance": provenance}  # fmt: skip
        with self._failing_once():
            remove_unfinished(place)
            self._folder.mkdir(parents=True)
            write_atomically(self._folder / RUN, to_json(facts, indent=2))

    def add(self, samples: Sequence[Sample], rows: Sequence[Row]) -> None:
        """Take in the next rows but those of samples that were not finished; write what is held when it is time to."""
        if self._is_broken:
            return
        for sample, row in zip(samples, rows, strict=True):
            if not any(r.skip is not None and r.skip.code == SkipCode.INTERRUPTED for r in row.values()):
                self._samples.append(sample)
                self._rows.append(row)
        now = self._clock()
        is_many = len(self._rows) >= max(_FEWEST_ROWS, _SHARE * self._num_written)
        if is_many or now - self._written_at >= max(_SHORTEST_S, _SHARE * (now - self._started)):
            self.flush()

    def flush(self) -> None:
        """Write the rows that are held."""
        if self._is_broken or not self._rows:
            return
        table = ScoreTable(self._rows, samples=self._samples)
        with self._failing_once():
            # A part counts from its results on, so its samples come first.
            write_atomically(self._folder / part_name("samples", self._num_files), samples_parquet(table, self._run_id))
            write_atomically(self._folder / part_name("results", self._num_files), results_parquet(table, self._run_id))
        self._num_files += 1
        self._num_written += len(self._rows)
        self._samples, self._rows = [], []
        self._written_at = self._clock()

    def __enter__(self) -> RunJournal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None:
            self.flush()

    @contextlib.contextmanager
    def _failing_once(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._is_broken = True
            self._samples, self._rows = [], []
            reason = error.strerror or error
            logger.warning("%s: rows are not written before the run ends (%s); scoring goes on", self._folder, reason)


def part_name(kind: str, number: int) -> str:
    """Return the name of one file of rows or samples."""
    return f"{kind}-{number:05d}.parquet"
