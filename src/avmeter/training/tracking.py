"""From results to trackers: scalars with names that stay the same, and the worst clips."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from avmeter.run import EvalResults
from avmeter.sample import Sample
from avmeter.training.clips import WorstClip, worst_clips, write_clip_file
from avmeter.training.trackers import ClipFile, Tracker


def log_results(
    results: EvalResults,
    trackers: Sequence[Tracker],
    *,
    step: int,
    prefix: str = "val/",
    num_worst: int = 0,
    sample_of: Callable[[int], Sample] | None = None,
) -> list[str]:
    """Log results to trackers, and return what could not be logged, in sentences.

    A tracker that fails is one of the sentences, and the others get what is theirs.

    Args:
        results: Of `Evaluator.evaluate`, or merged from those of several ranks.
        trackers: Where to.
        step: Of the training.
        prefix: In front of every name.
        num_worst: Clips to show of each metric that has a better end; 0 for none.
        sample_of: Returns the sample with its media at a position of the results; default is that of the results.
    """
    scalars = results.scalars(prefix)
    clips = worst_clips(results, num_worst) if num_worst else []
    sample_of = sample_of or (lambda position: results.samples[position])
    problems: list[str] = []
    for tracker in trackers:
        try:
            tracker.log_scalars(scalars, step=step)
            problems += _log_clips(tracker, clips, sample_of, step=step, prefix=prefix)
        except Exception as error:  # noqa: BLE001 - what a tracker fails with must not end a training
            problems.append(f"{tracker.name}: {type(error).__name__}: {error}")
    return problems


def _log_clips(
    tracker: Tracker, clips: Sequence[WorstClip], sample_of: Callable[[int], Sample], *, step: int, prefix: str
) -> list[str]:
    if not clips:
        return []
    if not tracker.kinds:
        return [f"{tracker.name} takes no clips: {len(clips)} were not logged"]
    with tempfile.TemporaryDirectory(prefix="avmeter-clips-") as folder:
        written = [
            write_clip_file(clip, sample_of(clip.position), Path(folder), kinds=tracker.kinds, prefix=prefix)
            for clip in clips
        ]
        files = [found for found in written if isinstance(found, ClipFile)]
        if files:
            tracker.log_clips(files, step=step)
    return [f"{tracker.name}: {found}" for found in written if isinstance(found, str)]
