"""Settings of what may be fetched."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.sample import RemoteAccess


def test_settings_of_wrong_kinds_are_refused() -> None:
    """A text for a truth value would allow what was to be forbidden."""
    with pytest.raises(UsageError, match="allow_private_hosts='no': needs True or False"):
        RemoteAccess.parse({"allow_private_hosts": "no"})
    with pytest.raises(UsageError, match="timeout_s=0: needs a number above 0"):
        RemoteAccess.parse({"timeout_s": 0})
    with pytest.raises(UnknownNameError, match="max_file_bytes"):
        RemoteAccess.parse({"max_file_byte": 1})


def test_defaults_hold_where_nothing_is_said() -> None:
    """Private hosts are refused."""
    assert RemoteAccess.parse(None) == RemoteAccess()
    assert not RemoteAccess().allow_private_hosts


@pytest.mark.parametrize("value", [float("inf"), 1.5, 10**6])
def test_tries_are_a_whole_number_that_can_be_waited_for(value: float) -> None:
    """Infinity was an error of Python, 1.5 was 1, and a million pauses that double overflow."""
    with pytest.raises(UsageError, match=r"attempts=.*: needs a whole number above 0, and at most 1000"):
        RemoteAccess.parse({"attempts": value})


@pytest.mark.parametrize("name", ["timeout_s", "pause_s"])
def test_waits_that_no_socket_takes_are_refused(name: str) -> None:
    """Before a connection is tried; a size may be infinite, and a day may be waited."""
    with pytest.raises(UsageError, match=f"{name}=inf: needs a number above 0, and at most 86400"):
        RemoteAccess.parse({name: float("inf")})
    assert RemoteAccess.parse({name: 86_400, "max_file_bytes": float("inf")})
