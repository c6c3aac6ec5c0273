"""Parts of a run."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.part import merge_parts, partial_run
from avmeter.sample import as_samples

RATE = 16_000


def test_parts_are_small_and_merge_to_the_rows_of_one_run(tmp_path: Path) -> None:
    """Nothing of the sound is sent; paths and prompts are."""
    config = EvaluatorConfig(device="cpu")
    metrics = config.resolve_metrics(["audio.loudness"])
    executor = LocalExecutor(config.build_computer())
    wave = np.random.default_rng(0).standard_normal(60 * RATE).astype(np.float32) * 0.1
    samples = as_samples(
        [{"audio": (wave, RATE), "text_prompt": "noise", "frames": wave}, {"audio": str(tmp_path / "absent.wav")}]
    )
    parts = [partial_run([s], executor.run_part([s], metrics), {}) for s in samples]
    sent = [pickle.dumps(part) for part in parts]
    assert max(map(len, sent)) < 20_000
    found, rows, _ = merge_parts([pickle.loads(part) for part in sent], metrics)  # noqa: S301 - our own bytes
    expected, _ = executor.run(samples, metrics)
    assert rows == expected
    assert [s.text("text_prompt") for s in found] == ["noise", None]
    assert str(found[1].media["audio"].path) == str(tmp_path / "absent.wav")
