"""Metrics and settings of a run, from `--preset`, `--metrics`, `--protocol` and `--set` together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from avmeter.cli.messages import say
from avmeter.errors import UsageError
from avmeter.protocols import FASTVIDEO

if TYPE_CHECKING:
    from avmeter.manifest import SampleList
    from avmeter.presets import Preset


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What is to be computed.

    Attributes:
        metrics: Names and groups.
        explicit: Those that the user named, which say why they have no score; the others are left out then.
        protocol: How clips are read.
        options: Name of a metric -> its options.
        preset: Where the rest comes from, if anywhere.
    """

    metrics: tuple[str, ...]
    explicit: tuple[str, ...]
    protocol: str
    options: Mapping[str, Mapping[str, Any]]
    preset: Preset | None = None


def choose(
    metrics: Sequence[str] | None,
    *,
    preset: str | None,
    protocol: str | None,
    options: Mapping[str, Mapping[str, Any]],
) -> Chosen:
    """Combine a preset with what stands beside it on the command line, which goes before.

    Raises:
        UnknownNameError: There is no such preset.
        UsageError: `--metrics` names nothing.
    """
    from avmeter.metrics.resolve import parse_selectors

    named = tuple(parse_selectors(",".join(metrics or [])))
    if metrics and not named:
        raise UsageError("no metric was chosen", hint="list_metrics() or `avmeter list` shows names and groups")
    if preset is None:
        return Chosen(metrics=named or ("all",), explicit=named, protocol=protocol or FASTVIDEO, options=options)
    from avmeter.presets import load_preset

    found = load_preset(preset)
    say(f"preset {found.name}: {found.title} ({found.source})")
    if protocol is not None and protocol != found.protocol:
        say(f"differs from the preset: --protocol {protocol} in place of {found.protocol}")
    for sentence in found.deviations:
        say(f"differs from the source: {sentence}")
    merged = {name: {**found.options.get(name, {}), **options.get(name, {})} for name in {**found.options, **options}}
    return Chosen(
        metrics=(*found.metric_names, *named),
        explicit=named,
        protocol=protocol or found.protocol,
        options=merged,
        preset=found,
    )


def with_videos(samples: SampleList, preset: Preset | None) -> SampleList:
    """Give sound without a video that of its reference where the preset's source does, and say of how many."""
    if preset is None or not preset.videos_from_references:
        return samples
    from avmeter.manifest import with_reference_videos

    found, num_given = with_reference_videos(samples)
    if num_given:
        say(f"{num_given} of {len(samples)} clips are scored with the video of their reference, as the source does")
    return found
