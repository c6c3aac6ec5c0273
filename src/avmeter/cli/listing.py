"""`avmeter list`: metrics, what they need, and whether they could run here; of one, what it says besides."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from avmeter.cli.completion import complete_metrics
from avmeter.cli.json_output import show_json
from avmeter.errors import UnknownNameError
from avmeter.plain import sanitise
from avmeter.registry import list_metrics
from avmeter.runtime.environment import missing_variables

if TYPE_CHECKING:
    from avmeter.metrics.index import Card
    from avmeter.presets import Preset
    from avmeter.weights import WeightsSource


def list_command(
    group: Annotated[
        str | None,
        typer.Argument(
            help="Only this group or preset, such as audio or v2a; or one metric, explained.",
            autocompletion=complete_metrics,
        ),
    ] = None,
    names_only: Annotated[bool, typer.Option("--names", help="Only names, one a line.")] = False,
    presets: Annotated[bool, typer.Option("--presets", help="Presets of `score` in place of metrics.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List metrics, what they need, and what is missing on this machine; explain one metric.

    Example: avmeter list audio
    """
    if presets:
        _list_presets(names_only=names_only, as_json=as_json)
        return
    preset = _preset_of(group)
    names = list(preset.metric_names) if preset else list_metrics(group)
    explained = None
    if group and not names:
        explained = _metric_of(group)
        names = [explained]
    if names_only:
        _print_names(names, as_json=as_json)
        return
    from avmeter.cli.tables import print_table
    from avmeter.metrics.index import cards
    from avmeter.weights import WeightsSource

    source = WeightsSource.parse("auto")
    known = {name: card for name, card in cards().items() if card.has_packages()}
    options = preset.options if preset else {}
    rows = [
        _row_of_card(name, known[name], source)
        if name in known and name not in options
        else _row(name, source, options.get(name, {}))
        for name in names
    ]
    heads = ("metric", "better", "of", "needs", "ready")
    if as_json:
        more = {"explanation": _explanation(explained)} if explained else {}
        show_json([{**dict(zip(heads, row, strict=True)), **more} for row in rows])
    else:
        print_table(heads, rows)
        if explained:
            typer.echo("\n" + "\n".join(map(sanitise, _explanation(explained).splitlines())))


def _preset_of(name: str | None) -> Preset | None:
    from avmeter.presets import load_preset, preset_names

    return load_preset(name) if name in preset_names() else None


def _metric_of(name: str) -> str:
    """Return the full name of a metric, with the label that it was given.

    Raises:
        UnknownNameError: There is none.
        UsageError: The label chooses nothing.
    """
    from avmeter.metrics.labels import MetricName, labelled_options
    from avmeter.metrics.synonyms import full_name
    from avmeter.presets import preset_names
    from avmeter.registry import METRICS

    known, full = list_metrics(), full_name(name)
    parts = MetricName.parse(full)
    if parts.metric not in known:
        groups = {"all", *(n.partition(".")[0] for n in known)}
        raise UnknownNameError.among("metric, group of metrics or preset", name, {*groups, *known, *preset_names()})
    if parts.label:
        labelled_options(full, METRICS.get(parts.metric), {})
    return full


def _explanation(name: str) -> str:
    """Return what a metric says of itself: question, formula, good values, what it does not see, sources."""
    from avmeter.metrics.labels import MetricName
    from avmeter.registry import METRICS

    name = MetricName.parse(name).metric
    cls = METRICS.get(name)
    module = inspect.getmodule(cls)
    built_in = name in METRICS.builtin()
    return inspect.cleandoc((module.__doc__ if built_in and module else cls.__doc__) or "")


def _print_names(names: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        show_json(names)
    else:
        typer.echo("\n".join(names))


def _list_presets(*, names_only: bool, as_json: bool) -> None:
    from avmeter.cli.tables import print_table
    from avmeter.presets import load_preset, preset_names

    if names_only:
        _print_names(preset_names(), as_json=as_json)
        return
    found = [load_preset(name) for name in preset_names()]
    heads = ("preset", "for", "protocol", "columns")
    rows = [(p.name, p.title, p.protocol, ", ".join(m.column for m in p.metrics)) for p in found]
    if as_json:
        show_json([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)


def _row_of_card(name: str, card: Card, source: WeightsSource) -> tuple[str, str, str, str, str]:
    obstacle = card.obstacle or _lack(missing_variables(card.variables))
    ready = _ready(card.missing_checkpoints(source), card.missing_optional_checkpoints(source), obstacle)
    return name, card.direction, card.kind, _inputs(card.fields, card.optional_fields), ready


def _row(name: str, source: WeightsSource, options: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Return the row of a label or option, of a plug-in, or of a metric that lacks a package: only it can say more."""
    from avmeter.metrics.availability import check_availability
    from avmeter.metrics.base import CorpusMetric
    from avmeter.metrics.requirements import optional_fields

    found = check_availability(name, source, options)
    if found.metric is None or found.requirements is None:
        return found.name, "", "", "", f"{found.error.message}; {found.error.hint}" if found.error else ""
    kind = "corpus" if isinstance(found.metric, CorpusMetric) and not found.metric.per_sample else "sample"
    obstacle = _lack(found.missing_variables) or (found.obstacle.sentence if found.obstacle else "")
    ready = _ready(sorted(found.missing_checkpoints), sorted(found.missing_optional_checkpoints), obstacle)
    fields = _inputs(sorted(found.requirements.fields), optional_fields(found.metric))
    return found.name, found.metric.direction, kind, fields, ready


def _inputs(fields: Sequence[str], optional: Collection[str]) -> str:
    """Return sample fields in words; what a metric can do without stands in brackets, after the others."""
    return ", ".join([*(f for f in fields if f not in optional), *(f"({f})" for f in fields if f in optional)])


def _lack(variables: Sequence[str]) -> str:
    return f"set {' and '.join(variables)}" if variables else ""


def _ready(missing: Sequence[str], missing_optional: Sequence[str], obstacle: str) -> str:
    if obstacle:
        return f"no: {obstacle}"
    if missing:
        return f"lacks weights: {', '.join(missing)}"
    return f"yes, without optional {', '.join(missing_optional)}" if missing_optional else "yes"
