"""Details that results of several metrics have in common: notes, how much of a prompt was read, a file cut short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.caveats import Caveat

CLIP_INFLUENCES = "clip_influences"
"""In the details of a score of a set: clip -> what it adds to it, to first order, for the intervals of `compare`."""
REFERENCE_SPREAD = "ref_spread"
"""Beside it: length of the mean of the reference set, and trace of its covariance, which tell two sets apart."""
_MISMATCH = "header_mismatch"


def with_notes(details: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """Return details whose `note` begins with these notes; without any note there is no such key."""
    every = [*notes, *([details["note"]] if "note" in details else [])]
    return {**details, "note": "; ".join(every)} if every else dict(details)


def with_caveats(details: Mapping[str, Any], caveats: Sequence[Caveat]) -> dict[str, Any]:
    """Return details with caveats behind their own, as sentences and as records; without any, as they are."""
    if not caveats:
        return dict(details)
    return {
        **details,
        "warnings": [*details.get("warnings", ()), *(c.sentence for c in caveats)],
        "caveats": [*details.get("caveats", ()), *(c.to_record() for c in caveats)],
    }


def prompt_details(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of an embedded prompt as details, with a note if its end was cut off.

    Args:
        facts: With `num_tokens`, `num_dropped` and `truncated`.
    """
    details = dict(facts)
    if facts["truncated"]:
        details["note"] = f"the prompt has {facts['num_tokens']} tokens: the last {facts['num_dropped']} were not read"
    return details


def duration_mismatch(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fact that a file's header and its content differ in duration; empty where they agree."""
    return {_MISMATCH: facts[_MISMATCH]} if _MISMATCH in facts else {}


def without_influences(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return details without what each clip adds, which is a number for every clip of the set."""
    return {key: value for key, value in details.items() if key != CLIP_INFLUENCES}
