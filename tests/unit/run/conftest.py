from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.sample import as_samples

PROVENANCE = {
    "metrics": {
        "audio.wer": {"direction": "lower", "unit": "edits per word", "options": {"protocol": "fastvideo"}},
        "audio.quality": {"direction": "higher", "unit": "", "options": {}},
    },
    "weights": {"whisper-base": "abc"},
    "command": ["avmeter", "score"],
}


def skipped(name: str, code: SkipCode = SkipCode.NO_AUDIO_TRACK) -> MetricResult:
    return MetricResult.skipped(name, Skip(code=code, reason="clip: no audio track", hint="give `audio=`"))


@pytest.fixture
def make_run() -> Callable[..., EvalResults]:
    """Results of clips c0.wav, c1.wav ... from WER scores (None = skipped), and one clip of reference context."""

    def make(scores: list[float | None], *, offset: int = 0, dummy: bool = False, root: str = "/clips") -> EvalResults:
        rows = []
        for score in scores:
            wer = skipped("audio.wer") if score is None else MetricResult("audio.wer", score, {"transcription": "hi"})
            quality = MetricResult("audio.quality", None if score is None else 1 - score)
            rows.append({"audio.wer": wer.marked_dummy() if dummy else wer, "audio.quality": quality})
        given = [{"id": f"c{i + offset}.wav", "audio": f"{root}/c{i + offset}.wav", "text_prompt": "a dog"}
                 for i in range(len(scores))]  # fmt: skip
        given.append({"id": "reference:r.wav", "audio": str(Path(root) / "r.wav"), "role": "reference"})
        corpus = {"audio.wer": MetricResult("audio.wer", 0.2, {"edits": 3}),
                  "audio.fad": skipped("audio.fad", SkipCode.TOO_FEW_SAMPLES)}  # fmt: skip
        return EvalResults([*rows, {}], corpus, samples=as_samples(given), provenance=PROVENANCE)

    return make
