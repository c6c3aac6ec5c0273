"""What a metric needs, and what of that is absent: the one answer for lists, checks, runs and documentation.

Checkpoints and packages include those of the extractors that a derived extractor reads. What only an optional need
brings is separate: without it the metric still has a score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from avmeter.errors import SkipCode
from avmeter.metrics.base import CorpusMetric, Metric, Need
from avmeter.registry import EXTRACTORS, missing_packages, require_packages

if TYPE_CHECKING:
    from avmeter.runtime.runtime import CheckpointSource
    from avmeter.sample import Sample


class NeededExtractor(Protocol):
    """The part of an extractor that requirements read."""

    name: str
    dependencies: tuple[str, ...]
    extra: str

    def identity(self) -> str:
        """Name, version and options."""

    def weights(self) -> tuple[str, ...]:
        """Catalog names of its checkpoints."""

    def weights_from(self, source: CheckpointSource) -> CheckpointSource:
        """Where they come from in a run with this source."""

    def parents(self) -> Mapping[str, NeededExtractor]:
        """Extractors whose features it reads."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Sample fields and extractors that belong together.

    Attributes:
        fields: Names of sample fields, each once.
        extractors: Each once, the parents of a derived extractor before it.
    """

    fields: tuple[str, ...] = ()
    extractors: tuple[NeededExtractor, ...] = ()

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """Catalog names, each once."""
        return tuple(dict.fromkeys(entry for x in self.extractors for entry in x.weights()))

    @property
    def packages(self) -> tuple[str, ...]:
        """Names of importable packages, each once."""
        return tuple(dict.fromkeys(package for x in self.extractors for package in x.dependencies))

    @property
    def extras(self) -> tuple[str, ...]:
        """Extras of this package that install them."""
        return tuple(dict.fromkeys(x.extra for x in self.extractors if x.dependencies))


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What one metric needs.

    Attributes:
        metric: Its name.
        required: Without these there is no score.
        optional: What optional needs add to that; nothing in here is required as well.
        own_packages: Packages that the metric itself imports.
        own_extra: Extra of this package that installs those.
    """

    metric: str
    required: Inputs
    optional: Inputs
    own_packages: tuple[str, ...] = ()
    own_extra: str = "all"

    @property
    def fields(self) -> tuple[str, ...]:
        """All sample fields that it reads."""
        return (*self.required.fields, *self.optional.fields)

    @property
    def extractors(self) -> tuple[NeededExtractor, ...]:
        """All extractors whose features it reads, and their parents."""
        return (*self.required.extractors, *self.optional.extractors)

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """All checkpoints that it can use."""
        return tuple(dict.fromkeys((*self.required.checkpoints, *self.optional.checkpoints)))

    @property
    def packages(self) -> tuple[str, ...]:
        """All packages that must be installed; those of optional needs too, so that scores of two machines compare."""
        return tuple(dict.fromkeys((*self.own_packages, *self.required.packages, *self.optional.packages)))

    @property
    def extras(self) -> tuple[str, ...]:
        """Extras of this package that install those of its extractors: `pip install 'avmeter[EXTRA]'`."""
        return tuple(dict.fromkeys((*self.required.extras, *self.optional.extras)))

    def missing_packages(self) -> tuple[str, ...]:
        """Packages that are not installed here."""
        return tuple(missing_packages(self.packages))

    def require_packages(self) -> None:
        """Refuse a metric that lacks a package.

        Raises:
            MissingDependencyError: With the command that installs it.
        """
        owner = f"metric `{self.metric}`"
        require_packages(owner, self.own_packages, self.own_extra)
        for extractor in self.extractors:
            require_packages(owner, extractor.dependencies, extractor.extra)

    def missing_checkpoints(self, source: CheckpointSource) -> tuple[str, ...]:
        """Checkpoints without which there is no score, and which are not on this machine."""
        return _absent(self.required.extractors, source)

    def missing_optional_checkpoints(self, source: CheckpointSource) -> tuple[str, ...]:
        """Checkpoints that only optional needs use, and which are not on this machine."""
        required = set(self.required.checkpoints)
        return tuple(e for e in _absent(self.optional.extractors, source) if e not in required)

    def usable_checkpoints(self, source: CheckpointSource) -> tuple[str, ...]:
        """Checkpoints that a run with this source uses: stand-ins, or what is on this machine."""
        absent = set(_absent(self.extractors, source))
        return tuple(e for e in self.checkpoints if e not in absent)

    def fingerprints(self, source: CheckpointSource) -> dict[str, str]:
        """Return what identifies each of the `usable_checkpoints`: "dummy" where stand-ins take its place."""
        usable = set(self.usable_checkpoints(source))
        return {e: x.weights_from(source).fingerprint(e) for x in self.extractors for e in x.weights() if e in usable}


