"""Questions with pictures to an endpoint that speaks OpenAI's chat completions: one request, one answer in JSON.

The endpoint is named in the environment, so it may be on this machine or its network, as servers of models are. Nothing
else of a request comes from outside but pictures and quoted texts, and what comes back is text that is checked by who
asked.

Source: the form of requests and answers: github.com/openai/openai-openapi, `/chat/completions`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlunsplit

from avmeter.errors import MediaError, SkipCode, SkipError
from avmeter.files import Url
from avmeter.runtime.environment import JudgeSettings, offline_variables
from avmeter.sample.access import RemoteAccess
from avmeter.sources.http_transport import Response, post, retry_after_s
from avmeter.sources.retrying import TransientError, retrying

PATIENCE = RemoteAccess(allow_private_hosts=True, timeout_s=180.0, attempts=4)
"""A model of many billions of parameters may think for minutes."""

_LARGEST_REPLY = 256 * 1024  # bytes of the whole answer of the server
_LONGEST_ANSWER = 2048  # tokens
_OF_ONE_QUESTION = frozenset({400, 413, 422})
_BUSY = frozenset({408, 409, 425, 429})
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_OWN_HEADERS = frozenset(
    {*map(str.lower, _HEADERS), "accept-encoding", "connection", "content-length", "host", "transfer-encoding"}
)
_HEADER = re.compile(r"([\w!#$%&'*+.^`|~-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)", re.ASCII)
_HINTS = {
    400: "the server refuses the request: does its model read pictures, and as many?",
    401: "AVMETER_JUDGE_KEY is not the key of this endpoint; one that wants it as `api-key`: AVMETER_JUDGE_HEADERS",
    403: "AVMETER_JUDGE_KEY has no access to this model",
    404: "AVMETER_JUDGE_URL ends where `/chat/completions` begins, often in `/v1`; the endpoint must know the model",
    413: "ask with fewer pictures: num_images=",
}
_AGAIN = "run again when the endpoint answers; with a feature store what was answered is not asked again"


class NoAnswerError(SkipError):
    """The endpoint answers nobody: silence, faults of the server, or a key or model that it does not know."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What was answered.

    Attributes:
        text: Of the model.
        model: Name under which the endpoint says that it was answered; "" if it does not.
    """

    text: str
    model: str


def ask(
    settings: JudgeSettings,
    *,
    model: str,
    instructions: str,
    question: str,
    images: Sequence[tuple[str, bytes]],
    access: RemoteAccess = PATIENCE,
) -> Reply:
    """Ask a model about pictures.

    Args:
        settings: Where it is asked.
        model: Its name at the endpoint.
        instructions: Message of the system.
        question: What is asked, after the pictures.
        images: What stands before each, and the image as JPEG.
        access: How patiently.

    Raises:
        SkipError: `dependency_missing`: no endpoint is named; `offline`; `refused_host`; `fetch_failed`: it does not
            answer, or refuses (`NoAnswerError` where it would refuse any question); `unusable_answer`: it answers with
            something else than a chat completion; `unsupported`: of the settings.
    """
    url, secrets = _url(settings), _secret_headers(settings)
    variable = next(iter(offline_variables()), None)
    if variable is not None:
        raise SkipError(
            SkipCode.OFFLINE,
            f"{url}: not asked, since {variable} forbids the network",
            hint=f"unset {variable}; answers that are in the feature store are used without it",
        )
    body = json.dumps(_request(model, instructions, question, images)).encode()
    try:
        return retrying(lambda: _ask_once(url, access, secrets, body), access, str(url))
    except MediaError as error:
        if error.code == SkipCode.FETCH_FAILED:
            raise NoAnswerError(error.code, error.message, hint=_AGAIN) from error
        raise SkipError(error.code, error.message, hint=error.hint) from error


def _url(settings: JudgeSettings) -> Url:
    if settings.url is None:
        raise SkipError(
            SkipCode.DEPENDENCY_MISSING,
            "no endpoint is named that could be asked about pictures",
            hint="set AVMETER_JUDGE_URL, such as http://localhost:8000/v1",
        )
    base = Url(settings.url)
    path = f"{base.parts.path.rstrip('/')}/chat/completions"
    url = Url(urlunsplit(base.parts._replace(path=path, fragment="")))  # its query stays: `?api-version=...`
    if url.scheme not in ("http", "https") or "@" in url.parts.netloc:
        raise SkipError(
            SkipCode.UNSUPPORTED,
            f"{url}: AVMETER_JUDGE_URL must be http or https, without a password in it",
            hint="a key goes into AVMETER_JUDGE_KEY",
        )
    return url


def _secret_headers(settings: JudgeSettings) -> dict[str, str]:
    """Return the headers by which an endpoint knows who asks.

    Raises:
        SkipError: A line is no header, or one that the request has of its own; what it says is not repeated.
    """
    found = {}
    lines = [line.strip() for line in settings.headers.splitlines()]
    for number, line in enumerate(lines, 1):
        match = _HEADER.fullmatch(line)
        if line and (match is None or match[1].lower() in _OWN_HEADERS):
            raise _unsupported(f"AVMETER_JUDGE_HEADERS: line {number} is no header that can be added")
        if match is not None:
            found[match[1]] = match[2]
    if settings.key and "authorization" not in map(str.lower, found):
        if _HEADER.fullmatch(f"key: {settings.key}") is None:
            raise _unsupported("AVMETER_JUDGE_KEY has characters that no key has")
        found["Authorization"] = f"Bearer {settings.key}"
    return found


def _unsupported(what: str) -> SkipError:
    return SkipError(
        SkipCode.UNSUPPORTED, what, hint="headers are lines NAME: VALUE of printable ASCII, such as `api-key: ...`"
    )


def _request(model: str, instructions: str, question: str, images: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for caption, image in images:
        data = base64.b64encode(image).decode()
        content.append({"type": "text", "text": caption})
        content.append({"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}})
    content.append({"type": "text", "text": question})
    return {
        "model": model,
        "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": content}],
        "temperature": 0,
        "max_tokens": _LONGEST_ANSWER,
        "response_format": {"type": "json_object"},
    }


def _ask_once(url: Url, access: RemoteAccess, secrets: dict[str, str], body: bytes) -> Reply:
    with post(url, access, _HEADERS, body, secrets=secrets) as response:
        if response.status in _BUSY or response.status >= 500:
            raise TransientError(f"status {response.status}", pause_s=retry_after_s(response.headers))
        if response.status != 200:
            kind = SkipError if response.status in _OF_ONE_QUESTION else NoAnswerError
            raise kind(
                SkipCode.FETCH_FAILED,
                f"{url}: the judge was not asked (status {response.status})",
                hint=_HINTS.get(response.status, "redirects are not followed; see what the server logs"),
            )
        return _reply(url, response)


def _reply(url: Url, response: Response) -> Reply:
    read = response.body.read(_LARGEST_REPLY + 1)
    if len(read) > _LARGEST_REPLY:
        raise _unusable(url, f"the answer has more than {_LARGEST_REPLY // 1024} KiB")
    try:
        answer = json.loads(read)
        choice = answer["choices"][0]
        text, ended = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _unusable(url, "the answer is no chat completion") from error
    if ended == "length":
        raise _unusable(url, f"the answer was cut off at {_LONGEST_ANSWER} tokens")
    if not isinstance(text, str):
        raise _unusable(url, "the answer has no text")
    name = answer.get("model")
    return Reply(text=text, model=name[:200] if isinstance(name, str) else "")


def _unusable(url: Url, what: str) -> SkipError:
    return SkipError(SkipCode.UNUSABLE_ANSWER, f"{url}: {what}", hint="ask another model: AVMETER_JUDGE_MODEL")
