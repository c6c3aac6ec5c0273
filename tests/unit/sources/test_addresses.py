"""Which addresses are connected to."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.sources.addresses import connect, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "no address",
    ],
)  # fmt: skip
def test_addresses_of_this_machine_and_its_network_are_not_public(address: str) -> None:
    """In whatever form they come, also inside of others."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """They are what URLs are for."""
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]".strip("[]")])
def test_no_way_of_writing_this_machine_is_connected_to(host: str) -> None:
    """What a name leads to is judged, not how it is written."""
    with pytest.raises(MediaError, match="private or of this machine") as caught:
        connect(host, 1, timeout_s=1, allow_private=False)
    assert caught.value.code is SkipCode.REFUSED_HOST


def test_name_that_changes_its_address_is_connected_to_where_it_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked up once; a second answer, to a private address, is never asked for."""
    answers = iter(["8.8.8.8", "127.0.0.1"])
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    class Recorder(socket.socket):
        def connect(self, address: Any) -> None:
            connected.append(address[0])

    connected: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "socket", Recorder)
    connect("rebinding.example", 80, timeout_s=1, allow_private=False).close()
    assert (asked, connected) == (["rebinding.example"], ["8.8.8.8"])


def test_private_addresses_among_public_ones_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with both is connected to at its public address only, though the other comes first."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 80)) for a in ("10.0.0.1", "8.8.8.8")]
    connected: list[str] = []

    class Recorder(socket.socket):
        def connect(self, address: Any) -> None:
            connected.append(address[0])

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "socket", Recorder)
    connect("both.example", 80, timeout_s=1, allow_private=False).close()
    assert connected == ["8.8.8.8"]
