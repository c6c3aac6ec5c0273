"""The scorer: metrics chosen once, networks kept, any number of samples.

ev = create_evaluator(metrics=["audio.wer", "audio.kl_divergence"])
results = ev.evaluate(samples=[{"audio": "a.wav", "reference_audio": "b.wav", "reference_text": "..."}])
results[0]["audio.wer"].score
results.corpus["audio.wer"].score
"""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, overload

import torch

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.decode.worker_pool import most_children
from avmeter.engine.executors.local import LocalExecutor, Progress
from avmeter.engine.executors.messages import Setup
from avmeter.engine.executors.multi_gpu import PoolExecutor
from avmeter.engine.feature_table import FeatureTable, collect_features
from avmeter.engine.provenance import provenance
from avmeter.engine.store import open_store
from avmeter.errors import UnknownNameError, UsageError
from avmeter.features.base import get_extractor
from avmeter.manifest import identical_pairs
from avmeter.metrics.backbones import BACKBONES
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.metrics.resolve import resolve_metrics
from avmeter.metrics.simple import SimpleAdapter
from avmeter.protocols import check_protocol
from avmeter.registry import EXTRACTORS, require_packages
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.runtime import Precision, Runtime
from avmeter.runtime.device import device_named, require_gpus
from avmeter.sample import MEDIA_FIELDS, Sample, as_samples
from avmeter.weights import WeightsSource

_MOST_NAMED = 8
_REPLACED = {
    "pre_upload": "nothing replaces it: windows of all clips are uploaded batch by batch",
    "prefetch_factor": "nothing replaces it: the queue between decoding and networks is bounded in bytes",
}


