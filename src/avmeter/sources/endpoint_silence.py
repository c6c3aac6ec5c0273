"""How long a run goes on asking an endpoint that does not answer.

One question is asked several times, with minutes of patience; a set has thousands of questions.
"""

from __future__ import annotations

import threading
import time

from avmeter.errors import SkipCode, SkipError

FEWEST_FAILURES = 3
"""Questions in a row without any answer, after which the next are not asked."""
PAUSE_S = 60.0
"""One of them is, so often: what was only restarted is used again."""


class EndpointSilence:
    """Counts questions that got no answer, for threads that ask at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._num_failures = 0
        self._next_s = 0.0

    def require_answering(self) -> None:
        """Refuse a question to an endpoint that has not answered lately.

        Raises:
            SkipError: `fetch_failed`.
        """
        with self._lock:
            if self._num_failures < FEWEST_FAILURES:
                return
            now = time.monotonic()
            if now >= self._next_s:
                self._next_s = now + PAUSE_S
                return
            raise SkipError(
                SkipCode.FETCH_FAILED,
                f"the judge was not asked, as the {self._num_failures} questions before got no answer",
                hint="see the reasons of the first skips; run again when the endpoint answers",
            )

    def note(self, *, answered: bool) -> None:
        """Count how a question ended."""
        with self._lock:
            self._num_failures = 0 if answered else self._num_failures + 1
            self._next_s = time.monotonic() + PAUSE_S
