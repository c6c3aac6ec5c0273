"""Files behind http, from servers that serve well and ill."""

from __future__ import annotations

import dataclasses

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample import RemoteAccess
from avmeter.sources.retrying import TransientError
from avmeter.sources.web_file import WebFile
from support.web import WebServer, web_server

PATIENT = RemoteAccess(allow_private_hosts=True, attempts=3, pause_s=0.001)
HASTY = dataclasses.replace(PATIENT, timeout_s=0.8)
DATA = b"0123456789" * 500


def opened(web: WebServer, fault: str = "") -> WebFile:
    """The file, with patience where its server does not stall."""
    return WebFile(Url(web.url("/a")), HASTY if fault.startswith("stall") else PATIENT)


def test_ranges_of_one_version() -> None:
    """A server with versions is asked for parts."""
    with web_server({"/a": DATA}) as web:
        facts = opened(web).facts()
        assert (facts.size, facts.has_ranges) == (len(DATA), True)
        assert opened(web).read(10, 25, facts) == DATA[10:25]


@pytest.mark.parametrize(("ranges", "tags"), [(False, True), (True, False), (False, False)])
def test_server_without_ranges_or_versions_is_asked_for_the_whole(ranges: bool, tags: bool) -> None:
    """Parts of two versions must not be mixed."""
    with web_server({"/a": DATA}) as web:
        web.has_ranges, web.has_etags = ranges, tags
        assert not opened(web).facts().has_ranges
        assert b"".join(opened(web).blocks()) == DATA


def test_empty_file_has_no_bytes() -> None:
    """Its first byte cannot be sent, which is no failure."""
    with web_server({"/a": b""}) as web:
        assert opened(web).facts().size == 0


@pytest.mark.parametrize("fault", ["503x2", "429x2", "stallx1", "cutx2", "408x1"])
def test_failure_that_passes_is_tried_again(fault: str) -> None:
    """A server error, a stall or a broken connection costs time only."""
    with web_server({"/a": DATA}) as web:
        facts = opened(web).facts()
        web.faults = {"/a": fault}
        assert opened(web, fault).read(0, len(DATA), facts) == DATA


@pytest.mark.parametrize(
    ("fault", "code", "num_requests"),
    [
        ("500", SkipCode.FETCH_FAILED, 3),
        ("stall", SkipCode.FETCH_FAILED, 3),
        ("404", SkipCode.MISSING_FILE, 1),
        ("410", SkipCode.MISSING_FILE, 1),
        ("401", SkipCode.UNREADABLE, 1),
        ("403", SkipCode.UNREADABLE, 1),
        ("418", SkipCode.FETCH_FAILED, 1),
    ],
)
def test_failure_that_stays_is_named(fault: str, code: SkipCode, num_requests: int) -> None:
    """Only what may pass is asked for again."""
    with web_server({"/a": DATA}) as web:
        web.faults = {"/a": fault}
        with pytest.raises(MediaError) as caught:
            opened(web, fault).facts()
        assert caught.value.code is code
        assert len(web.requests) == num_requests


def test_file_replaced_between_ranges_is_an_error() -> None:
    """Not a mixture of both."""
    with web_server({"/a": DATA}) as web:
        facts = opened(web).facts()
        web.files["/a"] = DATA[::-1]
        with pytest.raises(MediaError) as caught:
            opened(web).read(0, 10, facts)
    assert caught.value.code is SkipCode.CHANGED_WHILE_READING


def test_body_packed_by_the_server_is_unpacked() -> None:
    """Nobody asked for it, but it happens; its ranges are not those of the file."""
    with web_server({"/a": DATA}) as web:
        web.faults = {"/a": "gzip"}
        assert not opened(web).facts().has_ranges
        assert b"".join(opened(web).blocks()) == DATA


@pytest.mark.parametrize("fault", ["cut", "long"])
def test_body_shorter_than_announced_is_no_file(fault: str) -> None:
    """Half a clip is not scored as if it were one."""
    with web_server({"/a": DATA}) as web:
        web.has_ranges = False
        web.faults = {"/a": fault}
        with pytest.raises(TransientError, match="the connection broke after"):
            b"".join(opened(web).blocks())