class Evaluator:
    """Scores samples with a fixed set of metrics; networks are loaded when first needed and kept.

    It may be used from several threads; they wait for each other.

    Args:
        metrics: Metric names, groups ("audio", "av"), or "all".
        device: "auto" (first GPU, else CPU), or a torch device.
        num_gpus: How many GPUs of this machine to use, each by a process of its own. Metrics that are not of this
            package run here, on the first.
        compile: Not available; refused with a hint.
        weights: "auto", "dummy" (deterministic stand-ins: scores mean nothing and say so), or a folder.
        protocol: Published harness whose numbers are to be met: "fastvideo" or "av-benchmark".
        options: Metric name -> options of that metric.
        store: Where features are kept for later runs: a folder, True for the user's cache folder (`AVMETER_CACHE`,
            else where the platform keeps caches), None or False for nowhere, which is the default here (the command
            line's is True). Features of arrays in memory are never kept.
        precision: "float32" (strict), "tf32", "bf16" or "fp16".
        batch_size: Overrides the networks' own batch sizes.
        loader_threads: Decoding threads.
        loader_processes: Decoding processes in place of threads; 0 for none. Default is one per core but two, at most
            12, when a GPU waits for 32 files or more. Where none can be started, threads decode.
        skip_missing_deps: Leave out named metrics whose packages are missing, with a warning.

    Raises:
        UnknownNameError: Unknown metric, protocol, precision or option.
        MissingDependencyError: A named metric lacks a package (an ImportError).
    """

    def __init__(
        self,
        metrics: Sequence[str] | str = "all",
        device: str = "auto",
        num_gpus: int = 1,
        compile: bool = False,
        *,
        weights: str | Path | WeightsSource = "auto",
        protocol: str = "fastvideo",
        options: Mapping[str, Mapping[str, Any]] | None = None,
        store: str | Path | bool | None = None,
        precision: str = "float32",
        batch_size: int | None = None,
        loader_threads: int | None = None,
        loader_processes: int | None = None,
        skip_missing_deps: bool = False,
        **others: Any,
    ) -> None:
        _refuse(others)
        for name, count in (("num_gpus", num_gpus), ("batch_size", batch_size), ("loader_threads", loader_threads)):
            if count is not None and count < 1:
                raise UsageError(f"{name}={count}: needs at least 1", hint='without a GPU: `device="cpu"`')
        if loader_processes is not None and loader_processes < 0:
            raise UsageError(f"loader_processes={loader_processes}: needs at least 0", hint="0 decodes in threads")
        if num_gpus > 1:
            require_gpus(num_gpus, device)
        if compile:
            raise UsageError(
                "compile=True: compiling costs more than it saves below thousands of clips",
                hint='use `precision="tf32"` or `precision="bf16"`',
            )
        self._metrics = resolve_metrics(
            metrics, protocol=protocol, options=options, skip_missing_deps=skip_missing_deps
        )
        if not self._metrics:
            raise UsageError("no metric was chosen", hint="list_metrics() or `avmeter list` shows names and groups")
        setup = Setup(
            device=str(device_named(device)),
            precision=Precision.parse(precision),
            weights=WeightsSource.parse(weights),
            store=store,
            threads=loader_threads,
            processes=loader_processes,
            batch_size=batch_size,
        )
        computer = setup.computer()
        self._runtime, self._store = computer.runtime, computer.store
        self._num_gpus = num_gpus if self._runtime.device.type == "cuda" else 0
        self._executor: LocalExecutor | PoolExecutor = LocalExecutor(computer)
        if self._num_gpus > 1:
            share = replace(setup, processes=most_children(num_gpus) if loader_processes is None else loader_processes)
            self._executor = PoolExecutor(share, [f"cuda:{i}" for i in range(num_gpus)], self._executor)
        self._is_shut_down = self._is_busy = False
        self._lock = threading.RLock()
        for metric in self._metrics.values():
            if isinstance(metric, SimpleAdapter):
                metric.prepare(self._runtime.device)

    @property
    def metric_names(self) -> list[str]:
        """Names of the metrics, in the order chosen."""
        return list(self._metrics)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics themselves, by name."""
        return dict(self._metrics)

    @property
    def num_gpus(self) -> int:
        """Number of GPUs in use."""
        return self._num_gpus

    @overload
    def evaluate(
        self,
        samples: Iterable[Mapping[str, Any] | Sample],
        *,
        metrics: Sequence[str] | str | None = None,
        progress: Progress | None = None,
    ) -> EvalResults: ...

    @overload
    def evaluate(
        self, samples: None = None, *, metrics: Sequence[str] | str | None = None, **sample: Any
    ) -> dict[str, MetricResult]: ...

    def evaluate(
        self,
        samples: Iterable[Mapping[str, Any] | Sample] | None = None,
        *,
        metrics: Sequence[str] | str | None = None,
        progress: Progress | None = None,
        **sample: Any,
    ) -> EvalResults | dict[str, MetricResult]:
        """Score many samples, or one given by keywords.

        Args:
            samples: Dicts (see `avmeter.sample`). Leave out and pass keywords for one sample.
            metrics: Only these of the evaluator's metrics, by name or group.
            progress: Called with (samples done, samples in all).
            **sample: Keys of one sample.

        Returns:
            `EvalResults` in input order with `.corpus`, or for one sample a dict of results.

        Raises:
            UsageError: A metric of a corpus in the one-sample form, or a metric this evaluator does not have.
        """
        chosen = self._choose(metrics)
        if samples is None:
            return self._evaluate_one(sample, chosen)
        if isinstance(samples, Mapping | str | PathLike):
            raise UsageError(
                f"samples= is one {type(samples).__name__}, not a list of dicts",
                hint="for one sample give its keys as keywords: evaluate(audio='clip.wav')",
            )
        if sample:
            raise UsageError(
                f"samples= and keys of one sample ({', '.join(sorted(sample))}) were both given",
                hint="put the keys into every sample's dict",
            )
        items = as_samples(samples)
        notes = _notes(items)
        for note in notes:
            warnings.warn(note, stacklevel=2)
        with self._alone():
            started = time.time()
            before = self._executor.counts.copy()
            rows, corpus = self._executor.run(items, chosen, progress)
            origin = provenance(
                chosen,
                self._runtime,
                self._executor.counts.since(before),
                num_devices=max(1, self._num_gpus),
                duration_s=time.time() - started,
            )
        return EvalResults(rows, corpus, samples=items, provenance={**origin, "notes": notes})

    def _evaluate_one(self, sample: Mapping[str, Any], chosen: Mapping[str, Metric]) -> dict[str, MetricResult]:
        if not sample:
            raise UsageError("nothing to evaluate", hint="give samples=[...], or keys such as audio='clip.wav'")
        corpus_only = [n for n, m in chosen.items() if isinstance(m, CorpusMetric) and not m.per_sample]
        if corpus_only:
            raise UsageError(
                f"{', '.join(corpus_only)}: a corpus metric has no value for one sample",
                hint="use evaluate(samples=[...]) with at least two samples, or filter with metrics=[...]",
            )
        with self._alone():
            rows, _ = self._executor.run(as_samples([sample]), chosen)
        return rows[0]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Other threads wait; a call from within a call, by its progress or a metric, is refused."""
        with self._lock:
            if self._is_busy:
                raise UsageError("this evaluator is in the midst of `evaluate`", hint="create another one for this")
            if self._is_shut_down:
                raise UsageError(
                    "this evaluator was shut down", hint="create another; `unload()` is what can be undone"
                )
            self._is_busy = True
            try:
                yield
            finally:
                self._is_busy = False

    def _choose(self, names: Sequence[str] | str | None) -> dict[str, Metric]:
        if names is None:
            return self._metrics
        chosen: dict[str, Metric] = {}
        for name in names.split(",") if isinstance(names, str) else names:
            found = [n for n in self._metrics if name.strip() in (n, n.partition(".")[0], "all")]
            if not found:
                raise UnknownNameError.among("metric of this evaluator", name, self._metrics)
            chosen |= {n: self._metrics[n] for n in found}
        if not chosen:
            raise UsageError("metrics= is empty", hint=f"this evaluator has {', '.join(self._metrics)}")
        return chosen

    def unload(self) -> None:
        """Drop the networks; `reload` or the next `evaluate` builds them again."""
        if not self._is_shut_down:
            with self._alone():
                self._executor.unload()

    def reload(self) -> None:
        """Undo `unload`; networks load when they are next needed."""

    def release_cuda_memory(self) -> None:
        """Free cached device memory without dropping networks."""
        if self._runtime.device.type == "cuda":
            torch.cuda.empty_cache()

    def shutdown(self) -> None:
        """Unload and close the feature store."""
        with self._lock:
            if self._is_shut_down:
                return
            self.unload()
            self._store.close()
            self._is_shut_down = True


