"""What was asked of `avmeter score`, option by option."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """The parameters of the command under their own names; its help says what each means.

    Attributes:
        resolved: All of them that have a value, by the words of a configuration file.
    """

    inputs: Sequence[str]
    reference: str | None
    prompts: str | None
    column: Sequence[str]
    pairing: str
    paired: bool
    text_prompt: str | None
    reference_text: str | None
    language: str | None
    audio_stream: int | None
    metrics: Sequence[str]
    preset: str | None
    protocol: str | None
    option: Sequence[str]
    reference_features: Path | None
    out: Path | None
    shard: str | None
    by: Sequence[str]
    cluster: str | None
    output_format: str
    strict: bool
    device: str
    gpus: int
    ray: str | None
    precision: str
    batch_size: int | None
    threads: int | None
    processes: int | None
    decoder: str
    scoring_processes: int | None
    weights: str
    store: Path | None
    no_store: bool
    limit: Sequence[str]
    remote: Sequence[str]
    allow_private_hosts: bool
    decode_timeout: float
    dry_run: bool
    fetch: bool
    fail_if: Sequence[str]
    thumbnails: int
    as_json: bool
    resolved: Mapping[str, Any]

    @classmethod
    def parse(cls, parameters: Mapping[str, Any], resolved: Mapping[str, Any]) -> ScoreRequest:
        """Return the request of parsed parameters; a list that was left out is an empty one."""
        values = {**parameters, "resolved": resolved}
        for field in dataclasses.fields(cls):
            if field.type == "Sequence[str]":
                values[field.name] = values[field.name] or ()
        return cls(**{field.name: values[field.name] for field in dataclasses.fields(cls)})
