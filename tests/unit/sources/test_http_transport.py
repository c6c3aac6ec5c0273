"""One request: redirects, credentials, and the time it may take."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample import RemoteAccess
from avmeter.sources import http_transport
from avmeter.sources.http_transport import get
from avmeter.sources.retrying import TransientError
from support.web import web_server, write_certificate

LOCAL = RemoteAccess(allow_private_hosts=True)
HASTY = RemoteAccess(allow_private_hosts=True, timeout_s=0.4)


def body(url: str, access: RemoteAccess = LOCAL) -> bytes:
    with get(Url(url), access, {}) as response:
        return response.body.read()


def test_redirects_are_followed_with_their_query() -> None:
    """As stores redirect to where a file lies."""
    with web_server({"/b": b"there"}) as web:
        web.redirects = {"/a": "/b?x=1"}
        assert body(web.url("/a")) == b"there"


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/", "http://[::1]/", "http://0/"]
)
def test_redirect_to_a_private_address_is_refused(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public host must not lead to what only this machine can reach: each step is judged."""
    import avmeter.sources.addresses as addresses

    with web_server() as web:
        web.redirects = {"/a": target}
        monkeypatch.setattr(
            addresses, "is_public", lambda text: (text, web.port) == ("127.0.0.1", web.port) and first.pop()
        )
        first = [False, True]  # the server of this test counts as public, once
        with pytest.raises(MediaError, match="private or of this machine") as caught:
            body(web.url("/a"), RemoteAccess())
    assert caught.value.code is SkipCode.REFUSED_HOST


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://host/a", "gopher://host/", "//", "http://"])
def test_redirect_to_another_kind_of_url_is_refused(target: str) -> None:
    """Only the web is reached through the web."""
    with web_server() as web:
        web.redirects = {"/a": target}
        with pytest.raises(MediaError):
            body(web.url("/a"))


def test_redirects_in_a_circle_end() -> None:
    """After a few."""
    with web_server() as web:
        web.redirects = {"/a": "/b", "/b": "/a"}
        with pytest.raises(MediaError, match="more than 5 redirects"):
            body(web.url("/a"))


def test_password_goes_to_its_host_alone() -> None:
    """It is sent as such, and not to where that host redirects."""
    with web_server({"/b": b"x"}) as web:
        web.redirects = {"/a": f"http://localhost:{web.port}/b"}
        body(f"http://user:p%40ss@127.0.0.1:{web.port}/a")
        sent = [h.get("Authorization") for h in web.headers]
    assert sent == [f"Basic {base64.b64encode(b'user:p@ss').decode()}", None]


@pytest.mark.parametrize("fault", ["stall", "trickle"])
def test_server_that_stalls_is_given_up(fault: str) -> None:
    """Whether nothing comes, or a byte now and then."""
    with web_server({"/a": b"x" * 10000}) as web:
        web.faults = {"/a": fault}
        with pytest.raises(TransientError, match=r"nothing came for 0\.4 s|16 KiB"):
            body(web.url("/a"), HASTY)


@pytest.mark.parametrize(
    "url", ["http://", "http:///a", "http://h:x/", "http://[::x/a", "http://" + "a" * 300 + "/", "http://h:99999/"]
)
def test_url_that_is_none_is_an_error_like_any_other(url: str) -> None:
    """Nothing but an error that is known comes of it."""
    with pytest.raises((MediaError, TransientError)):
        body(url)


def test_control_characters_do_not_reach_the_request() -> None:
    """A line break in a URL starts no header."""
    with web_server({"/a": b"x"}) as web:
        with get(Url(web.url("/a\r\nX-Evil: 1")), LOCAL, {}):
            pass
        assert all("X-Evil" not in h for h in web.headers)


def test_certificate_that_is_trusted_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that shows another one is not read, and not asked again."""
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setattr(http_transport, "_tls", http_transport._tls.__wrapped__)
    with web_server({"/a": b"x" * 100_000}, certificate=certificate) as web:
        with pytest.raises(MediaError, match="its certificate is not trusted"):
            body(web.url("/a"))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert body(web.url("/a")) == b"x" * 100_000
        web.faults = {"/a": "trickle"}
        with pytest.raises(TransientError):
            body(web.url("/a"), HASTY)


def test_redirect_from_https_to_http_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for in secret does not come in the open."""
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setattr(http_transport, "_tls", http_transport._tls.__wrapped__)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with web_server(certificate=certificate) as web, web_server({"/a": b"x"}) as other:
        web.redirects = {"/a": other.url("/a")}
        with pytest.raises(MediaError, match="which is not followed"):
            body(web.url("/a"))
