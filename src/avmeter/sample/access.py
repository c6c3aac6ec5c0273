"""What may be fetched from URLs, and how patiently."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from avmeter.errors import UnknownNameError, UsageError

_MOST = {"attempts": 1000, "timeout_s": 86_400, "pause_s": 86_400}
"""Beyond these a setting is no patience: sockets refuse such a timeout, and pauses that double overflow."""


@dataclass(frozen=True, kw_only=True)
class RemoteAccess:
    """What may be fetched from URLs, and how patiently.

    Attributes:
        allow_private_hosts: Whether web addresses may lead to this machine or its own network: names that resolve or
            redirect to private, link-local or loopback addresses are refused otherwise.
        max_file_bytes: Largest file that is read from a URL.
        timeout_s: Longest silence of a connection; also the grace before 16 KiB must come each second.
        attempts: Tries of a request that breaks, stalls, or is answered by an error of the server.
        pause_s: First pause between tries; doubles each time.
        cache_bytes: What copies of files may take on this disk, where a server cannot deliver parts of them.
    """

    allow_private_hosts: bool = False
    max_file_bytes: int = 16 * 2**30
    timeout_s: float = 30.0
    attempts: int = 4
    pause_s: float = 1.0
    cache_bytes: int = 16 * 2**30

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name == "allow_private_hosts":
                if not isinstance(value, bool):
                    raise UsageError(f"remote {name}={value!r}: needs True or False")
            elif isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise UsageError(f"remote {name}={value!r}: needs a number above 0")
            elif value > _MOST.get(name, math.inf) or (name == "attempts" and value != int(value)):
                kind = "a whole number" if name == "attempts" else "a number"
                raise UsageError(f"remote {name}={value!r}: needs {kind} above 0, and at most {_MOST[name]}")
        object.__setattr__(self, "attempts", int(self.attempts))

    @classmethod
    def parse(cls, values: RemoteAccess | Mapping[str, Any] | None) -> RemoteAccess:
        """Return the access that a mapping of what differs from the defaults describes.

        Raises:
            UnknownNameError: There is no such setting.
            UsageError: A value is of another kind.
        """
        if isinstance(values, RemoteAccess):
            return values
        if not isinstance(values, Mapping | None):
            raise UsageError(f"remote={values!r}: needs a mapping", hint="remote={'allow_private_hosts': True}")
        known = [f.name for f in fields(cls)]
        for name in values or {}:
            if name not in known:
                raise UnknownNameError.among("setting of remote=", name, known)
        return cls(**(values or {}))


DEFAULT_ACCESS = RemoteAccess()
