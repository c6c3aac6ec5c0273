"""Trackers and trainers as they are, not as stand-ins: `make test-trainers` installs what the group `test` lacks."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import struct
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from avmeter.evaluator import Evaluator
from avmeter.training import (
    MlflowTracker,
    TensorBoardTracker,
    Tracker,
    TrackioTracker,
    Validation,
    WandbTracker,
)
from avmeter.training.lightning import lightning_callback
from avmeter.training.transformers import trainer_callback
from avmeter.training.validation import ValidationWarning
from support import require
from support.levels import RATE, level_metrics, samples_of
from support.trackers import ListTracker

__all__ = ["level_metrics"]

pytestmark = [pytest.mark.usefixtures("level_metrics"), pytest.mark.filterwarnings("default")]  # theirs are not ours
MEAN, WORST = "val/user.level/mean", "val/user.level/worst/0"
STEPS = ((10, 0.1), (20, 0.2))


def validate(tracker: Tracker) -> None:
    """Two steps of two clips with video, the worse of which is shown."""
    validation = Validation(Evaluator(["user.level"], "cpu"), trackers=[tracker], num_worst=1)
    frames = torch.rand(4, 3, 32, 48)
    for step, level in STEPS:
        given = [{**s, "video": frames, "fps": 8, "text_prompt": "a <b>"} for s in samples_of(level, 0.5)]
        with warnings.catch_warnings():
            warnings.simplefilter("error", ValidationWarning)  # says what was not logged
            assert validation(given, step=step) is not None


def test_tensorboard_reads_scalars_sound_and_captions(tmp_path: Path) -> None:
    """Its own reader finds what its own writer wrote."""
    reader = require.package("tensorboard.backend.event_processing.event_accumulator")
    validate(TensorBoardTracker(tmp_path))
    events = reader.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars(MEAN)] == [(10, pytest.approx(0.3)), (20, pytest.approx(0.35))]
    sounds = events.Audio(WORST)
    assert [(sound.step, sound.sample_rate, sound.encoded_audio_string[:4]) for sound in sounds] == [
        (10, RATE, b"RIFF"), (20, RATE, b"RIFF")
    ]  # fmt: skip
    assert b"a <b>" in events.Tensors(f"{WORST}/caption/text_summary")[0].tensor_proto.string_val[0]


def test_wandb_keeps_scores_that_come_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its server: rows, axis and videos are in the file that is synchronised later."""
    wandb = require.trainer("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = wandb.init(project="p", dir=str(tmp_path), mode="offline")
    tracker = WandbTracker(run)
    run.log({"loss": 1.0}, step=120)
    validate(tracker)
    folder = Path(run.dir)
    run.finish()
    wandb.teardown()  # ends its process, which writes the file
    found = [row for row in wandb_rows(next(folder.parent.glob("*.wandb"))) if MEAN in row]
    assert [(row["avmeter/step"], row[MEAN]) for row in found] == [(10, pytest.approx(0.3)), (20, pytest.approx(0.35))]
    assert all(row[f"{WORST}/_type"] == "video-file" for row in found)
    assert len(list(folder.rglob("*.mp4"))) == 2


def wandb_rows(path: Path) -> list[dict[str, Any]]:
    """What was logged, from W&B's own file: records in the format of LevelDB's logs, behind 7 bytes of its own."""
    kind = require.trainer("wandb.proto.wandb_internal_pb2").Record
    data, block, start, parts, rows = path.read_bytes(), 32768, 7, b"", []
    while start + 7 <= len(data):
        if block - start % block < 7:  # no room for a header: the next one begins a block
            start += block - start % block
            continue
        length, part = struct.unpack_from("<HB", data, start + 4)
        parts = data[start + 7 : start + 7 + length] if part in (1, 2) else parts + data[start + 7 : start + 7 + length]
        start += 7 + length
        if part in (1, 4):  # whole, or the last of several
            record = kind.FromString(parts)
            if record.HasField("history"):
                rows.append({i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in record.history.item})
    return rows


def test_trackio_stores_rows_and_videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its database on this machine."""
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    trackio = require.trainer("trackio")
    run = trackio.init(project="p", embed=False, auto_log_cpu=False)
    validate(TrackioTracker(run))
    trackio.finish()
    (database,) = tmp_path.glob("*.db")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        logged = connection.execute("select step, metrics from metrics order by step").fetchall()
    rows = [(step, json.loads(metrics)) for step, metrics in logged]
    assert [(step, row[MEAN]) for step, row in rows if MEAN in row] == [
        (10, pytest.approx(0.3)), (20, pytest.approx(0.35))
    ]  # fmt: skip
    assert [row[WORST]["caption"].rpartition(" ")[2] for _, row in rows if WORST in row] == ["<b>", "<b>"]
    assert len(list(tmp_path.rglob("*.mp4"))) == 2


def test_mlflow_stores_metrics_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder, the store of its small package; `@` is none of its characters."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "runs").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = require.trainer("mlflow")
    with mlflow.start_run() as run:
        tracker = MlflowTracker()
        validate(tracker)
        tracker.log_scalars({"val/audio.frechet_distance@panns/corpus": 2.0}, step=10)
    client = mlflow.MlflowClient()
    history = client.get_metric_history(run.info.run_id, MEAN)
    assert [(m.step, m.value) for m in history] == [(10, pytest.approx(0.3)), (20, pytest.approx(0.35))]
    assert client.get_run(run.info.run_id).data.metrics["val/audio.frechet_distance_panns/corpus"] == 2.0
    names = sorted(Path(f.path).suffix for f in client.list_artifacts(run.info.run_id, f"step_10/{WORST}"))
    assert names == [".mp4", ".txt"]


class Line(torch.nn.Module):
    """One weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        loss = (self.weight * x - (x if labels is None else labels)).square().mean()
        return {"loss": loss, "logits": self.weight * x}


def generate(model: Any) -> list[dict[str, Any]]:
    """Sound as loud as the weight that is trained."""
    return samples_of(float(model.weight.detach()), 0.5)


@pytest.mark.parametrize("in_background", [False, True])
def test_lightning_validates_at_each_epoch(tmp_path: Path, in_background: bool) -> None:
    """With its own logger, not in the sanity check, and with a model that training has changed."""
    lightning = require.trainer("lightning.pytorch")

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(0.5))

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            return (self.weight * batch[0] - batch[0]).square().mean()

        def validation_step(self, batch: Any, index: int) -> None:
            assert not torch.is_grad_enabled()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    tracker = ListTracker()
    validation = Validation(Evaluator(["user.level"], "cpu"), trackers=[tracker], in_background=in_background)
    logger = require.trainer("lightning.pytorch.loggers").CSVLogger(str(tmp_path))
    loader = DataLoader(TensorDataset(torch.ones(4, 1)), batch_size=2)
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=logger,
        callbacks=[lightning_callback(validation, generate)],
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        log_every_n_steps=1,
    )
    trainer.fit(Module(), loader, loader)
    assert tracker.steps == [2, 4]
    assert 0.5 < tracker.scalars[MEAN] <= 0.75
    assert MEAN in next(tmp_path.rglob("metrics.csv")).read_text()


def test_trainer_of_transformers_finds_the_best_model_by_a_score(tmp_path: Path) -> None:
    """The name of the score is that of the metric that chooses."""
    require.trainer("accelerate")
    transformers = require.package("transformers")
    tracker = ListTracker()
    validation = Validation(Evaluator(["user.level"], "cpu"), trackers=[tracker])
    rows = [{"x": torch.ones(1), "labels": torch.ones(1)} for _ in range(4)]
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path),
        num_train_epochs=2,
        per_device_train_batch_size=2,
        learning_rate=0.1,
        eval_strategy="epoch",
        save_strategy="epoch",
        load_best_model_at_end=True,
        metric_for_best_model="eval_user.level/mean",
        greater_is_better=True,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = transformers.Trainer(
        Line(), arguments, train_dataset=rows, eval_dataset=rows, callbacks=[trainer_callback(validation, generate)]
    )
    trainer.train()
    assert tracker.steps == [2, 4]
    assert trainer.state.best_metric == pytest.approx(tracker.scalars[MEAN])
    assert trainer.state.best_model_checkpoint.endswith("checkpoint-4")
