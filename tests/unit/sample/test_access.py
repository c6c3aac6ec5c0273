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
