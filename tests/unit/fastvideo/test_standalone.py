"""A metric driven by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from avmeter.evaluator import Evaluator
from avmeter.fastvideo.standalone import StandaloneMetric


def sounds(count: int, seed: int = 0) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    waves = rng.standard_normal((count, 2, 16_000)).astype(np.float32) * 0.1
    return [{"audio": (a, 16_000), "reference_audio": (b, 16_000), "text_prompt": "x"} for a, b in waves]


def test_one_sample_scores_as_in_an_evaluator(clips: Path) -> None:
    """`to`, `setup` and `compute` in FastVideo's order."""
    metric = StandaloneMetric("audio.loudness", {}).to("cpu")
    metric.setup()
    sample = {"video": str(clips / "gen" / "clip_2.mp4")}
    expected = Evaluator(["audio.loudness"], "cpu").evaluate(**sample)["audio.loudness"]
    assert metric.compute(sample) == expected
    assert metric.device == torch.device("cpu")


def test_facts_are_those_of_the_metric() -> None:
    """What callers branch on."""
    wer = StandaloneMetric("audio.wer", {})
    assert (wer.name, wer.higher_is_better, wer.is_set_metric) == ("audio.wer", False, False)
    distance = StandaloneMetric("audio.frechet_distance", {})
    assert distance.is_set_metric
    assert distance.requires_reference


def test_parts_of_a_corpus_merge_to_the_whole() -> None:
    """As after one pass over all samples; `reset` begins anew."""
    samples = sounds(4)
    whole, start, end = (StandaloneMetric("audio.wer", {}) for _ in range(3))
    for sample in samples:
        whole.accumulate(sample)
    for part, own in ((start, samples[:2]), (end, samples[2:])):
        part.reset()
        for sample in own:
            part.accumulate(sample)
    start.merge_from(end)
    assert start.finalize().details["n_given"] == whole.finalize().details["n_given"] == 4
    start.reset()
    assert start.finalize().details["n_given"] == 0
