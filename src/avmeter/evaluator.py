"""The scorer: metrics chosen once, networks loaded once, any number of samples.

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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, overload

import torch

from avmeter.engine.compute.activity import Activity
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.store_share import StoreShare
from avmeter.engine.config import OPTION_NAMES, PROCESS, RAY, EvaluatorConfig
from avmeter.engine.executors.base import Executor, OnRows, Progress, finish_run, is_interrupted
from avmeter.engine.executors.corpus import CorpusState
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.multi_gpu import MultiGpuExecutor
from avmeter.engine.executors.part import PartialRun, merge_parts, partial_run
from avmeter.engine.executors.ray_executor import RayExecutor
from avmeter.engine.executors.sharing_executor import SharingExecutor
from avmeter.engine.failures import never
from avmeter.engine.feature_table import FeatureTable, collect_features
from avmeter.engine.plan import make_plan
from avmeter.engine.provenance import provenance
from avmeter.engine.run_log import logged
from avmeter.errors import SkipCode, UnknownNameError, UsageError
from avmeter.features.base import get_extractor
from avmeter.manifest import SampleList, identical_pairs
from avmeter.media import MediaLimits
from avmeter.metrics.backbones import BACKBONES
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.metrics.labels import refuse_options_of_others
from avmeter.metrics.reference_features import compare_fingerprint
from avmeter.metrics.resolve import parse_selectors
from avmeter.metrics.simple_form import SimpleAdapter
from avmeter.registry import EXTRACTORS, require_packages
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.corpus_terms import corpus_terms
from avmeter.run.grouping import GROUP_SCORES, Grouping, group_score, positions_by_value
from avmeter.runtime.untraced import untraced
from avmeter.sample import MEDIA_FIELDS, SAMPLE_KEYS, Sample, as_samples

_MAX_NAMES = 8
_OPTIONS_OF_METRICS = {"num_gpus", "options", "scoring_processes", "skip_missing_deps", "executor", "ray_address"}


class Evaluator:
    """Scores samples with a fixed set of metrics; networks are loaded when first needed, and stay.

    It may be used from several threads; they wait for each other.

    Args:
        metrics: Metric names, groups ("audio", "av"), or "all". A label chooses among a metric's networks, and makes
            one metric several: "audio.frechet_distance@panns", "audio.frechet_distance@vggish".
        device: "auto" (first GPU, else CPU), or a torch device.
        num_gpus: How many GPUs of this machine to use, one process per GPU.
        compile: FastVideo's; without effect, which a warning says.
        **options: The other fields of `EvaluatorConfig`: weights, protocol, options, store, precision, batch_size,
            loader_threads, loader_processes, scoring_processes, decode_timeout_s, decode_timeout_per_s,
            skip_missing_deps, limits, remote, executor, ray_address.

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
        **options: Any,
    ) -> None:
        named = {"device": device, "num_gpus": num_gpus, **({"compile": True} if compile else {}), **options}
        self._set_up(metrics, EvaluatorConfig.from_keywords(named, caller="Evaluator", also=("metrics",)))
        refuse_options_of_others(self._config.options or {}, self._metrics)

    @classmethod
    def from_config(cls, metrics: Sequence[str] | str, config: EvaluatorConfig) -> Evaluator:
        """Build an evaluator from a configuration; `metrics` and errors as for the constructor."""
        evaluator = cls.__new__(cls)
        evaluator._set_up(metrics, config)
        return evaluator

    def __reduce__(self) -> tuple[Callable[..., Evaluator], tuple[Any, ...]]:
        """Be sent to another process, or copied, as what it was configured as: without networks, counts and locks."""
        return type(self).from_config, (list(self._metrics), self._config)

    def _set_up(self, metrics: Sequence[str] | str, config: EvaluatorConfig) -> None:
        self._metrics = self._resolve(metrics, config)
        self._config = config
        self._computer = config.build_computer()
        found = {name: compare_fingerprint(m, self._computer.runtime) for name, m in self._metrics.items()}
        self._notes = {name: note for name, note in found.items() if note is not None}
        local = LocalExecutor(self._computer)
        self._executor: Executor = local
        if config.executor == RAY:
            self._executor = RayExecutor(config, local)
        elif config.num_devices > 1:
            self._executor = MultiGpuExecutor(config, [f"cuda:{i}" for i in range(config.num_gpus)], local)
        elif config.executor == PROCESS:
            self._executor = MultiGpuExecutor(config, [config.device], local)
        elif config.scoring_processes != 0:
            self._executor = SharingExecutor(config, local)
        self._is_shut_down = self._is_busy = False
        self._lock = threading.RLock()
        self._prepare()

    def _prepare(self) -> None:
        """Set up the metrics in the simple form; those that lack a package then may be left out, as the others are."""
        for name, metric in list(self._metrics.items()):
            if not isinstance(metric, SimpleAdapter):
                continue
            try:
                metric.prepare(self._computer.runtime.device)
            except ImportError as error:
                if not self._config.skip_missing_deps or len(self._metrics) == 1:
                    raise
                warnings.warn(f"{name} is left out: its setup failed ({error})", stacklevel=5)
                del self._metrics[name]

    def _resolve(self, metrics: Sequence[str] | str, config: EvaluatorConfig) -> dict[str, Metric]:
        return config.resolve_metrics(metrics)

    def _check_keys(self, sample: Mapping[str, Any], metrics: Mapping[str, Metric]) -> None:
        _refuse_unknown_keys(sample, metrics)

    @property
    def metric_names(self) -> list[str]:
        """Names of the metrics, in the order chosen."""
        return list(self._metrics)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Metrics by name."""
        return dict(self._metrics)

    @property
    def limits(self) -> MediaLimits:
        """What a clip may unfold to."""
        return MediaLimits.parse(self._config.limits)

    @property
    def config(self) -> EvaluatorConfig:
        """How it was configured."""
        return self._config

    @property
    def activity(self) -> Activity:
        """What is computed in this process right now; may be read by other threads."""
        return self._computer.activity

    def look_up(
        self, samples: Iterable[Mapping[str, Any] | Sample], metrics: Sequence[str] | str | None = None
    ) -> StoreShare:
        """Return how many features these samples need and how many of them are in the store; files are hashed."""
        items = as_samples(samples, access=self._config.remote_access)
        with self._alone():
            return self._computer.look_up(make_plan(items, self._choose(metrics), {}))

    def describe(self, metrics: Sequence[str] | str | None = None) -> dict[str, Any]:
        """Return the provenance of a run that has computed nothing yet; `metrics` as for `evaluate`."""
        return provenance(self._choose(metrics), self._config, Counts(), duration_s=0.0)

    def notes_about(self, metrics: Collection[str]) -> list[str]:
        """Return what is doubtful about these metrics as they were configured, in sentences."""
        return [note for name, note in self._notes.items() if name in metrics]

    @property
    def num_gpus(self) -> int:
        """Number of GPUs in use."""
        return self._config.num_gpus if self._config.torch_device.type == "cuda" else 0

    @overload
    def evaluate(
        self,
        samples: Iterable[Mapping[str, Any] | Sample],
        *,
        metrics: Sequence[str] | str | None = None,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        on_rows: OnRows | None = None,
    ) -> EvalResults: ...

    @overload
    def evaluate(
        self, samples: None = None, *, metrics: Sequence[str] | str | None = None, **sample: Any
    ) -> dict[str, MetricResult]: ...

    @untraced
    def evaluate(
        self,
        samples: Iterable[Mapping[str, Any] | Sample] | None = None,
        *,
        metrics: Sequence[str] | str | None = None,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        on_rows: OnRows | None = None,
        **sample: Any,
    ) -> EvalResults | dict[str, MetricResult]:
        """Score many samples, or one given by keywords.

        Args:
            samples: Dicts (see `avmeter.sample`). Leave out and pass keywords for one sample.
            metrics: Only these of the evaluator's metrics, by name or group.
            progress: Called with (samples done, samples in all).
            should_stop: Called every now and then; once it returns True the results come soon, what is missing is a
                skip (`interrupted`), and `provenance` says `partial` and `num_finished`.
            on_rows: Called with the samples and the rows of one chunk after the other, in order, before the run ends.
            **sample: Keys of one sample.

        Returns:
            `EvalResults` in input order with `.corpus`, or for one sample a dict of results.

        Raises:
            UsageError: A metric of a corpus in the one-sample form, or a metric this evaluator does not have.
            UnknownNameError: In the one-sample form, a keyword that is no key of a sample and that no metric reads.
        """
        chosen = self._choose(metrics)
        if samples is None:
            return self._evaluate_one(sample, chosen)
        if isinstance(samples, Mapping | str | bytes | PathLike) or not isinstance(samples, Iterable):
            raise UsageError(
                f"samples= is one {type(samples).__name__}, not a list of dicts",
                hint="for one sample give its keys as keywords: evaluate(audio='clip.wav')",
            )
        if sample:
            raise UsageError(
                f"samples= and keys of one sample ({', '.join(sorted(sample))}) were both given",
                hint="put the keys into every sample's dict",
            )
        _refuse_uncallable(progress=progress, should_stop=should_stop, on_rows=on_rows)
        items = as_samples(samples, access=self._config.remote_access)
        notes = [*doubts_about(identical_pairs(items)), *self.notes_about(chosen)]
        for note in notes:
            warnings.warn(note, stacklevel=2)
        with logged() as log, self._recorded(chosen) as origin:
            rows, corpus = self._executor.run(items, chosen, progress, should_stop or never, on_rows=on_rows)
        understood = {"understood": samples.pairing.lines()} if isinstance(samples, SampleList) else {}
        partial = what_is_partial(rows, corpus)
        if partial:
            notes = [f"partial: {partial['num_finished']} of {len(rows)} samples were finished", *notes]
        facts = {**origin, **understood, **partial, "notes": notes}
        results = EvalResults(rows, corpus, samples=items, provenance=facts)
        results.log = log.take()
        return results

    def evaluate_groups(self, results: EvalResults, *, should_stop: Callable[[], bool] | None = None) -> None:
        """Compute corpus scores of every group of `results.group(by=...)`, each over its samples alone.

        Those that are sums over clips need none of this; others (Fréchet, kernel) compare sets of features, which come
        from the store or are computed again. Samples of the role "reference" belong to every group.

        Args:
            results: Of `evaluate`; their provenance gets the scores.
            should_stop: As for `evaluate`; groups that are not finished then are skips (`interrupted`).
        """
        names = [n for n, r in results.corpus.items() if r.score is not None and corpus_terms(results, n) is None]
        chosen = {name: self._metrics[name] for name in names if name in self._metrics}
        scores: dict[str, dict[str, dict[str, Any]]] = {}
        context = [sample for sample in results.samples if sample.role == "reference"]
        for column in Grouping.read(results.provenance).by if chosen else ():
            groups = positions_by_value(results.samples, results.scored_positions, column)
            scores[column] = {}
            for value, positions in groups.items():
                with self._alone():
                    group = [*(results.samples[i] for i in positions), *context]
                    _, corpus = self._executor.run(group, chosen, None, should_stop or never)
                scores[column][value] = {name: group_score(result) for name, result in corpus.items()}
        results.provenance = {**results.provenance, GROUP_SCORES: scores}

    def _evaluate_one(self, sample: Mapping[str, Any], chosen: Mapping[str, Metric]) -> dict[str, MetricResult]:
        if not sample:
            raise UsageError("nothing to evaluate", hint="give samples=[...], or keys such as audio='clip.wav'")
        self._check_keys(sample, chosen)
        corpus_only = [n for n, m in chosen.items() if isinstance(m, CorpusMetric) and not m.per_sample]
        if corpus_only:
            raise UsageError(
                f"{', '.join(corpus_only)}: a corpus metric has no value for one sample",
                hint="use evaluate(samples=[...]) with at least two samples, or filter with metrics=[...]",
            )
        with self._alone():
            rows, _ = self._executor.run(as_samples([sample], access=self._config.remote_access), chosen)
        return rows[0]

    @untraced
    def evaluate_part(
        self,
        samples: Iterable[Mapping[str, Any] | Sample],
        *,
        metrics: Sequence[str] | str | None = None,
        progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        on_rows: OnRows | None = None,
    ) -> PartialRun:
        """Score the part of a set that this process has, for `merge`; see `avmeter.ranks` and `avmeter.shards`.

        Args:
            samples: As for `evaluate`.
            metrics: Only these of the evaluator's metrics, by name or group; the same in every process.
            progress: As for `evaluate`.
            should_stop: As for `evaluate`.
            on_rows: As for `evaluate`.
        """
        _refuse_uncallable(progress=progress, should_stop=should_stop, on_rows=on_rows)
        chosen, items = self._choose(metrics), as_samples(samples, access=self._config.remote_access)
        with self._recorded(chosen) as origin:
            part = self._executor.run_part(items, chosen, progress, should_stop or never, on_rows=on_rows)
        ended = what_is_partial(part.rows, finish_run(chosen, part)[1]) if is_interrupted(part) else {}
        return partial_run(items, part, {**origin, **ended})

    def evaluate_groups_of_part(
        self, samples: Sequence[Sample], positions: range, *, by: Sequence[str], metrics: Sequence[str]
    ) -> dict[tuple[str, ...], Mapping[str, CorpusState]]:
        """Collect corpus states of every group of a part, for `evaluate_groups` over the whole set.

        Args:
            samples: The whole set.
            positions: Of the part in it.
            by: Columns by which the set is grouped.
            metrics: As for `evaluate_part`.

        Returns:
            (column, value) -> states of its samples in this part; () -> those of samples of the role "reference".
        """
        chosen = {n: m for n, m in self._choose(metrics).items() if isinstance(m, CorpusMetric)}
        scored = [i for i in positions if samples[i].role == "generated"]
        groups: dict[tuple[str, ...], list[int]] = {(): [i for i in positions if samples[i].role == "reference"]}
        for column in by:
            members = positions_by_value(samples, scored, column)
            groups |= {(column, value): found for value, found in members.items()}
        with self._alone():
            return {
                key: self._executor.run_part([samples[i] for i in members], chosen).states
                for key, members in groups.items()
            }

    def merge(self, parts: Sequence[PartialRun], *, metrics: Sequence[str] | str | None = None) -> EvalResults:
        """Return the results over all parts of a set, with corpora as of one run.

        Args:
            parts: Of `evaluate_part`, in the order of the set.
            metrics: As they were for the parts.

        Raises:
            ManifestError: An explicit id is in two parts.
        """
        chosen = self._choose(metrics)
        samples, rows, corpus = merge_parts(parts, chosen)
        origin = provenance(chosen, self._config, self._executor.counts, duration_s=0.0)
        return EvalResults(rows, corpus, samples=samples, provenance=origin)

    @contextlib.contextmanager
    def _recorded(self, metrics: Mapping[str, Metric]) -> Iterator[dict[str, Any]]:
        """Make other threads wait, and fill the yielded dict with what produced the results of the block."""
        origin: dict[str, Any] = {}
        with self._alone():
            # Not the time of day, which may be set anew while a run goes on.
            started, before = time.monotonic(), self._executor.counts.copy()
            yield origin
            counts = self._executor.counts.since(before)
            duration_s, devices = time.monotonic() - started, self._executor.devices
            origin |= provenance(metrics, self._config, counts, duration_s=duration_s, devices=devices)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Make other threads wait; refuse a call from within a call, by its progress or a metric."""
        with self._lock:
            if self._is_busy:
                raise UsageError(
                    "evaluate() is already running and is not re-entrant", hint="create another evaluator for this"
                )
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
        for name in parse_selectors(names):
            found = [n for n in self._metrics if name in (n, n.partition(".")[0], "all")]
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
                for metric in self._metrics.values():
                    if isinstance(metric, SimpleAdapter):
                        metric.unload()

    def reload(self) -> None:
        """Undo `unload`: set up the metrics of users; other networks load when they are next needed."""
        if not self._is_shut_down:
            with self._alone():
                self._prepare()

    def release_cuda_memory(self) -> None:
        """Free cached device memory without dropping networks."""
        if self._config.torch_device.type == "cuda":
            torch.cuda.empty_cache()

    def shutdown(self) -> None:
        """Unload and close the feature store."""
        with self._lock:
            if self._is_shut_down:
                return
            self.unload()
            self._computer.store.close()
            self._is_shut_down = True


