"""`avmeter list`: metrics, what they need, and whether they could run here."""

from __future__ import annotations

from typing import Annotated

import typer

from avmeter.cli.tables import full_table, table_console
from avmeter.errors import MissingDependencyError, UnknownNameError
from avmeter.features.base import get_extractor
from avmeter.metrics.base import CorpusMetric
from avmeter.metrics.resolve import get_metric
from avmeter.registry import list_metrics
from avmeter.weights import WeightsSource


def list_command(
    group: Annotated[str | None, typer.Argument(help="Only this group: audio, av.")] = None,
    names_only: Annotated[bool, typer.Option("--names", help="Only names, one a line.")] = False,
) -> None:
    """List metrics, what they need, and what is missing on this machine.

    Example: avmeter list audio
    """
    names = list_metrics(group)
    if not names:
        groups = {"all", *(n.partition(".")[0] for n in list_metrics())}
        raise UnknownNameError.among("group of metrics", group or "", groups)
    if names_only:
        typer.echo("\n".join(names))
        return
    table = full_table("metric", "better", "of", "needs", "ready")
    for name in names:
        table.add_row(*_row(name))
    table_console().print(table)


def _row(name: str) -> tuple[str, str, str, str, str]:
    try:
        metric = get_metric(name)
    except MissingDependencyError as error:
        return name, "", "", "", f"{error.message}; {error.hint}"
    kind = "corpus" if isinstance(metric, CorpusMetric) and not metric.per_sample else "sample"
    fields = sorted({f for need in metric.needs for f in need.fields} | set(metric.requires))
    source = WeightsSource.parse("auto")
    entries = {e for need in metric.needs for e in get_extractor(need.extractor, **need.options).weights()}
    absent = sorted(e for e in entries if not source.available(e))
    return name, metric.direction, kind, ", ".join(fields), f"lacks weights: {', '.join(absent)}" if absent else "yes"
