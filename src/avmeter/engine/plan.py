"""What has to be computed: each (extractor, media) pair that some metric of some sample needs, once."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from avmeter.engine.failures import FAILURES, skip_of_failure
from avmeter.errors import AvmeterError, SkipCode, SkipError, UsageError
from avmeter.features.base import DerivedExtractor, Extractor, Features, get_extractor
from avmeter.metrics.base import CorpusMetric, Metric, Need
from avmeter.result import Skip
from avmeter.sample import MEDIA_FIELDS, MediaSource, Problem, Sample

Outcome = Features | Skip
"""What a request comes to."""
ABSENT = ""
"""Name of the source of an optional field that a sample does not have."""

_Found = list[tuple[str, MediaSource | str]] | Skip
_Finder = Callable[[tuple[str, ...]], _Found]

_HOW_TO_PASS = {
    "audio": "`audio=`, or a `video=` with a sound track",
    "video": "`video=`",
    "reference_audio": "`reference_audio=`, or a `reference=` with a sound track",
    "reference": "`reference=`",
}


class FeatureRequest(NamedTuple):
    """One feature to be computed: an extractor and the sources it reads, one per field of the need, optional ones too.

    A source is named by a path, a text, or the identity of an in-memory array: content is hashed later, once.
    """

    extractor: str  # Extractor.identity()
    sources: tuple[str, ...]


@dataclass(kw_only=True)
class Plan:
    """Requests of a chunk of samples, and which metric of which sample needs them.

    Attributes:
        extractors: identity -> extractor.
        sources: Source name -> the media, or a text.
        requests: Every distinct request, parents before what is derived from them.
        requested: (sample index, metric name) -> need name -> its request, or why there is none.
        skips: (sample index, metric name) -> skip decided without any feature.
    """

    extractors: dict[str, Extractor] = field(default_factory=dict)
    sources: dict[str, MediaSource | str] = field(default_factory=dict)
    requests: dict[FeatureRequest, tuple[FeatureRequest, ...]] = field(default_factory=dict)
    requested: dict[tuple[int, str], dict[str, FeatureRequest | Skip]] = field(default_factory=dict)
    skips: dict[tuple[int, str], Skip] = field(default_factory=dict)
    _asked: dict[Extractor, tuple[str, tuple[Extractor, ...]]] = field(default_factory=dict)
    _by_options: dict[str, Extractor] = field(default_factory=dict)
    _by_need: dict[int, tuple[Need, Extractor]] = field(default_factory=dict)  # id of a need, which lives as long

    def extractor_of(self, need: Need, own: Mapping[str, str]) -> Extractor:
        """Return the extractor of a need, with the options that a sample has of its own."""
        if not own:
            if id(need) not in self._by_need:
                self._by_need[id(need)] = need, self._made(need, own)
            return self._by_need[id(need)][1]
        return self._made(need, own)

    def _made(self, need: Need, own: Mapping[str, str]) -> Extractor:
        options = {**need.options, **own}
        key = f"{need.extractor} {sorted(options.items())!r}"
        if key not in self._by_options:
            made = get_extractor(need.extractor, **options)
            self._by_options[key] = self._shared(made, reader=None)
        return self._by_options[key]

    def _shared(self, extractor: Extractor, *, reader: Extractor | None) -> Extractor:
        """Return the one of these extractors that is used, told who reads its features."""
        shared = self.extractors.setdefault(extractor.identity(), extractor)
        shared.note_reader(reader)
        return shared

    def add(self, extractor: Extractor, sources: tuple[str, ...]) -> FeatureRequest:
        """Add a request and those it is derived from."""
        if extractor not in self._asked:
            found = extractor.parents().values() if isinstance(extractor, DerivedExtractor) else ()
            self._asked[extractor] = extractor.identity(), tuple(self._shared(p, reader=extractor) for p in found)
        identity, parent_extractors = self._asked[extractor]
        request = FeatureRequest(identity, sources)
        if request in self.requests:
            return request
        parents: tuple[FeatureRequest, ...] = ()
        if parent_extractors:
            parents = tuple(self.add(e, (source,)) for e, source in zip(parent_extractors, sources, strict=True))
        self.extractors.setdefault(request.extractor, extractor)
        self.requests[request] = parents
        return request


def make_plan(
    samples: Sequence[Sample],
    metrics: Mapping[str, Metric],
    extractors: dict[str, Extractor],
) -> Plan:
    """Make the plan for a chunk.

    Args:
        samples: The chunk.
        metrics: Name -> metric.
        extractors: Identity -> extractor, shared between chunks so that a network is loaded once; extended here.
    """
    plan = Plan(extractors=extractors)
    needs = {name: metric.needs for name, metric in metrics.items()}
    for index, sample in enumerate(samples):
        sources = functools.cache(functools.partial(_find_sources, sample))
        for name, metric in metrics.items():
            if sample.role == "reference" and not (isinstance(metric, CorpusMetric) and metric.takes_references):
                continue
            skip = _refusal(metric, sample) if sample.role == "generated" else None
            if skip is not None:
                plan.skips[index, name] = skip
                continue
            try:
                plan.requested[index, name] = _resolve_all(plan, sample, metric, needs[name], sources)
            except AvmeterError:
                raise
            except FAILURES as error:  # an extractor that cannot be made, or described
                plan.skips[index, name] = skip_of_failure(error, name)
    return plan


def _refusal(metric: Metric, sample: Sample) -> Skip | None:
    """Return why a metric does not take a sample, by the texts that it reads."""
    for field_name in (*metric.requires, *metric.optional_texts):
        problem = sample.problem(field_name)
        if problem is not None:
            return _skip_of(problem, sample, field_name)
    try:
        return metric.check(sample)
    except FAILURES as error:  # a metric's failure is its own result's, not the run's
        return skip_of_failure(error, sample.id)


def _skip_of(problem: Problem, sample: Sample, field_name: str) -> Skip:
    reason = f"{sample.id}: {problem.message}"
    return Skip(code=SkipCode.UNSUPPORTED, reason=reason, hint=problem.hint, field=field_name)


def _resolve_all(
    plan: Plan, sample: Sample, metric: Metric, needs: Sequence[Need], sources: _Finder
) -> dict[str, FeatureRequest | Skip]:
    """Return the request of every need; none is computed for a sample that lacks the input of another.

    A metric of a corpus uses what there is: only one that compares within a sample is sure to skip it.
    """
    if sample.role == "generated" and not isinstance(metric, CorpusMetric):
        for need in needs:
            missing = None if need.optional else sources(need.fields)
            if isinstance(missing, Skip):
                return {n.name: missing for n in needs}
    return {need.name: _resolve(plan, sample, need, sources(need.fields)) for need in needs}


def _resolve(plan: Plan, sample: Sample, need: Need, found: _Found) -> FeatureRequest | Skip:
    names = _add_sources(plan, found)
    if isinstance(names, Skip):
        return names
    for field_name in need.optional_fields:
        more = resolve_sources(plan, sample, (field_name,)) if sample.has(field_name) else (ABSENT,)
        if isinstance(more, Skip):
            return more
        names += more
    own = {o: v for o, f in need.options_from.items() if (v := sample.text(f)) is not None} if need.options_from else {}
    try:
        extractor = plan.extractor_of(need, own)
    except UsageError as error:
        if not own:  # options of the metric: a mistake of who set up the run
            raise
        return Skip(code=SkipCode.UNSUPPORTED, reason=f"{sample.id}: {error.message}", hint=error.hint)
    return plan.add(extractor, names)


def resolve_sources(plan: Plan, sample: Sample, fields: Sequence[str]) -> tuple[str, ...] | Skip:
    """Add the sources behind these fields to the plan; return their names, or a skip if the sample lacks one."""
    return _add_sources(plan, _find_sources(sample, fields))


def _add_sources(plan: Plan, found: _Found) -> tuple[str, ...] | Skip:
    if isinstance(found, Skip):
        return found
    plan.sources.update((name, source) for name, source in found if name not in plan.sources)
    return tuple(name for name, _ in found)


def _find_sources(sample: Sample, fields: Sequence[str]) -> _Found:
    """Return name and source behind each of these fields, or a skip if the sample lacks one."""
    found: list[tuple[str, MediaSource | str]] = []
    for field_name in fields:
        problem = sample.problem(field_name)
        if problem is not None:
            return _skip_of(problem, sample, field_name)
        source: MediaSource | str | None
        try:
            source = sample.source(field_name) if field_name in MEDIA_FIELDS else sample.described(field_name)
        except SkipError as error:
            return Skip.of(error)
        if source is None:
            how = _HOW_TO_PASS.get(field_name, f"`{field_name}=`")
            return Skip(
                code=SkipCode.MISSING_INPUT,
                reason=f"{sample.id}: no `{field_name}` given",
                hint=f"give {how}{_misspelt(sample, field_name)}",
                field=field_name,
            )
        if not isinstance(source, MediaSource):
            source = str(source)
            if not source.strip():
                return Skip(
                    code=SkipCode.EMPTY_TEXT,
                    reason=f"{sample.id}: `{field_name}` is empty",
                    hint=f"give a text in `{field_name}=`",
                )
        found.append((_source_name(source), source))
    return found


def _misspelt(sample: Sample, field_name: str) -> str:
    near = difflib.get_close_matches(field_name, map(str, sample.extras), n=1, cutoff=0.75)
    return f"; did you mean it by `{near[0]}`?" if near else ""


def _source_name(source: MediaSource | str) -> str:
    if isinstance(source, str):
        return f"text:{source}"
    return source.identity
