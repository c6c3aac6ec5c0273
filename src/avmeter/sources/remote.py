"""A file behind a URL: in ranges where its server has them, else as a copy on this disk."""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache

from avmeter.errors import MediaError, SkipCode
from avmeter.files import SCHEMES, Url
from avmeter.runtime.environment import offline_variables
from avmeter.sample.access import RemoteAccess
from avmeter.sources.cache import cached_copy, check_size
from avmeter.sources.content import Blocks, Content
from avmeter.sources.facts import RemoteFacts, RemoteFile
from avmeter.sources.object_store import StoreFile
from avmeter.sources.web_file import WebFile

_ASKED_AGAIN_S = 5.0


def require_network(url: Url) -> None:
    """Make sure that a URL may be asked for, before anything is looked up.

    Raises:
        MediaError: `offline`: a variable forbids the network; `unsupported` scheme, or credentials in it.
    """
    if url.scheme not in SCHEMES:
        raise MediaError(
            SkipCode.UNSUPPORTED, f"{url}: {url.scheme} URLs are not read", hint=f"read are {', '.join(SCHEMES)}"
        )
    if not url.is_web and ":" in url.path.partition("/")[0]:
        raise MediaError(
            SkipCode.UNSUPPORTED,
            f"{url}: credentials in the URL of a store are not read",
            hint="put them where its package looks for them, such as AWS_PROFILE or AWS_ACCESS_KEY_ID",
        )
    variable = next(iter(offline_variables()), None)
    if variable is not None and url.scheme != "memory":
        raise MediaError(
            SkipCode.OFFLINE,
            f"{url}: not fetched, since {variable} forbids the network",
            hint=f"unset {variable}, or give files of this machine",
        )


def remote_file(url: Url, access: RemoteAccess) -> RemoteFile:
    """Return the file behind a URL; nothing is fetched yet.

    Raises:
        MediaError: As `require_network`; `dependency_missing`: the package of its store is not installed.
    """
    require_network(url)
    return WebFile(url, access) if url.is_web else StoreFile(url, access)


def open_remote(url: Url, access: RemoteAccess, *, is_sparse: bool = False) -> Content:
    """Open the file behind a URL.

    Args:
        url: Of the file.
        access: Limits.
        is_sparse: Only small parts of it will be read.

    Raises:
        MediaError: It cannot be had; the code says why.
    """
    file = remote_file(url, access)
    facts = file.facts()
    check_size(url, facts.size or 0, access)
    return _content(url, file, facts, access, first_blocks=1 if is_sparse else 4)


def remote_key(url: Url, access: RemoteAccess) -> str:
    """Return the key of a file's content: of URL, version and size where its server has versions, else of its bytes.

    The same file under another URL has another key then; credentials and signatures are not a part of the URL.

    Raises:
        MediaError: As `open_remote`.
    """
    file = remote_file(url, access)
    facts = file.facts()
    check_size(url, facts.size or 0, access)
    if facts.version is not None and facts.size is not None:
        return hashlib.sha256(f"url\0{url.identity}\0{facts.version}\0{facts.size}".encode()).hexdigest()
    content = _content(url, file, facts, access, first_blocks=4)
    try:
        return hash_of(content)
    finally:
        content.close()


def recent_key(url: Url, access: RemoteAccess) -> str:
    """Return the key of a file as it was some seconds ago at most: that of a shard is asked for by all its members.

    Raises:
        MediaError: As `open_remote`.
    """
    return _recent_key(url, access, int(time.monotonic() / _ASKED_AGAIN_S))


@lru_cache(maxsize=64)
def _recent_key(url: Url, access: RemoteAccess, _moment: int) -> str:
    return remote_key(url, access)


def hash_of(content: Content) -> str:
    """Return the SHA-256 of a file's bytes, hex."""
    digest = hashlib.sha256()
    for start in range(0, content.size, 1 << 20):
        digest.update(content.read(start, start + (1 << 20)))
    return digest.hexdigest()


def fetch(url: Url, access: RemoteAccess, *, max_bytes: int) -> bytes:
    """Return a whole file of moderate size, such as a table.

    Raises:
        MediaError: As `open_remote`; `over_limit` if it is larger.
    """
    content = open_remote(url, access)
    try:
        if content.size > max_bytes:
            raise MediaError(
                SkipCode.OVER_LIMIT,
                f"{url}: a table of {content.size} bytes; at most {max_bytes} are read",
                hint="fetch it, and read it from this disk, or cut it into several",
            )
        return content.read(0, content.size)
    finally:
        content.close()


def _content(url: Url, file: RemoteFile, facts: RemoteFacts, access: RemoteAccess, *, first_blocks: int) -> Content:
    if not facts.has_ranges or facts.size is None:
        return cached_copy(url, file, facts, access)
    blocks = Blocks(lambda start, stop: file.read(start, stop, facts), size=facts.size, first_blocks=first_blocks)
    return Content(blocks.read, size=facts.size, name=str(url))
