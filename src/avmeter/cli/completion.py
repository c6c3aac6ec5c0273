"""What a shell completes: metrics, groups and presets, also behind a comma."""

from __future__ import annotations


def complete_metrics(incomplete: str) -> list[str]:
    """Return names and groups that go on from what is typed; short names of the field among them."""
    from avmeter.metrics.synonyms import SYNONYMS
    from avmeter.registry import list_metrics

    before, comma, last = incomplete.rpartition(",")
    names = list_metrics()
    known = ["all", *sorted({name.partition(".")[0] for name in names}), *names, *sorted(SYNONYMS)]
    return [f"{before}{comma}{name}" for name in known if name.startswith(last)]


def complete_presets(incomplete: str) -> list[str]:
    """Return names of presets."""
    from avmeter.presets import preset_names

    return [name for name in preset_names() if name.startswith(incomplete)]
