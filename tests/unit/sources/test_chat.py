"""Questions to an endpoint: one answer, or a skip that says why there is none."""

from __future__ import annotations

import base64
import dataclasses
import json

import pytest

import avmeter.sources.http_transport as http_transport
from avmeter.errors import SkipCode, SkipError
from avmeter.runtime.environment import JudgeSettings, judge_settings
from avmeter.sample import RemoteAccess
from avmeter.sources.chat import PATIENCE, NoAnswerError, Reply, ask
from support.judge import MODEL, judge_server

TWICE = dataclasses.replace(PATIENCE, attempts=2, pause_s=0.01)
HASTY = dataclasses.replace(TWICE, timeout_s=0.8)


def asked(settings: JudgeSettings | None = None, *, access: RemoteAccess = TWICE) -> Reply:
    return ask(
        settings or judge_settings(),
        model=MODEL,
        instructions="be good",
        question="what?",
        images=[("first:", b"\xff\xd8jpeg")],
        access=access,
    )


def refusal(settings: JudgeSettings | None = None, *, access: RemoteAccess = TWICE) -> SkipError:
    with pytest.raises(SkipError) as caught:
        asked(settings, access=access)
    return caught.value


def test_answer_comes_with_the_name_of_who_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request has model, images, question and key; the key is shown nowhere."""
    with judge_server(lambda _: "a dog") as judge:
        judge.use(monkeypatch, key="secret")
        assert asked() == Reply(text="a dog", model=f"{MODEL}-0711")
    (body,), (headers,) = judge.asked, judge.headers
    assert (body["path"], body["model"], body["temperature"]) == ("/v1/chat/completions", MODEL, 0)
    system, user = body["messages"]
    assert system == {"role": "system", "content": "be good"}
    caption, image, question = user["content"]
    assert (caption["text"], question["text"]) == ("first:", "what?")
    assert base64.b64decode(image["image_url"]["url"].partition("base64,")[2]) == b"\xff\xd8jpeg"
    assert headers["Authorization"] == "Bearer secret"
    assert "secret" not in repr(judge_settings())


@pytest.mark.parametrize(
    ("key", "headers", "sent"),
    [
        (None, "api-key: secret one", {"api-key": "secret one"}),
        (" secret\n", "\n x-a:secret;=\r\n\r\n  X_b:\tsecret  \n",
         {"x-a": "secret;=", "X_b": "secret", "Authorization": "Bearer secret"}),
        ("secret", "authorization: Basic other", {"authorization": "Basic other"}),
    ],
)  # fmt: skip
def test_endpoint_gets_the_headers_that_the_environment_has_for_it(
    key: str | None, headers: str, sent: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the key or in its place; they are shown nowhere, neither here nor where the endpoint refuses."""
    with judge_server(lambda _: "yes") as judge:
        judge.use(monkeypatch, key=key, headers=headers)
        assert asked().text == "yes"
        judge.faults = ["401"]
        error = refusal()
    names = {"authorization", *map(str.lower, sent)}
    assert {k: v for k, v in judge.headers[0].items() if k.lower() in names} == sent
    assert "secret" not in f"{judge_settings()!r} {error} {error.hint} {error.__cause__!r}"


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        ("secret\nHost: elsewhere", ""),
        ("secret\u2013", ""),
        (None, "secret"),
        (None, "api-key: a\nsecret"),
        (None, "api-key: secret\u2013"),
        (None, "api key: secret"),
        (None, "api-key: \x1bsecret"),
        (None, "api-key:"),
        (None, "Host: secret"),
        (None, "content-length: 3"),
    ],
)
def test_header_that_is_none_is_a_skip(key: str | None, headers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent, and what it says is not repeated."""
    with judge_server() as judge:
        judge.use(monkeypatch, key=key, headers=headers)
        error = refusal()
    assert (error.code, judge.asked) == (SkipCode.UNSUPPORTED, [])
    assert "AVMETER_JUDGE" in error.message
    assert "secret" not in f"{error} {error.hint} {error.__cause__!r} {error.__context__!r}"


@pytest.mark.parametrize(
    ("end", "asked_for"),
    [
        ("", ""),
        ("/", ""),
        ("?api-version=2024-10-21", "?api-version=2024-10-21"),
        ("/?api-version=2024-10-21&a=b/", "?api-version=2024-10-21&a=b/"),
        ("#part", ""),
    ],
)
def test_path_is_joined_before_a_query(end: str, asked_for: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which goes along as it is: some endpoints want their version there."""
    with judge_server(lambda _: "yes") as judge:
        judge.use(monkeypatch)
        monkeypatch.setenv("AVMETER_JUDGE_URL", judge.url + end)
        assert asked().text == "yes"
    assert judge.asked[0]["path"] == f"/v1/chat/completions{asked_for}"


@pytest.mark.parametrize("fault", ["429", "500", "stall"])
def test_server_that_is_busy_or_fails_is_asked_again(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once is mended, more often is a skip."""
    with judge_server(lambda _: "yes") as judge:
        judge.use(monkeypatch)
        judge.faults = [fault]
        access = HASTY if fault == "stall" else TWICE
        assert asked(access=access).text == "yes"
        judge.faults = [fault] * 2
        error = refusal(access=access)
    assert error.code is SkipCode.FETCH_FAILED
    assert "tried 2 times" in error.message
    assert isinstance(error, NoAnswerError)


@pytest.mark.parametrize(
    ("status", "hint"), [("401", "AVMETER_JUDGE_KEY"), ("404", "/v1"), ("307", "redirects"), ("413", "fewer")]
)
def test_refusal_is_not_asked_again(status: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a question, with images and key, go where a redirect says."""
    with judge_server() as judge:
        judge.use(monkeypatch, key="secret")
        judge.faults = [status]
        error = refusal()
    assert len(judge.asked) == 1
    assert error.code is SkipCode.FETCH_FAILED
    assert status in error.message
    assert hint in error.hint
    assert "secret" not in str(error)
    assert isinstance(error, NoAnswerError) is (status != "413")  # which is about the pictures of one clip


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "no chat completion"),
        (b"<html>", "no chat completion"),
        (b"[" * 100_000, "no chat completion"),
        (b'{"choices": []}', "no chat completion"),
        (b'{"choices": [{"message": {"content": null}}]}', "no text"),
        (b'{"choices": [{"message": {"content": "half"}, "finish_reason": "length"}]}', "cut off"),
        (json.dumps({"choices": [{"message": {"content": "x" * 300_000}}]}).encode(), "more than 256 KiB"),
    ],
)
def test_answer_that_is_none_is_a_skip(answer: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any kind and size."""
    with judge_server(lambda _: answer) as judge:
        judge.use(monkeypatch)
        error = refusal()
    assert error.code is SkipCode.UNUSABLE_ANSWER
    assert why in error.message


@pytest.mark.parametrize("variable", ["AVMETER_OFFLINE", "HF_HUB_OFFLINE"])
def test_nobody_is_asked_where_the_network_is_forbidden(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even an endpoint on this machine."""
    with judge_server() as judge:
        judge.use(monkeypatch)
        monkeypatch.setenv(variable, "1")
        error = refusal()
    assert (error.code, judge.asked) == (SkipCode.OFFLINE, [])
    assert variable in error.message


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, SkipCode.DEPENDENCY_MISSING),
        ("file:///etc", SkipCode.UNSUPPORTED),
        ("http://me:secret@localhost/v1", SkipCode.UNSUPPORTED),
        ("localhost", SkipCode.UNSUPPORTED),
        ("http://", SkipCode.FETCH_FAILED),
        ("http://[::1/v1?key=secret", SkipCode.FETCH_FAILED),
    ],
)
def test_address_that_is_none_is_a_skip(url: str | None, code: SkipCode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords in it are refused, and not repeated."""
    monkeypatch.delenv("AVMETER_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    error = refusal(JudgeSettings(url=url, model=MODEL))
    assert error.code is code
    assert "secret" not in str(error)


@pytest.mark.parametrize("secret", [{"key": "secret"}, {"headers": "api-key: secret"}])
def test_key_does_not_travel_in_plain_text_to_the_open_internet(
    secret: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do other headers. To this machine and its network they may."""
    monkeypatch.setattr(http_transport, "is_public", lambda _: True)
    with judge_server(lambda _: "yes") as judge:
        judge.use(monkeypatch, **secret)
        assert refusal().code is SkipCode.REFUSED_HOST
        assert judge.asked == []
        judge.use(monkeypatch)
        assert asked().text == "yes"
