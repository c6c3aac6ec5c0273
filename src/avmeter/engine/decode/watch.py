"""What a run sees of a thread that decodes: how much it has decoded, and since when nothing has come of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from avmeter.engine.failures import INTERRUPTED
from avmeter.errors import MediaError, SkipCode

_BEAT_S = 0.5


class DecodeWatch:
    """Counts what one thread decodes, and ends it; its `advance` is passed to whatever decodes.

    Attributes:
        decoded_s: Seconds of sound and video that were decoded of the file at hand, tracks added up.
        is_ended: The thread is to end: nobody waits for what it decodes.
    """

    def __init__(self) -> None:
        self.decoded_s = 0.0
        self.is_ended = False
        self._in_decoder_since: float | None = None
        self._starting_since: float | None = None
        self._started_s = 0.0

    def restart(self) -> None:
        """Note a new file."""
        self.decoded_s = self._started_s = 0.0
        self._in_decoder_since = self._starting_since = None

    def end(self) -> None:
        """End the thread at its next packet, frame or block; called from another thread."""
        self.is_ended = True

    def advance(self, decoded_s: float) -> None:
        """Count what was decoded; an `avmeter.media.Advance`.

        Raises:
            MediaError: `interrupted`, once the thread is to end.
        """
        if self.is_ended:
            raise MediaError(SkipCode.INTERRUPTED, INTERRUPTED.reason, hint=INTERRUPTED.hint)
        self.decoded_s += decoded_s
        if self._in_decoder_since is not None:
            self._in_decoder_since = time.monotonic()

    def enter_decoder(self) -> None:
        """Note that the thread waits for the decoder alone, and does nothing else."""
        self._in_decoder_since = time.monotonic()

    def leave_decoder(self) -> None:
        """Note that the thread works on what was decoded."""
        self._in_decoder_since = None

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Leave the block out of the time that the file takes: a process is started."""
        self._starting_since = started_at = time.monotonic()
        try:
            yield
        finally:
            self._started_s += time.monotonic() - started_at
            self._starting_since = None

    def started_s(self, now: float) -> float:
        """Return what starting processes has taken since this file was begun."""
        since = self._starting_since
        return self._started_s + (0.0 if since is None else now - since)

    def waited_s(self, now: float) -> float:
        """Return for how long the thread has been waiting for the decoder, and nothing came of it; else 0."""
        since = self._in_decoder_since
        return 0.0 if since is None else now - since


class BeatingWatch(DecodeWatch):
    """The watch of a process that decodes for another: what it counts is sent there, twice a second at most.

    Args:
        send: Sends seconds that were decoded.
    """

    def __init__(self, send: Callable[[float], None]) -> None:
        super().__init__()
        self._send = send
        self._sent_at = time.monotonic()
        self._unsent_s = 0.0

    def advance(self, decoded_s: float) -> None:
        """Count what was decoded, and send it now and then."""
        super().advance(decoded_s)
        self._unsent_s += decoded_s
        if time.monotonic() - self._sent_at > _BEAT_S:
            self._send(self.take_unsent_s())

    def take_unsent_s(self) -> float:
        """Return the seconds that were not sent yet: who calls this sends them."""
        unsent_s, self._unsent_s = self._unsent_s, 0.0
        self._sent_at = time.monotonic()
        return unsent_s
