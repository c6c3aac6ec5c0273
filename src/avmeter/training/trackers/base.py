"""What a tracker is: takes scalars of a step, and files of clips of the kinds it can show."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from avmeter.errors import MissingDependencyError


class ClipKind(StrEnum):
    """What a file shows."""

    AUDIO = "audio"
    VIDEO = "video"  # with its sound, if it has any


@dataclass(frozen=True, kw_only=True)
class ClipFile:
    """A clip for people to look at.

    Attributes:
        name: Under which it is logged; the same at every step.
        caption: Its id, its score, its prompt.
        path: A file that browsers play: WAV, or MP4, WebM, GIF. It need not exist once it is logged.
        kind: What it shows.
    """

    name: str
    caption: str
    path: Path
    kind: ClipKind


class Tracker(Protocol):
    """Writes numbers and clips to where a team looks at them. May be called from a background thread.

    Attributes:
        name: For messages.
        kinds: Which clips it can show.
    """

    name: str
    kinds: Collection[ClipKind]

    def log_scalars(self, scalars: Mapping[str, float], *, step: int) -> None:
        """Log finite numbers of a step of the training."""

    def log_clips(self, clips: Sequence[ClipFile], *, step: int) -> None:
        """Log clips of a step, all of kinds that it can show."""


class FunctionTracker:
    """Any function that takes a dict of numbers and a step, such as the `log` of a trainer.

    Args:
        function: Called with (scalars, step).
        name: For messages.
    """

    kinds: Collection[ClipKind] = ()

    def __init__(self, function: Callable[[dict[str, float], int], object], *, name: str = "the function") -> None:
        self.name = name
        self._function = function

    def log_scalars(self, scalars: Mapping[str, float], *, step: int) -> None:
        """Call the function."""
        self._function(dict(scalars), step)

    def log_clips(self, clips: Sequence[ClipFile], *, step: int) -> None:
        """Refuse clips: a function takes none."""
        raise NotImplementedError("a function takes no clips")


def import_tracker(module: str) -> Any:
    """Import the package of a tracker.

    Raises:
        MissingDependencyError: It is not installed.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(f"this tracker needs `{package}`", hint=f"pip install {package}") from error
