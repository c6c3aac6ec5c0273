"""Results as JSON: one value on standard output, and nothing else there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from avmeter.run import EvalResults


def show_json(value: Any) -> None:
    """Print any value as strict JSON with nothing in it that a terminal obeys; dataclasses are objects."""
    from avmeter.plain import to_jsonable
    from avmeter.report.format import printable_json

    typer.echo(printable_json(to_jsonable(_plain(value)), indent=2))


def run_payload(results: EvalResults) -> dict[str, Any]:
    """Return the summary of a run, its scores by clip, and what produced them."""
    scores = {
        sample_id: {name: result.score for name, result in row.items()}
        for sample_id, row in zip(results.sample_ids, results, strict=True)
    }
    skips = [
        {"sample": sample_id, "metric": name, "code": r.skip.code, "reason": r.skip.reason, "hint": r.skip.hint}
        for sample_id, row in [*zip(results.sample_ids, results, strict=True), ("corpus", results.corpus)]
        for name, r in row.items()
        if r.skip is not None
    ]
    return {"summary": results.summary(), "scores": scores, "skips": skips, "provenance": results.provenance}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value
