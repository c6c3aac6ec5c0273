"""A pairing report while it is being made: the same fields as lists, which the steps of pairing extend."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from avmeter.manifest.report import PairingReport


@dataclass(kw_only=True)
class PairingDraft:
    """What `PairingReport` will say; its docstring has the meaning of every field."""

    num_generated: int = 0
    num_reference: int = 0
    num_paired: int = 0
    texts: dict[str, int] = field(default_factory=dict)
    texts_by: str = ""
    missing: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    without_prompt: list[str] = field(default_factory=list)
    unknown_prompts: list[str] = field(default_factory=list)
    overruled: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    columns_not_used: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    folders: list[list[str]] = field(default_factory=list)

    @classmethod
    def of(cls, report: PairingReport) -> PairingDraft:
        """Return a draft that goes on from a report, which stays as it is."""
        return cls(**{f.name: _thawed(getattr(report, f.name)) for f in dataclasses.fields(cls)})

    def finished(self) -> PairingReport:
        """Return what has been noted so far; later notes do not change it."""
        return PairingReport(**{f.name: _frozen(getattr(self, f.name)) for f in dataclasses.fields(self)})


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(v) for v in value)
    return dict(value) if isinstance(value, dict) else value


def _thawed(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_thawed(v) for v in value]
    return dict(value) if isinstance(value, dict) else value
