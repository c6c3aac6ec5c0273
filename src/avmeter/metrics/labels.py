"""One metric several times in a run: `audio.frechet_distance@panns` beside `audio.frechet_distance@vggish`.

What follows the `@` is a label. A label that is a value of one of the metric's choices (a backbone, a checkpoint, a
protocol) makes that choice; any other label is a name for options that are set for it:
`--set audio.wer@small.model_name=small`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.base import Metric
from avmeter.protocols import PROTOCOLS

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class MetricName:
    """A metric's name as users write it, in its parts.

    Attributes:
        metric: Registered name ("audio.frechet_distance").
        label: What follows the `@` ("panns"), or "" where nothing does.
    """

    metric: str
    label: str = ""

    @classmethod
    def parse(cls, name: str) -> MetricName:
        """Split `name` at its `@`.

        Raises:
            UsageError: The label is empty, or more than letters, digits, `-`, `_` and `.`.
        """
        metric, at, label = name.partition("@")
        if at and not _LABEL.fullmatch(label):
            raise UsageError(
                f"`{name}`: a label is letters, digits, `-`, `_` and `.`", hint="as in audio.frechet_distance@panns"
            )
        return cls(metric=metric, label=label)


def labelled_options(name: str, cls: type, options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the options of a metric, labelled or not.

    A labelled one has the options of the metric, then what its label chooses, then its own.

    Args:
        name: As users write it.
        cls: Class of the metric.
        options: Name, with or without a label -> options.

    Raises:
        UsageError: The label makes no choice and nothing is set for it, or its own options contradict it.
    """
    parts = MetricName.parse(name)
    inherited = dict(options.get(parts.metric, {}))
    if not parts.label:
        return inherited
    own = dict(options.get(name, {}))
    return {**inherited, **_choice_of(name, parts.label, cls, own), **own}


def refuse_options_of_others(configured: Iterable[str], chosen: Collection[str]) -> None:
    """Refuse options of a labelled metric that is not among the metrics of a run.

    Raises:
        UsageError: Names the metric.
    """
    for name in configured:
        if "@" in name and name not in chosen:
            raise UsageError(f"options are set for `{name}`, which is not chosen", hint=f"choose it as well: -m {name}")


def _choice_of(name: str, label: str, cls: type, own: Mapping[str, Any]) -> dict[str, str]:
    choices = _choices(cls)
    chosen = [option for option, values in choices.items() if label in values]
    for option in chosen:
        if own.get(option, label) != label:
            raise UsageError(
                f"`{name}` is labelled {option}={label}, and set to {option}={own[option]}", hint="choose another label"
            )
    if len(chosen) == 1:
        return {chosen[0]: label}
    if chosen or own:
        return {}
    values = dict.fromkeys(value for several in choices.values() for value in several)
    error = UnknownNameError.among(f"choice of `{name.partition('@')[0]}`", label, values)
    raise UsageError(error.message, hint=f"{error.hint}; or set its options: --set {name}.OPTION=VALUE")


def _choices(cls: type) -> Mapping[str, Sequence[str]]:
    return {**cls.choices(), "protocol": PROTOCOLS} if issubclass(cls, Metric) else {}
