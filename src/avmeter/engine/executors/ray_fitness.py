"""Whether a node of a Ray cluster can take part in a run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

logger = logging.getLogger("avmeter")


def unfitness(report: Mapping[str, Any], own: Mapping[str, str], address: str) -> str | None:
    """Return why a node cannot take part in a run, or None; differences that may move last digits are logged.

    Args:
        report: Of `NodeActor.describe`.
        own: Versions of this process.
        address: Of the node.
    """
    versions = report["versions"]
    if versions.get("avmeter") != own.get("avmeter"):
        found = versions.get("avmeter")
        has = f"avmeter {found} is installed" if found else "avmeter is not installed"
        return f"{address}: {has}, and {own.get('avmeter')} runs here"
    if not report["has_device"]:
        return f"{address}: torch can use no GPU there, though the cluster counts one"
    if report["unseen"]:
        return f"{address}: does not see {', '.join(report['unseen'])}"
    different = sorted(name for name in {*versions, *own} if versions.get(name) != own.get(name))
    if different:
        pairs = ", ".join(f"{n} {versions.get(n, 'absent')} (here {own.get(n, 'absent')})" for n in different)
        logger.warning("%s: other versions, so last digits may differ: %s", address, pairs)
    return None
