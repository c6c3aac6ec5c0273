"""`avmeter list`: metrics, what they need, and whether they could run here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from avmeter.errors import UnknownNameError
from avmeter.registry import list_metrics

if TYPE_CHECKING:
    from avmeter.metrics.availability import Availability


def list_command(
    group: Annotated[str | None, typer.Argument(help="Only this group, such as audio.")] = None,
    names_only: Annotated[bool, typer.Option("--names", help="Only names, one a line.")] = False,
    presets: Annotated[bool, typer.Option("--presets", help="Presets of `score` in place of metrics.")] = False,
) -> None:
    """List metrics, what they need, and what is missing on this machine.

    Example: avmeter list audio
    """
    if presets:
        _list_presets(names_only=names_only)
        return
    names = list_metrics(group)
    if not names:
        groups = {"all", *(n.partition(".")[0] for n in list_metrics())}
        raise UnknownNameError.among("group of metrics", group or "", groups)
    if names_only:
        typer.echo("\n".join(names))
        return
    from avmeter.cli.tables import print_table
    from avmeter.metrics.availability import check_availability
    from avmeter.weights import WeightsSource

    source = WeightsSource.parse("auto")
    rows = [_row(check_availability(name, source)) for name in names]
    print_table(("metric", "better", "of", "needs", "ready"), rows)


def _list_presets(*, names_only: bool) -> None:
    from avmeter.cli.tables import print_table
    from avmeter.presets import load_preset, preset_names

    if names_only:
        typer.echo("\n".join(preset_names()))
        return
    found = [load_preset(name) for name in preset_names()]
    print_table(
        ("preset", "for", "protocol", "columns"),
        [(p.name, p.title, p.protocol, ", ".join(m.column for m in p.metrics)) for p in found],
    )


def _row(found: Availability) -> tuple[str, str, str, str, str]:
    from avmeter.metrics.base import CorpusMetric

    if found.metric is None or found.requirements is None:
        return found.name, "", "", "", f"{found.error.message}; {found.error.hint}" if found.error else ""
    kind = "corpus" if isinstance(found.metric, CorpusMetric) and not found.metric.per_sample else "sample"
    return found.name, found.metric.direction, kind, ", ".join(sorted(found.requirements.fields)), _ready(found)


def _ready(found: Availability) -> str:
    if found.missing_checkpoints:
        return f"lacks weights: {', '.join(sorted(found.missing_checkpoints))}"
    optional = ", ".join(sorted(found.missing_optional_checkpoints))
    return f"yes, without optional {optional}" if optional else "yes"
