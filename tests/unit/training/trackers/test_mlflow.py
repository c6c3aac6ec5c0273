"""MLflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import UsageError
from avmeter.training.trackers.mlflow import MlflowTracker
from support.media import tone, write_pcm_wav
from support.trackers import MlflowClient, clip_file, install_mlflow


def test_labels_get_names_that_mlflow_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`@` is none of its characters; the step is the training's."""
    client = MlflowClient()
    install_mlflow(monkeypatch, client, active="run")
    MlflowTracker().log_scalars({"val/audio.frechet_distance@panns/corpus": 2.0}, step=9)
    ((metric,),) = client.batches
    assert (metric.key, metric.value, metric.step) == ("val/audio.frechet_distance_panns/corpus", 2.0, 9)


def test_many_scalars_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server takes 1000 at once."""
    client = MlflowClient()
    install_mlflow(monkeypatch, client, active=None)
    MlflowTracker("run").log_scalars({f"m{i}": float(i) for i in range(1500)}, step=1)
    assert [len(batch) for batch in client.batches] == [1000, 500]


def test_clips_are_files_of_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By step and name, with the caption beside them."""
    client = MlflowClient()
    install_mlflow(monkeypatch, client, active=None)
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 0.1), 16_000)
    MlflowTracker("run").log_clips([clip_file(path)], step=9)
    folder = "step_9/val/user.level/worst/0"
    assert client.files == {f"{folder}/a.wav": path.read_bytes(), f"{folder}/caption.txt": b"a"}


def test_without_a_run_it_says_what_to_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A background thread has no active run of its own, so it is looked up at once."""
    install_mlflow(monkeypatch, MlflowClient(), active=None)
    with pytest.raises(UsageError, match="start_run"):
        MlflowTracker()
