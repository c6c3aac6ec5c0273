"""What a computer is doing, as others see it."""

from __future__ import annotations

from pathlib import Path

from avmeter.evaluator import Evaluator
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