def create_evaluator(
    metrics: Sequence[str] | str = "all",
    device: str = "auto",
    num_gpus: int = 1,
    compile: bool = False,
    **options: Any,
) -> Evaluator:
    """Build an `Evaluator`; all its arguments are accepted."""
    return Evaluator(metrics, device, num_gpus, compile, **options)


def evaluate(
    generated: Any = None,
    reference: Any = None,
    metrics: Sequence[str] | str = "all",
    device: str = "auto",
    **sample: Any,
) -> dict[str, MetricResult]:
    """Score one clip once; for repeated use create an `Evaluator`.

    Args:
        generated: The video (path, or frames with `fps=`); or leave out and give `audio=`.
        reference: The real video.
        metrics: Metric names, groups, or "all". In a group, metrics of a corpus are left out: one clip has none.
        device: As for `Evaluator`.
        **sample: More keys of the sample; options of `EvaluatorConfig` (weights, precision, ...) go to the evaluator.
    """
    return evaluate_clip(Evaluator, generated, reference, metrics=metrics, device=device, sample=sample)


def evaluate_clip(
    kind: type[Evaluator],
    generated: Any,
    reference: Any,
    *,
    metrics: Sequence[str] | str,
    device: str,
    sample: Mapping[str, Any],
) -> dict[str, MetricResult]:
    """Score one clip once with an evaluator of a kind; arguments as for `evaluate`."""
    sample = dict(sample)
    options = {name: sample.pop(name) for name in OPTION_NAMES if name in sample}
    names = parse_selectors(metrics)
    evaluator = kind(names, device, **options)
    if generated is not None:
        sample["video"] = generated
    if reference is not None:
        sample["reference"] = reference
    chosen = [n for n, m in evaluator.metrics.items() if n in names or m.per_sample or not isinstance(m, CorpusMetric)]
    try:
        scores: dict[str, MetricResult] = evaluator.evaluate(metrics=chosen, **sample)
        return scores
    finally:
        evaluator.shutdown()


