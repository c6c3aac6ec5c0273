"""What a run returns."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avmeter.errors import MissingDependencyError
from avmeter.files import Url, as_url
from avmeter.plain import encodable, to_jsonable
from avmeter.result import DUMMY_MARK
from avmeter.run.folder import run_folder, write_run
from avmeter.run.grouping import GROUPING, Grouping
from avmeter.run.remote_folder import run_output
from avmeter.run.scalars import scalars
from avmeter.run.score_table import ScoreTable
from avmeter.run.summary import summarise

_SHOWN_METRICS = 6


class EvalResults(ScoreTable):
    """One dict from metric name to `MetricResult` per sample, in input order.

    `EvalResults(samples=[...], corpus={...})` with dicts of results is understood as well.
    """

    def __repr__(self) -> str:
        """Return what is in it in one line: the results themselves are as long as the set."""
        results = [r for row in self for r in row.values()]
        skips = sum(r.score is None for r in results)
        names, num_clips = self.metric_names, len(self.scored_positions)
        more = f", and {len(names) - _SHOWN_METRICS} more" if len(names) > _SHOWN_METRICS else ""
        parts = [
            f"{num_clips} {'clip' if num_clips == 1 else 'clips'}",
            f"metrics: {', '.join(names[:_SHOWN_METRICS])}{more}" if names else "no metrics",
            *([f"{skips} of {len(results)} scores skipped"] if skips else []),
            *([DUMMY_MARK] if self.is_dummy else []),
            *(["partial"] if self.provenance.get("partial") else []),
        ]
        return f"<{type(self).__name__}: {'; '.join(parts)}>"

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

    def group(self, *, cluster: str | None = None, by: Sequence[str] = ()) -> None:
        """Say how samples belong together, for summaries, tables and pages from now on.

        Args:
            cluster: Column whose values say which samples are resampled together, "id" for none; default is
                `text_prompt` where samples share one.
            by: Columns by which every metric is broken down: "language", or any other that the samples bring along.

        Raises:
            UnknownNameError: No sample has such a column.
        """
        grouping = Grouping(cluster=cluster, by=tuple(by))
        grouping.check(self.samples)
        self.provenance = {**self.provenance, GROUPING: grouping.to_facts()}

    def scalars(self, prefix: str = "") -> dict[str, float]:
        """Return means, corpus scores and counts of skips as flat finite numbers; see `avmeter.run.scalars`."""
        return scalars(self, prefix)

    def to_fastvideo(self) -> list[dict[str, Any]]:
        """Return the scored samples as JSON values in the shape that `fastvideo eval run` writes.

        One dict per sample: `video`, the path of its video or else of its sound, or its id; and `scores`, from metrics
        to their `name`, `score` and `details`. Results of the corpus have no place in it.
        """
        return [
            {
                "video": self._name_of_clip(i),
                "scores": {
                    name: {"name": result.name, "score": result.score, "details": to_jsonable(result.details)}
                    for name, result in self[i].items()
                },
            }
            for i in self.scored_positions
        ]

    def _name_of_clip(self, position: int) -> str:
        media = self.samples[position].media if self.samples else {}
        paths = (media[f].path or media[f].stored for f in ("video", "audio") if f in media)
        return encodable(str(next((p for p in paths if p is not None), self.sample_ids[position])))

    def summary(self) -> dict[str, Any]:
        """Summarise the scores per metric; see `avmeter.run.summary`."""
        return summarise(self)

    def write(self, folder: str | os.PathLike[str], *, summary: Mapping[str, Any] | None = None) -> Path | Url:
        """Write the run folder, a path or a URL of an object store; see `avmeter.run.folder`.

        Args:
            folder: Where.
            summary: That of these results, where it was made already.
        """
        with run_output(run_folder(folder)) as place:
            write_run(self, place, summary=summary)
        return as_url(folder) or place
