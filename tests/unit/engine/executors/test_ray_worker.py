"""What a node does with a piece of a run."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.ray_worker import RayWork, RayWorker
from avmeter.sample import as_samples
from support.media import write_media

RATE = 16_000


def test_worker_gives_rows_counts_and_what_was_logged(tmp_path: Path) -> None:
    """Rows are those of this machine; warnings travel to the run, which is where people look."""
    wave = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    write_media(tmp_path / "a.wav", wave=wave, sample_rate=RATE, audio_codec="pcm_f32le")
    samples = as_samples([{"audio": str(tmp_path / "a.wav")}, {"audio": str(tmp_path / "absent.wav")}])
    config = EvaluatorConfig(executor="ray", device="cpu")
    metrics = config.resolve_metrics(["audio.loudness"])
    worker = RayWorker(config, "cpu", num_workers=1)
    shares: list[float] = []

    def progress(share: float) -> None:
        shares.append(share)
        logging.getLogger("avmeter").warning("at %d", share)

    work = RayWork(metrics=metrics, modules=["avmeter.features.signal.loudness"])
    done = worker.compute(work, samples, progress, lambda: False)
    local = LocalExecutor(EvaluatorConfig(device="cpu").build_computer())
    assert done.result.rows == local.run_chunk(samples, metrics).rows
    assert done.counts.computed == {"loudness": 1}
    assert done.device.startswith("cpu")
    assert "at 1" in done.warnings
    assert worker.compute(work, samples, lambda share: None, lambda: False).warnings == []
