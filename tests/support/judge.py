"""An endpoint on this machine that speaks chat completions, and answers, or fails, as a test asks it to."""

from __future__ import annotations

import http.server
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from support.web import listening

MODEL = "made-up-vl"


@dataclass
class JudgeServer:
    """What is answered, and what was asked.

    Attributes:
        answer: Question -> text of the model, or a whole answer of the server as bytes.
        faults: What goes wrong with the next requests, in turn: a status, "stall", or "".
        asked: The bodies of all requests, in order.
        headers: Of all requests.
        port: Where it listens.
    """

    answer: Callable[[str], str | bytes] = lambda _: "{}"
    faults: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """What AVMETER_JUDGE_URL would be."""
        return f"http://127.0.0.1:{self.port}/v1"

    def use(self, monkeypatch: pytest.MonkeyPatch, *, key: str | None = None, headers: str | None = None) -> None:
        """Name it in the environment."""
        for name in ("AVMETER_OFFLINE", "HF_HUB_OFFLINE", "AVMETER_JUDGE_KEY", "AVMETER_JUDGE_HEADERS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AVMETER_JUDGE_URL", self.url)
        monkeypatch.setenv("AVMETER_JUDGE_MODEL", MODEL)
        if key is not None:
            monkeypatch.setenv("AVMETER_JUDGE_KEY", key)
        if headers is not None:
            monkeypatch.setenv("AVMETER_JUDGE_HEADERS", headers)


@contextmanager
def judge_server(answer: Callable[[str], str | bytes] | None = None) -> Iterator[JudgeServer]:
    """Answer until the block ends."""
    state = JudgeServer() if answer is None else JudgeServer(answer=answer)

    class Handler(_Handler):
        judge = state

    with listening(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as state.port:
        yield state


class _Handler(http.server.BaseHTTPRequestHandler):
    judge: JudgeServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.judge.asked.append({"path": self.path, **body})
        self.judge.headers.append(dict(self.headers))
        fault = self.judge.faults.pop(0) if self.judge.faults else ""
        if fault == "stall":
            time.sleep(1)
            return
        if fault:
            self.send_response(int(fault))
            self.send_header("Retry-After", "0")
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            return
        answer = self.judge.answer(body["messages"][1]["content"][-1]["text"])
        if isinstance(answer, str):
            message = {"role": "assistant", "content": answer}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            answer = json.dumps({"model": f"{MODEL}-0711", "choices": choices}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def answered(answer: Any) -> FeatureSet:
    """What a metric of clips gets."""
    facts = {
        "answer": answer,
        "model": MODEL,
        "answered_by": "",
        "prompt_version": "1",
        "times_s": [0.0],
        "num_frames": 9,
    }
    return FeatureSet({"judge": Features(facts=facts)})


def decided(rng: np.random.Generator) -> Features:
    """A verdict about two clips."""
    verdict = str(rng.choice(["generated", "reference"]))
    facts = {"verdict": verdict, "by_order": [verdict] * 2, "orders_disagree": False}
    return Features(facts={**facts, "model": MODEL, "answered_by": MODEL, "prompt_version": "1"})
