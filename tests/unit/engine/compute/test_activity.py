"""What a computer is doing, as others see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from avmeter.engine.compute.activity import Activity
from avmeter.engine.executors.local import LocalExecutor
from avmeter.evaluator import Evaluator
from avmeter.sample import as_samples
from support.engine import Blocks, MeanMetric, clip, computer
from support.media import tone, write_media


def test_windows_are_counted_while_they_are_run(tmp_path: Path) -> None:
    """A watcher sees more windows after a run than before it, and the last stage."""
    clip = write_media(
        tmp_path / "a.wav", wave=tone(440, 0.3, 16_000, 3.0), sample_rate=16_000, audio_codec="pcm_s16le"
    )
    evaluator = Evaluator(["audio.frechet_distance"], "cpu", options={"audio.frechet_distance": {"backbone": "vggish"}},
                          weights="dummy")  # fmt: skip
    assert evaluator.activity.num_windows == 0
    evaluator.evaluate(samples=[{"audio": clip}])
    assert evaluator.activity.num_windows >= 1
    assert evaluator.activity.stage == "scoring"
    evaluator.shutdown()


def test_network_that_is_waited_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes in one batch have a name; before and after it there is a stage."""
    engine, seen = computer(), []
    run = Blocks.forward

    def forward(self: Blocks, batch: Any) -> Any:
        seen.append(engine.activity.doing)
        return run(self, batch)

    monkeypatch.setattr(Blocks, "forward", forward)
    LocalExecutor(engine).run(as_samples([clip(0.5), clip(0.2)]), {"test.mean": MeanMetric()})
    assert set(seen) == {"computing test_blocks"}
    assert (engine.activity.doing, engine.activity.running) == ("scoring", ())


def test_oldest_of_several_batches_is_named() -> None:
    """It is what the others wait for; one that was finished before its elders leaves them."""
    activity = Activity(stage="decoding")
    for name in ("passt", "clap_audio", "passt"):
        activity.begin(name)
    activity.finish("clap_audio", num_windows=3)
    assert (activity.doing, activity.num_windows) == ("computing passt", 3)
    activity.finish("passt", num_windows=1)
    assert activity.running == ("passt",)
    activity.reset("scoring")
    assert activity.doing == "scoring"
