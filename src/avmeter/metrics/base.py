"""The contract of a metric: arithmetic over features, nothing else.

A metric says which feature of which sample field it needs, and gets them ready-made. Per-sample metrics map
features to a `MetricResult`; corpus metrics fold features into a state that is small, picklable and merges
associatively, and finish it once.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from avmeter.errors import SkipCode
from avmeter.protocols import FASTVIDEO, check_protocol
from avmeter.result import MetricResult, Skip

if TYPE_CHECKING:
    from avmeter.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Need:
    """One feature of one field of a sample.

    Attributes:
        name: Key under which the metric finds it.
        field: Sample field, or one field per parent for a derived feature. "audio" means the sample's audio, or
            else the sound track of its video; "reference_audio" likewise falls back to "reference".
        extractor: Registered name of the extractor.
        options: Options of the extractor.
        options_from: Option of the extractor -> text field of the sample that supplies it, where there is one.
        optional: The metric can do without.
        optional_fields: Media that the extractor of several clips takes beside those of `field`, where a sample has
            them.
    """

    name: str
    field: str | tuple[str, ...]
    extractor: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    options_from: Mapping[str, str] = dataclasses.field(default_factory=dict)
    optional: bool = False
    optional_fields: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields as a tuple, whether one or several."""
        return (self.field,) if isinstance(self.field, str) else self.field


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """What keeps a metric from any score on this machine, whatever a sample has.

    Attributes:
        code: Of the skips that it makes.
        reason: What the metric needs, after its name: "needs a network, which is not in avmeter".
        hint: What to do about it.
        labels: Under these the metric has other numbers, which may be to be had.
    """

    code: SkipCode
    reason: str
    hint: str
    labels: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What it needs, and the labels that do not, in one line."""
        return self.reason + (f"; instead: {', '.join(f'@{label}' for label in self.labels)}" if self.labels else "")

    def skip(self, metric: str) -> Skip:
        """Return what every sample of a metric becomes."""
        return Skip(code=self.code, reason=f"{metric} {self.reason}", hint=self.hint)


class FeatureSet(dict[str, Any]):
    """Features by need name, and the skips of optional needs that could not be computed."""

    def __init__(self, features: Mapping[str, Any] | None = None, skips: Mapping[str, Skip] | None = None) -> None:
        super().__init__(features or ())
        self.skips: dict[str, Skip] = dict(skips) if skips else {}


class Metric(abc.ABC):
    """A per-sample metric. Options are the keyword arguments of the constructor.

    Args:
        protocol: Published harness whose numbers are to be met: "fastvideo", "av-benchmark" or "av-benchmark@10s".

    Attributes:
        name: "group.metric"; set by `register`.
        direction: Whether a higher or a lower score is better, or neither.
        unit: Of the score; "" has none.
        range: Least and largest score that is possible; None is unbounded.
        requires: Sample fields that are read directly (texts), beside those of `needs`.
        optional_texts: Text fields that are read where a sample has them.
        dependencies: Importable modules that must be installed, beside those of the extractors.
        extra: The extra of this package that installs them.
        per_sample: There is a score for each sample.
        variables: Environment variables that say whom it asks; without them there is no new score.
    """

    name: ClassVar[str]
    direction: ClassVar[Literal["higher", "lower", "none"]]
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float | None, float | None]] = (None, None)
    requires: tuple[str, ...] = ()
    optional_texts: ClassVar[tuple[str, ...]] = ()
    dependencies: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = "all"
    per_sample: ClassVar[bool] = True
    variables: tuple[str, ...] = ()

    def __init__(self, *, protocol: str = FASTVIDEO) -> None:
        self.protocol = check_protocol(protocol)

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        """Return option -> its values, for options that choose among networks.

        What is written of them, and which metrics a checkpoint is for, is derived from it.
        """
        return {}

    @property
    @abc.abstractmethod
    def needs(self) -> tuple[Need, ...]:
        """The features that `score` reads."""

    def options(self) -> Mapping[str, Any]:
        """Return the options that shaped the score, for the provenance of a run."""
        return {"protocol": self.protocol}

    def check_setup(self) -> None:  # noqa: B027 - most metrics read nothing but their arguments
        """Refuse what the environment names and the metric cannot use; called where a run asks for the metric.

        Raises:
            UsageError: There is such a thing.
        """

    def obstacle(self) -> Obstacle | None:
        """Return what keeps every sample from a score here, beside packages and checkpoints; `check` skips for it."""
        return None

    def check(self, sample: Sample) -> Skip | None:
        """Return a skip if the sample lacks what the metric reads directly; called before features are made."""
        obstacle = self.obstacle()
        return obstacle.skip(self.name) if obstacle is not None else None

    @abc.abstractmethod
    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        """Return the score of one sample.

        Raises:
            SkipError: There is no score; becomes a skipped result.
        """


class CorpusMetric(Metric):
    """A metric of a whole corpus. With `per_sample = True` it has a score for each sample as well.

    A sample with `role == "reference"` brings only reference material, in its own fields.

    Attributes:
        min_samples: Fewest samples from which the score says something about a model. A run scores what it can, with a
            caveat beside the score of fewer; a demonstration of a few clips leaves the metric out.
        takes_references: Samples with role "reference" concern it. An instance that reads a file of reference
            features instead sets it to False.
        keeps_references: A reference takes part though the clip that it came with was left out.
    """

    per_sample: ClassVar[bool] = False
    min_samples: ClassVar[int] = 1
    takes_references: bool = True
    keeps_references: ClassVar[bool] = False

    @abc.abstractmethod
    def start(self) -> Any:
        """Return an empty state: neutral in `merge`."""

    def start_part(self) -> Any:
        """Return an empty state of a part of a corpus, which is merged into that of what comes before it.

        Override it where `update` rounds, so that parts give the bits of one pass; see `MomentsState`.
        """
        return self.start()

    @abc.abstractmethod
    def update(self, state: Any, sample: Sample, features: FeatureSet) -> Any:
        """Return the state with one more sample in it (may be the same object, changed)."""

    def left_out(self, state: Any, sample: Sample, skip: Skip) -> Any:
        """Return the state after a sample of the generated role that has no features (may be the same object, changed).

        The engine counts such samples by reason either way. Override this where a clip that failed must still
        weigh in the score, as words that were never said do.
        """
        return state

    @abc.abstractmethod
    def merge(self, a: Any, b: Any) -> Any:
        """Return the state over both corpora; associative, `a` before `b`."""

    @abc.abstractmethod
    def finish(self, state: Any) -> MetricResult:
        """Return the score of the corpus.

        Raises:
            SkipError, StatsError: There is none; becomes a skipped result.
        """

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        """Refuse: a metric of corpora only has no score for one sample, and the engine does not call this."""
        raise NotImplementedError(f"{self.name} is a metric of a corpus")