def compute_features(
    samples: Iterable[Mapping[str, Any] | Sample],
    extractor: str,
    *,
    field: str = "audio",
    progress: Progress | None = None,
    should_stop: Callable[[], bool] = never,
    **options: Any,
) -> FeatureTable:
    """Compute embeddings of the clips of a set; `.save(path)` makes a file that `reference_features=` reads.

    Args:
        samples: The set; samples with role "reference" are left out.
        extractor: A name in `BACKBONES`, or any extractor with an embedding.
        field: Whose features: "audio", "reference_audio", "video", "reference".
        progress: Called with (samples done, samples in all).
        should_stop: As for `Evaluator.evaluate`; clips that are not finished then are skips (`interrupted`).
        **options: As for `Evaluator`: device, weights, protocol, store, precision, batch_size, loader_threads,
            loader_processes, decode_timeout_s, decode_timeout_per_s, limits,
            remote.

    Raises:
        UnknownNameError: No such extractor, field, protocol or option.
        UsageError: It makes no embedding, or no sample could be embedded.
    """
    if field not in MEDIA_FIELDS:
        raise UnknownNameError.among("field of a sample", field, MEDIA_FIELDS)
    config = EvaluatorConfig.from_keywords(
        options, caller="compute_features", also=("samples", "extractor", "field"), without=_OPTIONS_OF_METRICS
    )
    if not isinstance(extractor, str):
        raise UsageError(f"extractor={extractor!r} is not a name", hint=f"give one of {', '.join(BACKBONES)}")
    backbone = BACKBONES.get(extractor)
    if backbone is None and extractor not in EXTRACTORS.names():
        raise UnknownNameError.among("extractor", extractor, {*BACKBONES, *EXTRACTORS.names()})
    chosen = (
        get_extractor(backbone.extractor, **{**backbone.options, "protocol": config.protocol})
        if backbone is not None
        else get_extractor(extractor)
    )
    require_packages(f"extractor `{extractor}`", chosen.dependencies, chosen.extra)
    computer = config.build_computer()
    try:
        items = as_samples(samples, access=config.remote_access)
        return collect_features(items, computer, chosen, field=field, progress=progress, should_stop=should_stop)
    finally:
        computer.unload()
        computer.store.close()


