"""Stand-ins of trackers' packages, with the signatures of the real ones, which refuse what those refuse."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avmeter.run import EvalResults
from avmeter.training.trackers import ClipFile, ClipKind


class SummaryWriter:
    """`torch.utils.tensorboard.SummaryWriter`, in memory."""

    def __init__(self) -> None:
        self.scalars: list[tuple[str, float, int]] = []
        self.sounds: dict[str, tuple[np.ndarray, int]] = {}
        self.texts: dict[str, str] = {}

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False):
        self.scalars.append((tag, scalar_value, global_step))

    def add_audio(self, tag, snd_tensor, global_step=None, sample_rate=44100, walltime=None):
        array = np.asarray(snd_tensor).squeeze()
        assert array.ndim == 1, "input tensor should be 1 dimensional."
        assert abs(array).max() <= 1
        self.sounds[tag] = (array, sample_rate)

    def add_text(self, tag, text_string, global_step=None, walltime=None):
        self.texts[tag] = text_string

    def flush(self):
        pass


class WandbRun:
    """A run of W&B: rows are open until a later one begins, and what comes for an earlier one is dropped."""

    def __init__(self) -> None:
        self.step = 0
        self.rows: dict[int, dict[str, Any]] = {}
        self.axes: dict[str, str | None] = {}
        self.dropped: list[dict[str, Any]] = []

    def define_metric(
        self, name, step_metric=None, step_sync=None, hidden=None, summary=None, goal=None, overwrite=None
    ):
        assert "*" not in name[:-1]
        self.axes[name] = step_metric

    def log(self, data, step=None, commit=None):
        row = self.step if step is None else step
        if row < self.step:
            self.dropped.append(data)
            return
        self.rows.setdefault(row, {}).update(data)
        self.step = row + 1 if step is None else row


def install_wandb(monkeypatch: pytest.MonkeyPatch, run: WandbRun | None) -> None:
    module = ModuleType("wandb")
    module.run = run  # type: ignore[attr-defined]
    module.Audio = _wandb_audio  # type: ignore[attr-defined]
    module.Video = _wandb_video  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", module)


def _wandb_audio(data_or_path, sample_rate=None, caption=None):
    assert Path(data_or_path).is_file()
    return ("audio", Path(data_or_path).suffix, caption)


def _wandb_video(data_or_path, caption=None, fps=None, format=None):
    assert Path(data_or_path).suffix in (".gif", ".mp4", ".webm", ".ogg")
    assert Path(data_or_path).is_file()
    assert format in ("gif", "mp4", "webm", "ogg", None)
    return ("video", Path(data_or_path).suffix, caption)


class TrackioRun:
    """A run of Trackio."""

    def __init__(self) -> None:
        self.rows: list[tuple[int | None, dict[str, Any]]] = []

    def log(self, metrics: dict, step: int | None = None):
        self.rows.append((step, metrics))


def install_trackio(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("trackio")

    def audio(value, caption=None, sample_rate=None, format=None):
        assert Path(value).suffix in (".wav", ".mp3")
        return ("audio", Path(value).read_bytes()[:4], caption)

    def video(value, caption=None, fps=None, format=None):
        assert Path(value).suffix in (".mp4", ".webm", ".gif")
        return ("video", Path(value).suffix, caption)

    module.Audio, module.Video = audio, video  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trackio", module)


class MlflowClient:
    """`mlflow.MlflowClient`, in memory."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.files: dict[str, bytes] = {}

    def log_batch(self, run_id, metrics=(), params=(), tags=()):
        assert run_id == "run"
        assert len(metrics) <= 1000
        for metric in metrics:
            assert re.fullmatch(r"[/\w.\- ]*", metric.key), metric.key
        self.batches.append(list(metrics))

    def log_artifact(self, run_id, local_path, artifact_path=None):
        self.files[f"{artifact_path}/{Path(local_path).name}"] = Path(local_path).read_bytes()

    def log_text(self, run_id, text, artifact_file):
        self.files[artifact_file] = text.encode()


def install_mlflow(monkeypatch: pytest.MonkeyPatch, client: MlflowClient, *, active: str | None) -> None:
    module, entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
    module.active_run = lambda: active and SimpleNamespace(info=SimpleNamespace(run_id=active))  # type: ignore[attr-defined]
    module.MlflowClient = lambda: client  # type: ignore[attr-defined]
    entities.Metric = lambda key, value, timestamp, step: SimpleNamespace(  # type: ignore[attr-defined]
        key=key, value=value, timestamp=timestamp, step=step
    )
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)


class ListTracker:
    """Remembers what it was given; files are read when they are."""

    name = "the list"

    def __init__(self, *kinds: ClipKind, fail: Exception | None = None) -> None:
        self.kinds = kinds
        self.steps: list[int] = []
        self.scalars: dict[str, float] = {}
        self.clips: dict[str, tuple[ClipKind, str, bytes]] = {}
        self._fail = fail

    def log_scalars(self, scalars, *, step):
        if self._fail is not None:
            raise self._fail
        self.steps.append(step)
        self.scalars = dict(scalars)

    def log_clips(self, clips, *, step):
        self.clips |= {c.name: (c.kind, c.caption, c.path.read_bytes()) for c in clips}


def clip_file(path: Path, kind: ClipKind = ClipKind.AUDIO, name: str = "val/user.level/worst/0") -> ClipFile:
    return ClipFile(name=name, caption="a", path=path, kind=kind)


def level_results(evaluator, waves, rate: int = 16_000) -> EvalResults:
    return evaluator.evaluate([{"audio": (wave, rate)} for wave in waves])