def requirements_of(metric: Metric) -> Requirements:
    """Return what a metric, with the options that it was built with, needs.

    Raises:
        UnknownNameError, UsageError: A need names no extractor, or an option that the extractor refuses.
    """
    required = [need for need in metric.needs if not need.optional]
    optional = [need for need in metric.needs if need.optional]
    fields = dict.fromkeys([*(f for need in required for f in need.fields), *metric.requires])
    optional_fields = dict.fromkeys(
        [*(f for need in optional for f in need.fields), *(f for need in metric.needs for f in need.optional_fields)]
    )
    extractors = _extractors(required)
    optional_extractors = _extractors(optional)
    return Requirements(
        metric=metric.name,
        required=Inputs(fields=tuple(fields), extractors=tuple(extractors.values())),
        optional=Inputs(
            fields=tuple(f for f in optional_fields if f not in fields),
            extractors=tuple(x for i, x in optional_extractors.items() if i not in extractors),
        ),
        own_packages=tuple(metric.dependencies),
        own_extra=metric.extra,
    )


def optional_fields(metric: Metric) -> frozenset[str]:
    """Return the sample fields that only add to what a metric says.

    What is optional of one sample of a corpus comes with other samples: of corpora these are the fields that a need
    takes beside its own.
    """
    if isinstance(metric, CorpusMetric):
        return frozenset(f for need in metric.needs for f in need.optional_fields)
    return frozenset(requirements_of(metric).optional.fields)


def missing_fields(metric: Metric, sample: Sample) -> tuple[str, ...]:
    """Return the fields that a sample lacks for a metric to have a score, sorted; empty if it lacks none."""
    fields = {f for need in metric.needs if not need.optional for f in need.fields}
    missing = sorted(f for f in fields if not sample.has(f))
    if missing or sample.role != "generated":
        return tuple(missing)
    skip = metric.check(sample)
    if skip is None or skip.code != SkipCode.MISSING_INPUT:
        return ()
    return (skip.field,) if skip.field is not None else tuple(sorted(f for f in metric.requires if not sample.has(f)))


def _extractors(needs: Iterable[Need]) -> dict[str, NeededExtractor]:
    """Return identity -> extractor, parents first."""
    found: dict[str, NeededExtractor] = {}
    for need in needs:
        for extractor in _with_parents(EXTRACTORS.get(need.extractor)(**need.options)):
            found.setdefault(extractor.identity(), extractor)
    return found


def _with_parents(extractor: NeededExtractor) -> Iterator[NeededExtractor]:
    for parent in extractor.parents().values():
        yield from _with_parents(parent)
    yield extractor


def _absent(extractors: Iterable[NeededExtractor], source: CheckpointSource) -> tuple[str, ...]:
    """Return the checkpoints that have to be on this machine and are not, each once."""
    needed = dict.fromkeys(e for x in extractors if not x.weights_from(source).is_dummy for e in x.weights())
    return tuple(e for e in needed if not source.available(e))
