"""Extractors and metrics of a few lines, to run the engine without networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import torch

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.store import NoStore
from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import DerivedExtractor, Features, Window, WindowExtractor
from avmeter.media import AudioSpec
from avmeter.metrics.base import CorpusMetric, Metric, Need
from avmeter.result import MetricResult
from avmeter.runtime import Runtime
from avmeter.sample import as_samples
from support.media import write_media

RATE = 8000


class Blocks(WindowExtractor):
    """Means of blocks of 0.1 s; counts the batches it is given."""

    name = "test_blocks"
    takes = "audio"
    batch_size = 4

    def __init__(self, *, fail=None):
        self.fail = fail
        self.batches = []
        self.loads = 0

    def options(self):
        return {"fail": str(self.fail)}

    def weights(self):
        return ("blocks",)

    def load(self, runtime):
        self.loads += 1
        if self.fail == "weights":
            raise WeightsError("blocks: not here", hint="fetch")

    def windows(self, media):
        waveform = media.audio(AudioSpec(sample_rate=RATE))
        for start in range(0, len(waveform), 800):
            yield Window(inputs={"x": np.asarray(waveform[start : start + 800])}, start_s=start / RATE)

    def forward(self, batch):
        self.batches.append(len(batch["x"]))
        if self.fail == "memory" and len(batch["x"]) > 1:
            raise torch.OutOfMemoryError
        if self.fail == "always":
            raise torch.OutOfMemoryError
        if self.fail == "loud" and bool((batch["x"].abs() > 0.9).any()):
            raise RuntimeError("too loud")
        return {"mean": batch["x"].mean(dim=1)}

    def pool(self, outputs, windows, facts):
        if self.fail == "pooling" and outputs[0]["mean"] > 0.5:
            raise ValueError("no such mean")
        return Features(arrays={"means": np.array([o["mean"] for o in outputs])})


class Difference(DerivedExtractor):
    """Mean of one clip less that of the other."""

    name = "test_difference"

    def __init__(self, *, fail=None):
        self.fail = fail

    def parents(self):
        return {"a": Blocks(fail=self.fail), "b": Blocks(fail=self.fail)}

    def windows(self, media):
        yield Window(inputs={k: np.atleast_1d(f["means"].mean()) for k, f in media.items()})

    def forward(self, batch):
        return {"difference": batch["a"] - batch["b"]}

    def pool(self, outputs, windows, facts):
        return Features(arrays={"difference": outputs[0]["difference"]})


class MeanMetric(Metric):
    """Mean level of the clip."""

    name = "test.mean"
    direction = "higher"

    def __init__(self, extractor="test_blocks", **options):
        super().__init__()
        self.need = Need(name="x", field="audio", extractor=extractor, options=options)

    @property
    def needs(self):
        return (self.need,)

    def score(self, sample, features):
        return MetricResult(self.name, float(features["x"]["means"].mean()))


class CompareMetric(MeanMetric):
    """Difference of the levels of two clips."""

    @property
    def needs(self):
        return (Need(name="x", field=("audio", "reference_audio"), extractor="test_difference"),)

    def score(self, sample, features):
        return MetricResult(self.name, float(features["x"]["difference"][0]))


@dataclass
class Sum:
    """Sum over clips."""

    total: float = 0.0
    ids: list = field(default_factory=list)


class SumMetric(CorpusMetric):
    """Sum of the mean levels of a corpus."""

    name = "test.sum"
    direction = "higher"

    @property
    def needs(self):
        return (Need(name="x", field="audio", extractor="test_blocks"),)

    def start(self):
        return Sum()

    def update(self, state, sample, features):
        return Sum(state.total + float(features["x"]["means"].mean()), [*state.ids, sample.id])

    def merge(self, a, b):
        return Sum(a.total + b.total, a.ids + b.ids)

    def finish(self, state):
        if not state.ids:
            raise SkipError(SkipCode.TOO_FEW_SAMPLES, "nothing")
        return MetricResult(self.name, state.total, {"ids": state.ids})


def runtime(*, dummy=False, precision="float32"):
    """A CPU whose checkpoints are all there, their names for fingerprints."""
    real = SimpleNamespace(is_dummy=False, fingerprint=lambda entry: entry)
    filled = SimpleNamespace(is_dummy=True, fingerprint=lambda entry: "dummy", without_stand_ins=real)
    weights = filled if dummy else SimpleNamespace(**vars(real), without_stand_ins=real)
    return Runtime(device=torch.device("cpu"), precision=precision, weights=weights)


def computer(store=None, *, dummy=False, **options) -> FeatureComputer:
    """A computer on the CPU; options are those of `FeatureComputer`."""
    return FeatureComputer(runtime(dummy=dummy), store or NoStore(), **options)


def clip(level: float, seconds: float = 0.3) -> dict:
    """A sample with a constant waveform."""
    return {"audio": (np.full(int(seconds * RATE), level, np.float32), RATE)}


def clip_file(folder, level: float) -> dict:
    """The same in a file."""
    path = folder / f"level{level:.1f}.wav"
    write_media(path, wave=clip(level)["audio"][0], sample_rate=RATE, audio_codec="pcm_f32le")
    return {"id": path.stem, "audio": str(path)}


def run(samples, *metrics, store=None, chunk_size=128, **options):
    """Rows, corpus results and counts of a run, and its first extractor."""
    engine = computer(store, **options)
    executor = LocalExecutor(engine, chunk_size=chunk_size)
    rows, corpus = executor.run(as_samples(samples), {m.name: m for m in metrics})
    extractor = next(iter(executor.extractors.values()), None)
    return SimpleNamespace(rows=rows, corpus=corpus, counts=engine.counts, extractor=extractor)