def create_evaluator(
    metrics: Sequence[str] | str = "all",
    device: str = "auto",
    num_gpus: int = 1,
    compile: bool = False,
    **options: Any,
) -> Evaluator:
    """An `Evaluator`; all its keyword arguments are accepted."""
    return Evaluator(metrics, device, num_gpus, compile, **options)


def evaluate(
    generated: Any = None,
    reference: Any = None,
    metrics: Sequence[str] | str = "all",
    device: str = "auto",
    **sample: Any,
) -> dict[str, MetricResult]:
    """Score one clip once; for repeated use keep an `Evaluator`.

    Args:
        generated: The video (path, or frames with `fps=`); or leave out and give `audio=`.
        reference: The real video.
        metrics: Metric names, groups, or "all". In a group, metrics of a corpus are left out: one clip has none.
        device: As for `Evaluator`.
        **sample: More keys of the sample; `weights`, `protocol`, `options`, `store`, `precision` go to the evaluator.
    """
    own = {k: sample.pop(k) for k in ("weights", "protocol", "options", "store", "precision") if k in sample}
    evaluator = Evaluator(metrics, device, **own)
    if generated is not None:
        sample["video"] = generated
    if reference is not None:
        sample["reference"] = reference
    named = {metrics} if isinstance(metrics, str) else set(metrics)
    wanted = [n for n, m in evaluator.metrics.items() if n in named or m.per_sample or not isinstance(m, CorpusMetric)]
    try:
        scores: dict[str, MetricResult] = evaluator.evaluate(metrics=wanted, **sample)
        return scores
    finally:
        evaluator.shutdown()


def compute_features(
    samples: Iterable[Mapping[str, Any] | Sample],
    extractor: str,
    *,
    field: str = "audio",
    device: str = "auto",
    weights: str | Path | WeightsSource = "auto",
    protocol: str = "fastvideo",
    store: str | Path | bool | None = None,
    progress: Progress | None = None,
) -> FeatureTable:
    """Embeddings of the clips of a set; `.save(path)` makes a file that `reference_features=` reads.

    Args:
        samples: The set; samples with role "reference" are left out.
        extractor: A backbone ("passt", "panns", "vggish", "yamnet", "clap"), or any extractor with an embedding.
        field: Whose features: "audio", "reference_audio", "video", "reference".
        device: As for `Evaluator`, like `weights`, `protocol` and `store`.
        progress: Called with (samples done, samples in all).

    Raises:
        UnknownNameError: No such extractor, field or protocol.
        UsageError: It makes no embedding, or no sample could be embedded.
    """
    if field not in MEDIA_FIELDS:
        raise UnknownNameError.among("field of a sample", field, MEDIA_FIELDS)
    check_protocol(protocol)
    backbone = BACKBONES.get(extractor)
    if backbone is None and extractor not in EXTRACTORS.names():
        raise UnknownNameError.among("extractor", extractor, {*BACKBONES, *EXTRACTORS.names()})
    maker = (
        get_extractor(backbone.extractor, **{**backbone.options, "protocol": protocol})
        if backbone is not None
        else get_extractor(extractor)
    )
    require_packages(f"extractor `{extractor}`", maker.dependencies, maker.extra)
    runtime = Runtime(device=device_named(device), precision="float32", weights=WeightsSource.parse(weights))
    kept = open_store(store)
    try:
        return collect_features(
            as_samples(samples), FeatureComputer(runtime, kept), maker, field=field, progress=progress
        )
    finally:
        kept.close()


def _notes(items: Sequence[Sample]) -> list[str]:
    """What is doubtful about the samples as a whole, in sentences."""
    same = identical_pairs(items)
    if not same:
        return []
    names = ", ".join(same[:_MOST_NAMED]) + (f" and {len(same) - _MOST_NAMED} more" if len(same) > _MOST_NAMED else "")
    return [f"{len(same)} generated files are their own reference, byte for byte; their scores say nothing: {names}"]


def _refuse(others: Mapping[str, Any]) -> None:
    for name in others:
        if name in _REPLACED:
            raise UsageError(f"{name}= is not an option here", hint=_REPLACED[name])
        known = ("metrics", "device", "num_gpus", "weights", "protocol", "options", "store", "precision",
                 "batch_size", "loader_threads", "loader_processes", "skip_missing_deps")  # fmt: skip
        raise UnknownNameError.among("argument of Evaluator", name, known)
