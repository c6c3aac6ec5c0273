"""What a run returns."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from avmeter.errors import MissingDependencyError
from avmeter.run.encoding import encodable
from avmeter.run.folder import write_run
from avmeter.run.score_table import ScoreTable
from avmeter.run.summary import summarise


class EvalResults(ScoreTable):
    """One dict from metric name to `MetricResult` per sample, in input order.

    `EvalResults(samples=[...], corpus={...})` with dicts of results is understood as well.
    """

    def to_pandas(self) -> Any:
        """Return `to_rows` as a `pandas.DataFrame`, in which absent scores are missing values.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise MissingDependencyError("to_pandas needs `pandas`", hint="pip install pandas") from error
        columns = ["sample_id", "metric", "score", "skip_code", "reason", "hint", "dummy", "details"]
        # pandas keeps text as UTF-8, which cannot hold a file name of undecodable bytes.
        rows = [{k: encodable(v) if isinstance(v, str) else v for k, v in row.items()} for row in self.to_rows()]
        return pandas.DataFrame(rows, columns=columns)

    def summary(self) -> dict[str, Any]:
        """Summarise the scores per metric; see `avmeter.run.summary`."""
        return summarise(self)

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write the run folder; see `avmeter.run.folder`."""
        return write_run(self, folder)
