"""Posters, waveforms, spectrograms and Opus copies of clips, made by a process of their own.

A page is written after the scores are safe, and no clip may cost it: the process that decodes ends at a deadline, and
one that dies over a clip is started again behind it. What is not made by then is absent from the page.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["video", "audio", "opus"]
_MOST_RESTARTS = 3


@dataclass(frozen=True, kw_only=True)
class Job:
    """One clip.

    Attributes:
        path: Of the file.
        kind: "video": a frame, and its sound as for "audio": a waveform and a spectrogram. "opus": a copy of the sound.
    """

    path: str
    kind: Kind


def draw(jobs: Sequence[Job], *, within_s: float, most_bytes: int) -> list[Mapping[str, Any]]:
    """Return for each job what was made of it, in order; nothing ({}) of those that were not reached.

    Args:
        jobs: In the order of their importance.
        within_s: Seconds for all of them.
        most_bytes: Of all answers together; what comes after is not made.

    Returns:
        Of "video" and "audio": `poster`, `spectrogram` (data URLs) and `wave` (peaks 0 ... 100), those that there are.
        Of "opus": `opus` (base64), or `error` (why the sound cannot be read).
    """
    deadline = time.monotonic() + within_s
    made: list[Mapping[str, Any]] = []
    for _ in range(1 + _MOST_RESTARTS):
        left = jobs[len(made) :]
        seconds = deadline - time.monotonic()
        if not left or seconds <= 0 or sum(map(_size, made)) > most_bytes:
            break
        answers, is_done = _run_worker(left, seconds, most_bytes - sum(map(_size, made)))
        made += answers
        if is_done:
            break
        made.append({})  # the clip over which the process died, or which took too long
    return [*made, *({} for _ in jobs[len(made) :])][: len(jobs)]


def _run_worker(jobs: Sequence[Job], within_s: float, most_bytes: int) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the answers of a process, and whether it came to its end."""
    command = [sys.executable, "-m", "avmeter.report.drawing_worker"]
    request = json.dumps({"jobs": [asdict(job) for job in jobs], "most_bytes": most_bytes}).encode()
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError:
        return [], True
    with process:
        try:
            output, _ = process.communicate(request, timeout=within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        except BaseException:
            process.kill()
            raise
    lines = output.split(b"\n")[:-1]  # the last one may be torn
    return [json.loads(line) for line in lines], process.returncode == 0


def _size(answer: Mapping[str, Any]) -> int:
    return sum(len(value) for value in answer.values() if isinstance(value, str))
