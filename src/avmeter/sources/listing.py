"""Folders behind URLs: what is below a prefix of an object store."""

from __future__ import annotations

from avmeter.files import Url
from avmeter.sample.access import RemoteAccess
from avmeter.sources.object_store import ObjectStore
from avmeter.sources.remote import require_network


def is_remote_folder(url: Url, access: RemoteAccess) -> bool:
    """Return whether a URL names a prefix with objects below it; web addresses name none.

    Raises:
        MediaError: The store does not answer, denies access, or the network may not be used.
    """
    if url.is_web:
        return False
    require_network(url)
    return ObjectStore(url, access).is_folder()


def list_remote(url: Url, access: RemoteAccess) -> list[str]:
    """Return the paths of all objects below a prefix, relative to it.

    Raises:
        MediaError: As `is_remote_folder`.
    """
    require_network(url)
    return ObjectStore(url, access).names()
