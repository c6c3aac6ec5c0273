"""From what users name (metrics, groups, "all") to metric instances."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from avmeter.errors import MissingDependencyError, UnknownNameError, UsageError
from avmeter.metrics.base import Metric
from avmeter.metrics.labels import MetricName, labelled_options
from avmeter.metrics.option_values import check_kinds
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.simple_form import adapt
from avmeter.metrics.synonyms import TOPICS, full_name
from avmeter.presets import preset_names
from avmeter.protocols import FASTVIDEO
from avmeter.registry import METRICS, list_metrics, require_packages


def get_metric(name: str, **options: Any) -> Metric:
    """Return the metric called `name`, which may be labelled ("audio.frechet_distance@panns"), with these options.

    Raises:
        UnknownNameError: No such metric, or no such option.
        UsageError: It calls itself otherwise.
        MissingDependencyError: A package that it needs is not installed (an ImportError).
    """
    registered = MetricName.parse(name).metric
    cls = METRICS.get(registered)
    require_packages(f"metric `{name}`", getattr(cls, "dependencies", ()), getattr(cls, "extra", "all"))
    options = labelled_options(name, cls, {name: options})
    _refuse_unknown(name, cls, options)
    check_kinds(name, cls, options)
    metric = adapt(registered, cls(**options), lambda: cls(**options))
    if metric.name != registered:
        raise UsageError(f"metric `{registered}` calls itself `{metric.name}`", hint="leave `name` to `@register`")
    metric.name = name  # type: ignore[misc]
    # Builds the extractors: a wrong option is refused now instead of at the first sample.
    requirements_of(metric).require_packages()
    metric.check_setup()
    return metric


def _refuse_unknown(name: str, cls: type, options: Mapping[str, Any]) -> None:
    parameters = inspect.signature(cls).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for option in options:
        if option not in parameters:
            raise UnknownNameError.among(f"option of `{name}`", option, parameters)


def _refuse_preset(name: str) -> None:
    if name in preset_names():
        in_python = f'create_evaluator(**load_preset("{name}").keywords())'
        raise UnknownNameError(
            f"unknown metric `{name}`", hint=f"it is a preset: `--preset {name}`, in Python `{in_python}`"
        )


def _refuse_topic(name: str) -> None:
    topic = TOPICS.get(name.rpartition(".")[2].lower(), ())
    if topic and name not in list_metrics():
        raise UnknownNameError(f"unknown metric `{name}`", hint=f"of it are {', '.join(f'`{n}`' for n in topic)}")


def parse_selectors(selectors: Any) -> list[str]:
    """Return names and groups from a list of them, or from one text that holds several, comma-separated.

    Short names that the field uses ("wer", "fad") are written out.

    Raises:
        UsageError: It is neither, or something in it is no name.
    """
    if isinstance(selectors, str):
        return [full_name(s.strip()) for s in selectors.split(",") if s.strip()]
    if not isinstance(selectors, Iterable) or isinstance(selectors, bytes | Mapping):
        raise UsageError(f"metrics={selectors!r} is not a list of names", hint=_METRICS_HINT)
    names = list(selectors)
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"metrics has {name!r} in it, which is no name", hint=_METRICS_HINT)
    return [full_name(name.strip()) for name in names]


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
        selectors: Names, labelled or not, groups ("audio", "av") or "all"; a string may hold several, with commas.
        protocol: Protocol of all metrics that have none of their own in `options`.
        options: Metric name -> options of its constructor.
        skip_missing_deps: Leave out explicitly named metrics with missing packages too, with a warning.

    Raises:
        UnknownNameError: A name is neither a metric nor a group.
        UsageError: What was passed are no names.
        MissingDependencyError: An explicitly named metric lacks a package. In a group it is left out with a warning.
    """
    selectors = parse_selectors(selectors)
    options = {full_name(name): own for name, own in (options or {}).items()}
    known = set(list_metrics())
    for name in options:
        parts = MetricName.parse(name)
        if parts.metric not in known:
            raise UnknownNameError.among("metric", parts.metric, known)
    chosen: dict[str, Metric] = {}
    for selector in selectors:
        group = sorted(known) if selector == "all" else list_metrics(selector)
        if not group:
            _refuse_preset(selector)
            _refuse_topic(selector)
        for name in group or [selector]:
            if name in chosen:
                continue
            try:
                cls = METRICS.get(MetricName.parse(name).metric)
                explicit = labelled_options(name, cls, options)
                if issubclass(cls, Metric):
                    explicit.setdefault("protocol", protocol)
                chosen[name] = get_metric(name, **explicit)
            except MissingDependencyError as error:
                if not group and not skip_missing_deps:
                    raise
                warnings.warn(f"{name} is left out: {error.message} ({error.hint})", stacklevel=2)
    return chosen
