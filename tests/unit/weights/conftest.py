"""A small web server that can fail in scripted ways, and an environment without anything of the user's."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.web import listening

VARIABLES = ("AVMETER_WEIGHTS", "AVMETER_OFFLINE", "AVMETER_MIRROR", "HF_HUB_OFFLINE", "HF_TOKEN", "HF_ENDPOINT")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty caches; no variable of the developer's shell reaches a test."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache"


@dataclass
class Page:
    """What the server holds under a path, and how it misbehaves.

    `cut` lists after how many bytes of the body the connection breaks, one for each request; `status` lists answers
    to give first.
    """

    body: bytes
    etag: str | None = '"one"'
    cut: list[int] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    ranges: bool = True
    location: str | None = None
    silence_s: list[float] = field(default_factory=list)
    claim: int | None = None
    refuses_parts: bool = False
    is_endless: bool = False
    drop_bytes: int | None = None


@dataclass
class Server:
    """A web server on this machine."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, path: str, body: bytes, **traits: object) -> str:
        self.pages[path] = Page(body, **traits)  # type: ignore[arg-type]
        return self.url + path

    def asked(self, header: str) -> list[str | None]:
        return [headers.get(header) for _, headers in self.requests]


def _handler(server: Callable[[], Server]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            server().requests.append((path, dict(self.headers)))
            page = server().pages.get(path)
            self.close_connection = True
            if page is None:
                self.plain(404)
            elif page.status:
                self.plain(page.status.pop(0))
            elif page.location:
                self.plain(302, Location=page.location)
            else:
                self.serve(page)

        def plain(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def serve(self, page: Page) -> None:
            start = 0
            wanted = self.headers.get("Range")
            fresh = self.headers.get("If-Range") in (None, page.etag)
            if wanted and page.ranges and fresh:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(page.body) or page.refuses_parts:
                    return self.plain(416)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(page.body) - 1}/{len(page.body)}")
            else:
                self.send_response(200)
            if page.etag:
                self.send_header("ETag", page.etag)
            if not page.is_endless:
                self.send_header("Content-Length", str((page.claim or len(page.body)) - start))
            self.end_headers()
            with contextlib.suppress(OSError):
                while page.is_endless:
                    self.wfile.write(page.body)
                while page.drop_bytes and start < len(page.body):
                    self.wfile.write(page.body[start : (start := start + page.drop_bytes)])
                    time.sleep(0.01)
            end = start + page.cut.pop(0) if page.cut else len(page.body)
            try:
                self.wfile.write(page.body[start:end])
                self.wfile.flush()
                if page.silence_s:
                    time.sleep(page.silence_s.pop(0))
            except ConnectionError:
                pass
            return None

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server; requests are recorded."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: made))
    with listening(http) as port:
        made = Server(f"http://127.0.0.1:{port}")
        yield made
