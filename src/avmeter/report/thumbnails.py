"""Frames and spectrograms on a page: of how many samples, within which time and size."""

from __future__ import annotations

from typing import Any

from avmeter.report.drawing import Job, Kind, draw
from avmeter.report.payload import Payload, worst_first
from avmeter.run import EvalResults
from avmeter.sample import MEDIA_FIELDS

MOST_DRAWN = 60
"""Samples of a page that have thumbnails."""
WITHIN_S = 20.0
MOST_BYTES = 4_000_000
_SOUND_FIELDS = frozenset(f for f in MEDIA_FIELDS if f.endswith("audio"))


def add_thumbnails(payload: Payload, results: EvalResults, *, most: int) -> int:
    """Draw the clips of the samples that a page shows at its top, into their `drawn`; return of how many.

    Args:
        payload: What the page shows.
        results: The run.
        most: Samples.
    """
    samples = payload.data["samples"]
    jobs: list[tuple[dict[str, Any], str, Job]] = []
    for place in worst_first(payload.data)[:most]:
        for field in samples[place].get("media", {}):
            path = results.samples[payload.positions[place]].media[field].path
            if path is not None and field not in samples[place].get("gone", ()):
                jobs.append((samples[place], field, Job(path=str(path), kind=kind_of(field))))
    made = draw([job for *_, job in jobs], within_s=WITHIN_S, most_bytes=MOST_BYTES)
    for (sample, field, _), answer in zip(jobs, made, strict=True):
        if answer:
            sample.setdefault("drawn", {})[field] = dict(answer)
    return sum("drawn" in s for s in samples)


def kind_of(field: str) -> Kind:
    """Return how the clip of a sample's field is drawn."""
    return "audio" if field in _SOUND_FIELDS else "video"
