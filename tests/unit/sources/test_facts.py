"""What servers say of files."""

from __future__ import annotations

from avmeter.files import Url
from avmeter.sample import RemoteAccess
from avmeter.sources.facts import RemoteFacts
from avmeter.sources.remote import remote_file


def test_nothing_is_assumed_of_a_server() -> None:
    """Without a word of it there is no size, no version, and no range."""
    assert RemoteFacts() == RemoteFacts(size=None, version=None, modified="", has_ranges=False)


def test_all_kinds_of_servers_offer_the_same() -> None:
    """The web and stores are read alike."""
    for url in ("https://h/a.wav", "memory://a.wav"):
        file = remote_file(Url(url), RemoteAccess())
        assert all(callable(getattr(file, name)) for name in ("facts", "read", "blocks"))
