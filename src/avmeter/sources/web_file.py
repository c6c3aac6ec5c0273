"""A file behind http or https."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample.access import RemoteAccess
from avmeter.sources.facts import RemoteFacts
from avmeter.sources.http_transport import Response, get, retry_after_s
from avmeter.sources.retrying import TransientError, failed, retrying

_BLOCK = 1 << 16
_TRANSIENT = frozenset({408, 425, 429})
_DENIED = frozenset({401, 402, 403, 407, 451})
_ABSENT = frozenset({404, 410})
_RANGE = re.compile(r"bytes\s+(?:(\d+)-(\d+)|\*)/(\d+|\*)")


class WebFile:
    """A file behind http or https; see `RemoteFile`.

    What it is is found by asking for its first byte: links that are signed admit no other method than GET.

    Args:
        url: Of the file.
        access: Limits.
    """

    def __init__(self, url: Url, access: RemoteAccess) -> None:
        self._url = url
        self._access = access

    def facts(self) -> RemoteFacts:
        """Ask what the file is."""
        return retrying(self._ask, self._access, str(self._url))

    def read(self, start: int, stop: int, facts: RemoteFacts) -> bytes:
        """Fetch a range."""
        return retrying(lambda: self._range(start, stop, facts), self._access, str(self._url))

    def blocks(self) -> Iterator[bytes]:
        """Fetch the whole file; a body that the server compressed is unpacked."""
        with get(self._url, self._access, {}) as response:
            self._check(response)
            if response.status != 200:
                raise failed(str(self._url), f"status {response.status}")
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            if encoding in ("", "identity"):
                yield from self._body(response)
            elif encoding in ("gzip", "x-gzip", "deflate"):
                yield from _unpacked(self._body(response))
            else:
                raise failed(str(self._url), f"it is encoded as {encoding}")

    def _ask(self) -> RemoteFacts:
        with get(self._url, self._access, {"Range": "bytes=0-0"}) as response:
            headers = response.headers
            version = _strong(headers.get("ETag", ""))
            modified = headers.get("Last-Modified", "")
            found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
            if response.status == 416 and found is not None and found[3] == "0":
                return RemoteFacts(size=0, version=version, modified=modified)
            self._check(response)
            is_plain = headers.get("Content-Encoding", "identity").lower() in ("", "identity")
            if response.status == 206 and found is not None and found[3] != "*" and is_plain:
                return RemoteFacts(
                    size=int(found[3]), version=version, modified=modified, has_ranges=version is not None
                )
            length = headers.get("Content-Length", "")
            is_whole = response.status == 200 and is_plain and length.isdecimal()
            return RemoteFacts(size=int(length) if is_whole else None, version=version, modified=modified)

    def _range(self, start: int, stop: int, facts: RemoteFacts) -> bytes:
        headers = {"Range": f"bytes={start}-{stop - 1}", "If-Match": f'"{facts.version}"'}
        with get(self._url, self._access, headers) as response:
            if response.status == 412:
                raise self._changed()
            self._check(response)
            found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
            if response.status != 206 or found is None or found[1] != str(start):
                raise TransientError(f"the server sent another part than the one asked for (status {response.status})")
            version = _strong(response.headers.get("ETag", ""))
            if found[3] not in ("*", str(facts.size)) or version not in (None, facts.version):
                raise self._changed()
            data = response.body.read(stop - start)
        if len(data) != stop - start:
            raise TransientError(f"the connection broke after {len(data)} of {stop - start} bytes")
        return data

    def _body(self, response: Response) -> Iterator[bytes]:
        length = response.headers.get("Content-Length", "")
        count = 0
        while data := response.body.read(_BLOCK):
            count += len(data)
            yield data
        if length.isdecimal() and count != int(length):
            raise TransientError(f"the connection broke after {count} of {length} bytes")

    def _check(self, response: Response) -> None:
        """Raise what a status of failure means."""
        status = response.status
        if status in _ABSENT:
            raise MediaError(
                SkipCode.MISSING_FILE, f"{self._url}: no such file (status {status})", hint="check the URL"
            )
        if status in _DENIED:
            raise MediaError(
                SkipCode.UNREADABLE,
                f"{self._url}: access is denied (status {status})",
                hint="check the credentials; a signed URL may have expired",
            )
        if status in _TRANSIENT or status >= 500:
            raise TransientError(f"status {status}", pause_s=retry_after_s(response.headers))
        if status not in (200, 206):
            raise failed(str(self._url), f"status {status}")

    def _changed(self) -> MediaError:
        return MediaError(
            SkipCode.CHANGED_WHILE_READING,
            f"{self._url}: the file was replaced while it was read",
            hint="score clips that nobody writes any more, or give every clip a name of its own",
        )


def _strong(tag: str) -> str | None:
    """Return an ETag without its quotation marks; None for a weak one, which other bytes may share, or none."""
    tag = tag.strip()
    return tag[1:-1] if len(tag) > 2 and tag[0] == tag[-1] == '"' else None


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip or deflate packed, in pieces of bounded size."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        for block in blocks:
            rest = block
            while rest:
                yield unpacker.decompress(rest, _BLOCK)
                rest = unpacker.unconsumed_tail
    except zlib.error as error:
        raise TransientError(f"the compressed body is damaged: {error}") from error
    if not unpacker.eof:
        raise TransientError("the compressed body broke off")