def _refuse_uncallable(**functions: object) -> None:
    """Refuse what cannot be called when a clip is finished, before one is.

    Raises:
        UsageError: There is one.
    """
    for name, function in functions.items():
        if function is not None and not callable(function):
            raise UsageError(f"{name}={function!r:.80} is no function", hint="leave it out, or give a function")


def _refuse_unknown_keys(sample: Mapping[str, Any], metrics: Mapping[str, Metric]) -> None:
    """Refuse keywords that nothing reads; in a dict of `samples=` they are extras, in a call they are misspelt.

    Raises:
        UnknownNameError: There is one.
    """
    if any(isinstance(m, SimpleAdapter) for m in metrics.values()):
        return  # it is handed the whole sample
    known = {*SAMPLE_KEYS, *(field for m in metrics.values() for field in m.requires)}
    for name in sample:
        if name not in known:
            raise UnknownNameError.among("key of a sample", name, known)


def what_is_partial(rows: Sequence[Mapping[str, MetricResult]], corpus: Mapping[str, MetricResult]) -> dict[str, Any]:
    """Return what the provenance says of a run that was ended early; nothing if it was not.

    Where all metrics are of the corpus no sample counts as finished: nothing of it stands anywhere.
    """
    ended = [_is_interrupted(row) for row in rows]
    if not any(ended) and not _is_interrupted(corpus):
        return {}
    return {"partial": True, "num_finished": ended.count(False) if any(rows) else 0}


def _is_interrupted(results: Mapping[str, MetricResult]) -> bool:
    return any(r.skip is not None and r.skip.code == SkipCode.INTERRUPTED for r in results.values())


def doubts_about(same: Sequence[str]) -> list[str]:
    """Return what is doubtful about the samples as a whole, in sentences.

    Args:
        same: Ids of samples that are their own reference.
    """
    if not same:
        return []
    names = ", ".join(same[:_MAX_NAMES]) + (f" and {len(same) - _MAX_NAMES} more" if len(same) > _MAX_NAMES else "")
    return [f"{len(same)} generated files are their own reference, byte for byte; their scores say nothing: {names}"]
