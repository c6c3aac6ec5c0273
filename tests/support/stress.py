"""Evaluators of a few lines: RMS of the sound in dB, a number of the frames, and corpus metrics that count clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from avmeter.engine.failures import never
from avmeter.errors import SkipCode
from avmeter.media import AudioSpec, MediaLimits, open_media
from avmeter.metrics.base import CorpusMetric, Need
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.sample import Sample

_SOUND = Need(name="audio", field="audio", extractor="loudness")
_FRAMES = Need(name="video", field="video", extractor="motion")


class Count(CorpusMetric):
    """A metric of the corpus that gets whole samples."""

    name = "test.count"
    direction = "higher"
    needs = ()

    def start(self) -> None: ...
    def update(self, state: Any, sample: Any, features: Any) -> None: ...
    def merge(self, a: Any, b: Any) -> None: ...
    def finish(self, state: Any) -> Any: ...


class FramesCount(Count):
    """A metric of the corpus that reads frames alone."""

    name = "test.frames_count"
    needs = (_FRAMES,)


class FakeEvaluator:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.metrics = {
            "test.rms": SimpleNamespace(direction="higher", per_sample=True, requires=(), needs=(_SOUND,)),
            "audio.wer": SimpleNamespace(
                direction="lower", per_sample=True, requires=("reference_text",), needs=(_SOUND,)
            ),
            "test.count": Count(),
        }
        self.metric_names = list(self.metrics)
        self.limits = MediaLimits()
        self.seen: list[tuple[tuple[str, ...], list[Sample]]] = []

    def evaluate(
        self, *, samples: Sequence[Sample], metrics: Sequence[str], should_stop: Callable[[], bool] = never
    ) -> EvalResults:
        self.seen.append((tuple(metrics), list(samples)))
        counts = [n for n in metrics if isinstance(self.metrics[n], Count)]
        rows = [{n: self._score(n, s) for n in metrics if n not in counts} for s in samples]
        corpus = {n: MetricResult(n, float(len(samples))) for n in counts}
        return EvalResults(rows, corpus, samples=samples, provenance={"metrics": {n: {} for n in metrics}})

    def _score(self, name: str, sample: Sample) -> MetricResult:
        if name == "audio.wer":
            if sample.text("reference_text") is None:
                skip = Skip(code=SkipCode.MISSING_INPUT, reason="no text")
                return MetricResult.skipped(name, skip)
            return MetricResult(name, float(len(str(sample.text("reference_text")))))
        if name == "test.frames":
            return MetricResult(name, float(len(str(sample.media["video"].path))))
        source = sample.source("audio")
        assert source is not None
        with open_media(source) as item:
            wave = np.asarray(item.audio(AudioSpec(sample_rate=None))[:], np.float64)
        return MetricResult(name, float(20 * np.log10(np.sqrt(np.mean(wave**2)) + 1e-6)))


class FramesEvaluator(FakeEvaluator):
    """With metrics that read frames alone."""

    def __init__(self) -> None:
        super().__init__()
        frames = SimpleNamespace(direction="lower", per_sample=True, requires=(), needs=(_FRAMES,))
        self.metrics |= {"test.frames": frames, "test.frames_count": FramesCount()}
        self.metric_names = list(self.metrics)
