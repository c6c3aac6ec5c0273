"""What metrics of frames against the frames of a reference have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.errors import UnknownNameError
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.details import with_notes
from avmeter.result import MetricResult

FORMS = ("fastvideo", "standard")


def check_form(name: str) -> str:
    """Return `name` if it is one of `FORMS`.

    Raises:
        UnknownNameError: It is not.
    """
    if name not in FORMS:
        raise UnknownNameError.among("form", name, FORMS)
    return name


def with_counts(details: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return details with the numbers of frames, and a note where one of the clips was cut to the other."""
    generated, reference = facts["num_generated_frames"], facts["num_reference_frames"]
    notes = []
    if generated != reference:
        notes.append(
            f"{generated} generated frames against {reference}: the first {facts['num_frames']} of each were compared"
        )
    return with_notes({**facts, **details}, notes)


def mean_distance(name: str, features: FeatureSet) -> MetricResult:
    """Return the mean of the array `distance` (T,) of "frames" as a metric's score, every frame's in the details."""
    distance, facts = features["frames"]["distance"], features["frames"].facts
    details = {"per_frame": [float(value) for value in distance]}
    return MetricResult(name, float(distance.mean()), with_counts(details, facts))
