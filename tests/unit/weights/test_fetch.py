"""Downloads against a server that breaks off, lies, redirects and disappears."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import subprocess
import sys
import textwrap
import threading
from http.client import HTTPMessage
from io import BytesIO
from pathlib import Path
from urllib.request import Request

import pytest

from avmeter.errors import WeightsError
from avmeter.runtime.environment import Settings
from avmeter.weights.catalog import Entry, File
from avmeter.weights.fetch import RetryPolicy, _Redirects, candidate_urls, fetch_file
from avmeter.weights.partial import UnusableError

BODY = b"\x80\x02" + random.Random(5).randbytes(299_998)  # fixed: test names are made of its hash
SHA256 = hashlib.sha256(BODY).hexdigest()
RETRY = RetryPolicy(timeout_s=30.0, attempts=3, pause_s=0.01)


def checkpoint(
    *urls: str, sha256: str | None = SHA256, size_bytes: int | None = len(BODY), format: str = "pickle"
) -> Entry:
    file = File(name="net.pth", format=format, urls=urls, sha256=sha256, size_bytes=size_bytes)
    return Entry(name="net", title="", code_licence="", weights_licence="", files=(file,))


def fetch(entry: Entry, progress=None, retry: RetryPolicy = RETRY) -> Path:
    return fetch_file(entry, entry.file(), Settings.read(), progress=progress, retry=retry)


def leftovers(cache: Path) -> list[str]:
    return sorted(p.name for p in (cache / "weights" / "net").iterdir() if not p.name.endswith(".lock"))


def test_file_arrives_verified_and_alone(server, cache) -> None:
    """The file lies under its name, and nothing temporary beside it."""
    path = fetch(checkpoint(server.put("/net.pth", BODY)))
    assert path == cache / "weights" / "net" / "net.pth"
    assert path.read_bytes() == BODY
    assert leftovers(cache) == ["net.pth"]


def test_second_call_asks_nobody(server) -> None:
    """What is here and right is reused."""
    entry = checkpoint(server.put("/net.pth", BODY))
    fetch(entry)
    fetch(entry)
    assert len(server.requests) == 1


def test_broken_connection_is_continued_where_it_broke(server) -> None:
    """Three breaks cost no byte twice: each request asks for the rest only, of the same version."""
    url = server.put("/net.pth", BODY, cut=[100_000, 50_000, 70_000])
    assert fetch(checkpoint(url)).read_bytes() == BODY
    assert server.asked("Range") == [None, "bytes=100000-", "bytes=150000-", "bytes=220000-"]
    assert server.asked("If-Range") == [None, '"one"', '"one"', '"one"']


def test_host_without_an_address_is_not_waited_for(monkeypatch) -> None:
    """Without a network a file is given up after two tries, not after all pauses."""
    asked = []

    def getaddrinfo(host, *_, **__):
        asked.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    with pytest.raises(WeightsError, match="Name or service not known"):
        fetch(checkpoint("https://models.invalid/net.pth"), retry=RetryPolicy(attempts=5, pause_s=0.01))
    assert asked == ["models.invalid"] * 2


def test_interrupted_download_is_continued_by_the_next_call(server, cache) -> None:
    """What arrived before a failure is kept for the next run."""
    url = server.put("/net.pth", BODY, cut=[100_000], status=[])
    page = server.pages["/net.pth"]

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(checkpoint(url), progress=interrupt)
    assert leftovers(cache) == [".net.pth.part", ".net.pth.part.json"]
    page.cut.clear()
    assert fetch(checkpoint(url)).read_bytes() == BODY
    assert server.asked("Range")[1] not in (None, "bytes=0-")


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_file_that_changed_on_the_server_is_fetched_afresh(server, sha256) -> None:
    """`If-Range` keeps halves of two versions apart, whether the hash is known or not."""
    other = os.urandom(len(BODY))
    url = server.put("/net.pth", other, etag='"old"', cut=[100_000])
    with pytest.raises(KeyboardInterrupt):
        fetch(checkpoint(url, sha256=sha256), progress=lambda done, total: (_ for _ in ()).throw(KeyboardInterrupt))
    server.put("/net.pth", BODY, etag='"new"')
    assert fetch(checkpoint(url, sha256=sha256)).read_bytes() == BODY


def test_server_without_ranges_sends_everything_again(server) -> None:
    """A full answer to a request for the rest replaces the part instead of being appended."""
    url = server.put("/net.pth", BODY, cut=[100_000], ranges=False)
    assert fetch(checkpoint(url)).read_bytes() == BODY
    assert server.asked("Range") == [None, "bytes=100000-"]


def test_unknown_file_without_validator_is_never_continued(server) -> None:
    """Without hash and without ETag nobody could tell whether two halves belong together."""
    url = server.put("/net.pth", BODY, cut=[100_000], etag=None)
    assert fetch(checkpoint(url, sha256=None, size_bytes=None)).read_bytes() == BODY
    assert server.asked("Range") == [None, None]


def test_known_file_is_completed_by_another_server(server) -> None:
    """A part of a file of known hash is not thrown away when its server disappears."""
    first = server.put("/a/net.pth", BODY, cut=[100_000], status=[])
    second = server.put("/b/net.pth", BODY)
    page = server.pages["/a/net.pth"]

    def vanish(done: int, total: int | None) -> None:
        page.status[:] = [404]

    assert fetch(checkpoint(first, second), progress=vanish).read_bytes() == BODY
    assert server.requests[-1][0] == "/b/net.pth"
    assert server.asked("Range")[-1] == "bytes=100000-"


def test_bad_part_is_replaced_once_from_the_start(server, cache) -> None:
    """A part that was damaged on disk does not make a good server look bad."""
    folder = cache / "weights" / "net"
    folder.mkdir(parents=True)
    (folder / ".net.pth.part").write_bytes(b"x" * 1000)
    assert fetch(checkpoint(server.put("/net.pth", BODY))).read_bytes() == BODY
    assert server.asked("Range") == ["bytes=1000-", None]


def test_part_as_long_as_the_file_is_dropped(server, cache) -> None:
    """HTTP 416 starts afresh."""
    folder = cache / "weights" / "net"
    folder.mkdir(parents=True)
    (folder / ".net.pth.part").write_bytes(b"x" * len(BODY))
    assert fetch(checkpoint(server.put("/net.pth", BODY))).read_bytes() == BODY


def test_wrong_file_is_refused_with_both_hashes(server, cache) -> None:
    """A file of another hash never gets its name; the message has both hashes and what to do."""
    other = BODY[:-1] + bytes([BODY[-1] ^ 1])
    with pytest.raises(WeightsError) as caught:
        fetch(checkpoint(server.put("/net.pth", other)))
    message = str(caught.value)
    assert SHA256 in message
    assert hashlib.sha256(other).hexdigest() in message
    assert "avmeter weights fetch net" in message
    assert "AVMETER_WEIGHTS" in message
    assert leftovers(cache) == []
    assert len(server.requests) == 1


def test_wrong_file_leads_to_the_next_url(server) -> None:
    """One damaged mirror does not matter."""
    bad = server.put("/bad", bytes(len(BODY)))
    assert fetch(checkpoint(bad, server.put("/good", BODY))).read_bytes() == BODY


def test_wrong_size_is_refused_before_the_body(server, cache) -> None:
    """A size that cannot be right is known from the headers."""
    seen = []
    with pytest.raises(WeightsError, match="300001 bytes instead of the 300000"):
        fetch(checkpoint(server.put("/net.pth", BODY + b"x")), progress=lambda *a: seen.append(a))
    assert seen == []


def test_absent_file_leads_to_the_mirror(server) -> None:
    """404 at the first address, the second serves."""
    path = fetch(checkpoint(server.url + "/gone", server.put("/net.pth", BODY)))
    assert path.read_bytes() == BODY
    assert [p for p, _ in server.requests] == ["/gone", "/net.pth"]


def test_every_reason_is_named(server) -> None:
    """The message tells what each address answered, without query strings."""
    denied = server.put("/denied", BODY, status=[401])
    with pytest.raises(WeightsError) as caught:
        fetch(checkpoint(server.url + "/gone?key=secret", denied, "ftp://example.org/net.pth"))
    message = str(caught.value)
    assert "/gone: HTTP 404" in message
    assert "/denied: HTTP 401" in message
    assert "HF_TOKEN" in message
    assert "ftp://example.org/net.pth: not an http" in message
    assert "secret" not in message


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_passing_server_error_is_tried_again(server, status) -> None:
    """Overload is waited out."""
    url = server.put("/net.pth", BODY, status=[status, status])
    assert fetch(checkpoint(url)).read_bytes() == BODY
    assert len(server.requests) == 3


def test_lasting_server_error_ends(server) -> None:
    """RetryPolicy is finite."""
    url = server.put("/net.pth", BODY, status=[503] * 50)
    with pytest.raises(WeightsError, match="HTTP 503"):
        fetch(checkpoint(url))
    assert len(server.requests) == RETRY.attempts


def test_silent_server_is_given_up_and_asked_again(server) -> None:
    """A connection on which nothing comes for `timeout_s` is dropped; what came before it stays."""
    url = server.put("/net.pth", BODY, cut=[100_000], silence_s=[4.0])
    assert fetch(checkpoint(url), retry=RetryPolicy(timeout_s=1.0, attempts=2, pause_s=0.01)).read_bytes() == BODY
    assert server.asked("Range") == [None, "bytes=100000-"]


def test_progress_grows_to_the_whole(server) -> None:
    """The caller hears bytes so far and bytes in all."""
    seen: list[tuple[int, int | None]] = []
    fetch(checkpoint(server.put("/net.pth", BODY)), progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (len(BODY), len(BODY))


def test_full_disk_is_noticed_before_the_download(server, monkeypatch) -> None:
    """No byte is written if the file cannot fit."""
    usage = type("Usage", (), {"free": 1 << 20})
    monkeypatch.setattr("avmeter.weights.fetch.shutil.disk_usage", lambda path: usage)
    with pytest.raises(WeightsError, match=r"(?s)1 MB free.*AVMETER_CACHE"):
        fetch(checkpoint(server.put("/net.pth", BODY)))


def test_redirect_to_another_scheme_is_refused(server) -> None:
    """A server cannot send us to local files."""
    for location in ("file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"):
        with pytest.raises(WeightsError, match="could not be fetched"):
            fetch(checkpoint(server.put("/net.pth", BODY, location=location)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://a/x", "http://a/x"),
        ("https://a/x", "ftp://a/x"),
        ("http://a/x", "ftp://a/x"),
        ("http://a/x", "data:,"),
    ],
)
def test_redirect_never_leaves_the_web_or_its_encryption(old, new) -> None:
    """Neither another scheme nor a step down from https is followed."""
    with pytest.raises(UnusableError, match="refused"):
        _Redirects().redirect_request(Request(old), BytesIO(), 302, "Found", HTTPMessage(), new)


def test_weak_etag_is_no_proof(server) -> None:
    """A weak ETag names no exact bytes: without a known hash the part is dropped."""
    url = server.put("/net.pth", BODY, cut=[100_000], etag='W/"one"')
    assert fetch(checkpoint(url, sha256=None, size_bytes=None)).read_bytes() == BODY
    assert server.asked("Range") == [None, None]


def test_redirect_is_followed_and_part_is_continued_through_it(server) -> None:
    """Hubs answer with a redirect to their store: resuming works through it."""
    server.put("/store/net.pth", BODY, cut=[100_000])
    url = server.put("/net.pth", b"", location=server.url + "/store/net.pth")
    assert fetch(checkpoint(url)).read_bytes() == BODY
    assert [h for (p, h) in zip(server.requests, server.asked("Range"), strict=True) if p[0] == "/store/net.pth"] == [
        None,
        "bytes=100000-",
    ]


def test_token_goes_to_the_hub_only(server, monkeypatch) -> None:
    """The token reaches the hub's host and no redirect target or other address."""
    other = server.url.replace("127.0.0.1", "localhost")
    server.put("/store", BODY)
    server.put("/o/r/resolve/rev/d/net.pth", b"", location=other + "/store")
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert fetch(checkpoint("hf://o/r@rev/d/net.pth")).read_bytes() == BODY
    assert [(p, h.get("Authorization")) for p, h in server.requests] == [
        ("/o/r/resolve/rev/d/net.pth", "Bearer hf_secret"),
        ("/store", None),
    ]
    assert "hf_secret" not in repr(Settings.read())


