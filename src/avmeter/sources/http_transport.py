"""One request over HTTP, all of whose parts are bounded in time: looking up, connecting, headers and body.

Redirects of a GET are followed here, so that every host on the way is judged (`addresses`); a POST goes nowhere else.
"""

from __future__ import annotations

import base64
import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from urllib.parse import quote, unquote, urljoin

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample.access import RemoteAccess
from avmeter.sources.addresses import connect, is_public
from avmeter.sources.retrying import TransientError, failed

_MOVED = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
_SLOWEST_BYTES_PER_S = 16 * 1024
_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._[]"
_RETRY_AFTER_S = 30.0  # a server that asks for more is asked again all the same


class Deadline:
    """When a request must have ended: some time, and what its bytes may take at the slowest rate.

    Args:
        grace_s: Seconds.
    """

    def __init__(self, grace_s: float) -> None:
        self._end = time.monotonic() + grace_s
        self._grace_s = grace_s

    def extend(self, num_bytes: int) -> None:
        """Allow the time that these bytes may take."""
        self._end += num_bytes / _SLOWEST_BYTES_PER_S

    @property
    def remaining_s(self) -> float:
        """Seconds for the next step.

        Raises:
            TimeoutError: None are left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"less than 16 KiB/s over {self._grace_s:g} s")
        return min(left, self._grace_s)


class _BoundedSocket(io.RawIOBase):
    """What `http.client` writes to and reads from; every step ends by the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.remaining_s)
        count = self._connection.recv_into(buffer)
        self._deadline.extend(count)
        return count

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._deadline.remaining_s)
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, 1 << 16)

    def close(self) -> None:
        """Stay open for the response; `get` closes the connection."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer.

    Attributes:
        status: Of HTTP, no redirect.
        headers: By name, in any case.
        body: Its bytes, as they are sent.
    """

    status: int
    headers: Mapping[str, str]
    body: http.client.HTTPResponse


@contextmanager
def get(url: Url, access: RemoteAccess, headers: Mapping[str, str]) -> Iterator[Response]:
    """Ask for a file, following redirects; the connection is closed on leaving.

    Raises:
        MediaError: `refused_host`; `fetch_failed` for what another try does not mend.
        TransientError: The connection, or the server, failed.
    """
    authorization = _authorization(url)
    origin = _parts(url)[:2]
    for _ in range(_MAX_REDIRECTS + 1):
        is_origin = _parts(url)[:2] == origin  # a password is for its host and port
        sent = {**headers, **(authorization if is_origin else {})}
        with _request(url, access, sent) as response:
            if response.status not in _MOVED:
                yield response
                return
            target = _joined(url, response.headers.get("Location", ""))
        if target.scheme not in _PORTS or (url.scheme == "https" and target.scheme == "http"):
            raise failed(str(url), f"it redirects to {target}, which is not followed")
        url = target
    raise failed(str(url), f"more than {_MAX_REDIRECTS} redirects")


@contextmanager
def post(
    url: Url, access: RemoteAccess, headers: Mapping[str, str], body: bytes, *, secrets: Mapping[str, str]
) -> Iterator[Response]:
    """Send a body, and pass on what is answered, redirects too: what was sent goes to no other host.

    Args:
        url: Where to.
        access: How patiently.
        headers: Of the body.
        body: What is sent.
        secrets: Further headers, which do not travel to the open internet in plain text.

    Raises:
        MediaError: `refused_host`, also for the sake of secrets; `fetch_failed` for what another try does not mend.
        TransientError: The connection, or the server, failed.
    """
    with _request(url, access, {**headers, **secrets}, body=body, is_secret=bool(secrets)) as response:
        yield response


@contextmanager
def _request(
    url: Url, access: RemoteAccess, headers: Mapping[str, str], *, body: bytes | None = None, is_secret: bool = False
) -> Iterator[Response]:
    host, port, target = _parts(url)
    connection: socket.socket | None = None
    try:
        deadline = Deadline(access.timeout_s)
        connection = _connected(url, host, port, access)
        if is_secret:
            _require_secrecy(url, connection)
        client = http.client.HTTPConnection(host, port)
        client.sock = _BoundedSocket(connection, deadline)
        method = "GET" if body is None else "POST"
        sent = {"Accept-Encoding": "identity", "User-Agent": "avmeter", **headers}
        client.request(method, target, body=body, headers=sent)
        answer = client.getresponse()
        yield Response(status=answer.status, headers=cast(Mapping[str, str], answer.headers), body=answer)
    except ssl.SSLCertVerificationError as error:
        raise failed(str(url), f"its certificate is not trusted: {error.verify_message}") from error
    except TimeoutError as error:
        slow = str(error) if "16 KiB" in str(error) else f"nothing came for {access.timeout_s:g} s"
        raise TransientError(slow) from error
    except socket.gaierror as error:
        raise TransientError(f"no address of {host} is known") from error
    except http.client.InvalidURL as error:
        raise failed(str(url), "it has characters that no URL has") from error
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(str(error) or type(error).__name__) from error
    finally:
        if connection is not None:
            connection.close()


def _parts(url: Url) -> tuple[str, int, str]:
    """Return host, port, and path with query of a web URL.

    Raises:
        MediaError: It has no host, or no valid one.
    """
    try:
        parts = url.parts
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port or _PORTS[url.scheme]
    except ValueError as error:
        raise failed(str(url), "no valid URL") from error
    if not host:
        raise failed(str(url), "the URL has no host")
    query = f"?{quote(parts.query, safe=_SAFE + '?')}" if parts.query else ""
    return host, port, quote(parts.path or "/", safe=_SAFE) + query


def _joined(url: Url, location: str) -> Url:
    try:
        return Url(urljoin(url.text, location))
    except ValueError as error:
        raise failed(str(url), "it redirects to no valid URL") from error


def _connected(url: Url, host: str, port: int, access: RemoteAccess) -> socket.socket:
    try:
        connection = connect(host, port, timeout_s=access.timeout_s, allow_private=access.allow_private_hosts)
    except MediaError as error:
        raise MediaError(error.code, f"{url}: {error.message}", hint=error.hint) from error
    if url.scheme == "http":
        return connection
    try:
        return _tls().wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def _require_secrecy(url: Url, connection: socket.socket) -> None:
    """Refuse to send a key in plain text to a host that is not of this machine or its network."""
    if url.scheme == "http" and is_public(str(connection.getpeername()[0])):
        raise MediaError(
            SkipCode.REFUSED_HOST, f"{url}: a key would be sent in plain text", hint="use the https address of the host"
        )


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _authorization(url: Url) -> dict[str, str]:
    user, separator, password = url.parts.netloc.rpartition("@")[0].partition(":")
    if not user and not separator:
        return {}
    pair = f"{unquote(user)}:{unquote(password)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how long a server asks to wait, seconds, up to half a minute; None if it does not say."""
    text = headers.get("Retry-After", "")
    return min(float(text), _RETRY_AFTER_S) if text.isdecimal() else None
