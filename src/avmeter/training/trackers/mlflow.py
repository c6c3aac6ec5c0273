"""MLflow: scalars, and clips as files of the run."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.errors import UsageError
from avmeter.training.trackers.base import ClipFile, ClipKind, import_tracker

_MAX_PER_BATCH = 1000  # of MLflow's servers
_NOT_IN_NAMES = re.compile(r"[^/\w.\- ]")  # what all its versions refuse in names of metrics


class MlflowTracker:
    """Writes to a run of MLflow.

    Args:
        run_id: Of the run; default is the run that is active in this thread.
        client: `mlflow.MlflowClient` in place of one of the tracking server that is set.

    Raises:
        MissingDependencyError: MLflow is not installed.
        UsageError: No run is active.
    """

    name = "MLflow"
    kinds = (ClipKind.AUDIO, ClipKind.VIDEO)

    def __init__(self, run_id: str | None = None, *, client: Any = None) -> None:
        mlflow = import_tracker("mlflow")
        if run_id is None:
            active = mlflow.active_run()
            if active is None:
                raise UsageError("no run of MLflow is active", hint="call mlflow.start_run() first, or pass run_id=")
            run_id = active.info.run_id
        self._run_id = run_id
        self._client = mlflow.MlflowClient() if client is None else client
        self._metric = import_tracker("mlflow.entities").Metric

    def log_scalars(self, scalars: Mapping[str, float], *, step: int) -> None:
        """Write the scalars; `@` and what else MLflow has no place for in names becomes `_`."""
        now_ms = int(time.time() * 1000)
        rows = [self._metric(_NOT_IN_NAMES.sub("_", name), value, now_ms, step) for name, value in scalars.items()]
        for start in range(0, len(rows), _MAX_PER_BATCH):
            self._client.log_batch(self._run_id, metrics=rows[start : start + _MAX_PER_BATCH])

    def log_clips(self, clips: Sequence[ClipFile], *, step: int) -> None:
        """Upload the clips, with their captions as text, to `step_N/NAME` among the files of the run."""
        for clip in clips:
            folder = f"step_{step}/{_NOT_IN_NAMES.sub('_', clip.name)}"
            self._client.log_artifact(self._run_id, str(clip.path), folder)
            self._client.log_text(self._run_id, clip.caption, f"{folder}/caption.txt")