def test_token_stays_when_the_hub_redirects_within_itself(server, monkeypatch) -> None:
    """A renamed repository on the same host still gets the token."""
    server.put("/o/new/resolve/rev/net.pth", BODY)
    server.put("/o/r/resolve/rev/net.pth", b"", location="/o/new/resolve/rev/net.pth")
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(checkpoint("hf://o/r@rev/net.pth"))
    assert server.asked("Authorization") == ["Bearer hf_secret"] * 2


def test_mirror_comes_first(monkeypatch) -> None:
    """`AVMETER_MIRROR` is asked before the catalog's addresses, with the documented layout."""
    monkeypatch.setenv("AVMETER_MIRROR", "https://mirror.example/w/")
    entry = checkpoint("hf://o/r@rev/net.pth")
    assert candidate_urls(entry, entry.file(), Settings.read()) == [
        "https://mirror.example/w/net/net.pth",
        "https://huggingface.co/o/r/resolve/rev/net.pth",
    ]


@pytest.mark.parametrize("variable", ["AVMETER_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_asks_nobody_and_says_why(server, monkeypatch, variable) -> None:
    """Either variable forbids the network; the message names it."""
    monkeypatch.setenv(variable, "1")
    with pytest.raises(WeightsError, match=variable):
        fetch(checkpoint(server.put("/net.pth", BODY)))
    assert server.requests == []


def test_offline_set_to_zero_is_online(server, monkeypatch) -> None:
    """0 and the empty string mean no."""
    monkeypatch.setenv("AVMETER_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_OFFLINE", "")
    assert fetch(checkpoint(server.put("/net.pth", BODY))).exists()


def test_two_processes_download_once(server, cache) -> None:
    """The second process waits for the first and reuses its file."""
    url = server.put("/net.pth", BODY, cut=[100_000], silence_s=[0.5])
    program = textwrap.dedent(f"""
        from avmeter.weights.catalog import Entry, File
        from avmeter.weights.fetch import RetryPolicy, fetch_file
        from avmeter.runtime.environment import Settings
        file = File(name="net.pth", format="pickle", urls=({url!r},), sha256={SHA256!r}, size_bytes={len(BODY)})
        entry = Entry(name="net", title="", code_licence="", weights_licence="", files=(file,))
        print(fetch_file(entry, file, Settings.read(), retry=RetryPolicy(timeout_s=60, pause_s=0.01)))
    """)
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate(timeout=300)[0].strip() for process in running]
    assert printed == [str(cache / "weights" / "net" / "net.pth")] * 2
    assert server.asked("Range") == [None, "bytes=100000-"]


def test_two_threads_download_once(server) -> None:
    """The same holds within one process."""
    entry = checkpoint(server.put("/net.pth", BODY))
    threads = [threading.Thread(target=fetch, args=(entry,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(server.requests) == 1


def test_server_that_refuses_to_go_on_is_given_up(server, cache) -> None:
    """It breaks off at one place each time and answers 416 to the rest: that brings nothing, however often."""
    url = server.put("/net.pth", BODY, cut=[20_000] * 1000, refuses_parts=True)
    with pytest.raises(WeightsError, match=r"closed after 20000|HTTP 416"):
        fetch(checkpoint(url))
    assert len(server.requests) <= 2 * RETRY.attempts


def test_server_without_parts_that_always_breaks_off_is_given_up(server) -> None:
    """Shorter and longer beginnings of one file in turn are no progress."""
    url = server.put("/net.pth", BODY, cut=[20_000, 10_000] * 500, ranges=False)
    with pytest.raises(WeightsError, match="connection closed"):
        fetch(checkpoint(url))
    assert len(server.requests) <= 2 * RETRY.attempts


def test_drops_are_given_up(server) -> None:
    """Each request brings ten bytes: progress is bytes in a time, not parts."""
    url = server.put("/net.pth", BODY, cut=[10] * 100_000)
    with pytest.raises(WeightsError, match=r"bytes in \d+ s: given up"):
        fetch(checkpoint(url), retry=RetryPolicy(timeout_s=0.5, attempts=2, pause_s=0.001))


def test_drops_within_one_connection_are_given_up(server) -> None:
    """Silence that ends again and again is no progress either."""
    url = server.put("/net.pth", BODY, drop_bytes=10)
    with pytest.raises(WeightsError, match=r"bytes in \d+ s: given up"):
        fetch(checkpoint(url), retry=RetryPolicy(timeout_s=0.5, attempts=2, pause_s=0.001))


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_reserve_of_the_disk_stays_free_when_the_size_is_unknown(server, cache, monkeypatch, sha256) -> None:
    """An endless body is broken off while there is room, and nothing of it stays."""
    free = [100 << 20]

    def usage(path):
        free[0] -= 1 << 20
        return type("Usage", (), {"free": free[0]})

    monkeypatch.setattr("avmeter.weights.fetch.shutil.disk_usage", usage)
    url = server.put("/net.pth", BODY, is_endless=True)
    with pytest.raises(WeightsError, match=r"(?s)MB free.*reserve of 67 MB.*AVMETER_CACHE"):
        fetch(checkpoint(url, sha256=sha256, size_bytes=None))
    assert free[0] >= (64 << 20) - (2 << 20)
    assert leftovers(cache) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><title>Log in</title>", b"\n <html>", b"\x1f\x8b" + bytes(100), b"PK\x03\x04" + bytes(100)],
)
def test_page_in_place_of_a_checkpoint_is_refused(server, cache, body) -> None:
    """Where nobody knows the hash, what is no pickle is left at its server, and the next one is asked."""
    bad = server.put("/bad", body)
    entry = checkpoint(bad, sha256=None, size_bytes=None)
    with pytest.raises(WeightsError, match="serves a"):
        fetch(entry)
    assert leftovers(cache) == []
    assert fetch(checkpoint(bad, server.put("/good", BODY), sha256=None, size_bytes=None)).read_bytes() == BODY


def test_failed_download_says_what_stays_and_where(server, cache) -> None:
    """A part that can be continued is named with its size."""
    url = server.put("/net.pth", BODY, cut=[100_000] + [0] * 100)
    with pytest.raises(WeightsError, match=r"continues the 0\.1 MB in .*\.net\.pth\.part"):
        fetch(checkpoint(url))
    assert leftovers(cache) == [".net.pth.part", ".net.pth.part.json"]


def test_failed_download_that_cannot_be_continued_leaves_nothing(server, cache) -> None:
    """Without a hash and without an ETag the part would be thrown away by the next call."""
    url = server.put("/net.pth", BODY, cut=[100_000] * 100, etag=None)
    with pytest.raises(WeightsError) as caught:
        fetch(checkpoint(url, sha256=None, size_bytes=None))
    assert "continues" not in str(caught.value)
    assert leftovers(cache) == []


def test_body_beyond_its_size_leaves_nothing(server, cache) -> None:
    """More bytes than the catalog says are not kept for the next server."""
    url = server.put("/net.pth", BODY, is_endless=True)
    with pytest.raises(WeightsError, match="more than the 300000 bytes"):
        fetch(checkpoint(url))
    assert leftovers(cache) == []
