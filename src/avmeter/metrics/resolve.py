"""From what users name (metrics, groups, "all") to metric instances."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from avmeter.errors import MissingDependencyError, UnknownNameError, UsageError
from avmeter.metrics.base import Metric
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.simple_form import adapt
from avmeter.protocols import FASTVIDEO
from avmeter.registry import METRICS, list_metrics, require_packages


def get_metric(name: str, **options: Any) -> Metric:
    """Return the metric called `name`, with these options.

    Raises:
        UnknownNameError: No such metric, or no such option.
        UsageError: It calls itself otherwise.
        MissingDependencyError: A package that it needs is not installed (an ImportError).
    """
    cls = METRICS.get(name)
    require_packages(f"metric `{name}`", getattr(cls, "dependencies", ()), getattr(cls, "extra", "all"))
    _refuse_unknown(name, cls, options)
    metric = adapt(name, cls(**options))
    if metric.name != name:
        raise UsageError(f"metric `{name}` calls itself `{metric.name}`", hint="leave `name` to `@register`")
    # Builds the extractors: a wrong option is refused now instead of at the first sample.
    requirements_of(metric).require_packages()
    return metric


def _refuse_unknown(name: str, cls: type, options: Mapping[str, Any]) -> None:
    parameters = inspect.signature(cls).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for option in options:
        if option not in parameters:
            raise UnknownNameError.among(f"option of `{name}`", option, parameters)


def parse_selectors(selectors: Any) -> list[str]:
    """Return names and groups from a list of them, or from one text that holds several, comma-separated.

    Raises:
        UsageError: It is neither, or something in it is no name.
    """
    if isinstance(selectors, str):
        return [s.strip() for s in selectors.split(",") if s.strip()]
    if not isinstance(selectors, Iterable) or isinstance(selectors, bytes | Mapping):
        raise UsageError(f"metrics={selectors!r} is not a list of names", hint=_METRICS_HINT)
    names = list(selectors)
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"metrics has {name!r} in it, which is no name", hint=_METRICS_HINT)
    return [name.strip() for name in names]


_METRICS_HINT = "give names or groups: ['audio.wer', 'av'], or 'all'"


def resolve_metrics(
    selectors: str | Sequence[str],
    *,
    protocol: str = FASTVIDEO,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    skip_missing_deps: bool = False,
) -> dict[str, Metric]:
    """Return metrics by name, in the order named, each once.

    Args:
        selectors: Names, groups ("audio", "av") or "all"; a single string may hold several, comma-separated.
        protocol: Protocol of all metrics that have none of their own in `options`.
        options: Metric name -> options of its constructor.
        skip_missing_deps: Leave out explicitly named metrics with missing packages too, with a warning.

    Raises:
        UnknownNameError: A name is neither a metric nor a group.
        UsageError: What was passed are no names.
        MissingDependencyError: An explicitly named metric lacks a package. In a group it is left out with a warning.
    """
    selectors = parse_selectors(selectors)
    options = options or {}
    known = set(list_metrics())
    for name in options:
        if name not in known:
            raise UnknownNameError.among("metric", name, known)
    chosen: dict[str, Metric] = {}
    for selector in selectors:
        group = sorted(known) if selector == "all" else list_metrics(selector)
        for name in group or [selector]:
            if name in chosen:
                continue
            explicit = dict(options.get(name, {}))
            try:
                if issubclass(METRICS.get(name), Metric):
                    explicit.setdefault("protocol", protocol)
                chosen[name] = get_metric(name, **explicit)
            except MissingDependencyError as error:
                if not group and not skip_missing_deps:
                    raise
                warnings.warn(f"{name} is left out: {error.message} ({error.hint})", stacklevel=2)
    return chosen
