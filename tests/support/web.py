"""A web server on this machine that serves files, and fails in ways that are asked for."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class WebServer:
    """Files by path, and how each is served.

    Attributes:
        files: Path -> bytes.
        faults: Path -> name of what goes wrong; see `_Handler`.
        requests: (path, value of the header Range) of every request, in order.
        has_ranges: Whether parts can be asked for.
        has_etags: Whether versions are told.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    has_ranges: bool = True
    has_etags: bool = True
    port: int = 0
    scheme: str = "http"

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"


@contextmanager
def listening(server: http.server.ThreadingHTTPServer) -> Iterator[int]:
    """Answer on a thread until the block ends; yields the port."""
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def web_server(files: dict[str, bytes] | None = None, *, certificate: Path | None = None) -> Iterator[WebServer]:
    """Serve files until the block ends; over TLS with a file of key and certificate."""
    state = WebServer(files=dict(files or {}))

    class Handler(_Handler):
        web = state

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        state.scheme = "https"
    with listening(server) as state.port:
        yield state


class _Handler(http.server.BaseHTTPRequestHandler):
    """Faults.

    `500`, `403` (any status), `500x2` (twice, then well), `stall`, `trickle`, `cut` (half of the body, then the
    connection ends), `cutx1`, `endless`, `gzip`, `long` (a Content-Length that is too large), `short` (one that is too
    small), `changed` (another version for every request).
    """

    web: WebServer

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        """Say what a store says of an object; faults are those of reading it."""
        data = self.web.files.get(self.path.partition("?")[0])
        if data is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.end_headers()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.web.requests.append((self.path, self.headers.get("Range", "")))
        self.web.headers.append(dict(self.headers))
        try:
            self._answer(path)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, path: str) -> None:
        fault = self._fault(path)
        if path in self.web.redirects:
            self.send_response(302)
            self.send_header("Location", self.web.redirects[path])
            self.end_headers()
        elif fault.isdecimal():
            self.send_error(int(fault))
        elif fault == "stall":
            time.sleep(5)
        elif path not in self.web.files:
            self.send_error(404)
        else:
            self._send(self.web.files[path], fault)

    def _fault(self, path: str) -> str:
        fault, _, times = self.web.faults.get(path, "").partition("x")
        if times:
            left = int(times) - 1
            self.web.faults[path] = f"{fault}x{left}" if left else ""
        return fault

    def _send(self, data: bytes, fault: str) -> None:
        size = len(data)
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        tag = hashlib.sha256(data + (str(len(self.web.requests)).encode() if fault == "changed" else b"")).hexdigest()
        if self.web.has_etags and self.headers.get("If-Match", f'"{tag}"') != f'"{tag}"':
            self.send_error(412)
            return
        if span is not None and self.web.has_ranges and fault not in ("gzip", "endless"):
            start, stop = int(span[1]), min(int(span[2]) + 1, size)
            if start >= size:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            data = data[start:stop]
        else:
            self.send_response(200)
        if fault == "gzip":
            data = gzip.compress(data)
            self.send_header("Content-Encoding", "gzip")
        if self.web.has_etags:
            self.send_header("ETag", f'"{tag}"')
        if fault != "endless":
            wrong = {"long": 100, "short": -100}.get(fault, 0)
            self.send_header("Content-Length", str(max(1, len(data) + wrong)))
        self.end_headers()
        self._send_body(data, fault)

    def _send_body(self, data: bytes, fault: str) -> None:
        if fault == "endless":
            while True:
                self.wfile.write(b"\0" * 65536)
        if fault == "cut" and len(data) > 1:
            data = data[: len(data) // 2]
            self.close_connection = True
        if fault == "trickle":
            for i in range(len(data)):
                self.wfile.write(data[i : i + 1])
                time.sleep(0.02)
            return
        self.wfile.write(data)


def write_certificate(path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody but itself has signed."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(encoding, form, none) + certificate.public_bytes(encoding))
    return path
