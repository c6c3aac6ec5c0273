"""Protocols: the published harnesses whose numbers avmeter meets, by name, each decided once.

A protocol fixes how a clip is cut, resampled and scaled before a network sees it; the page `docs/protocols.md` says
where the two differ.
"""

from __future__ import annotations

from avmeter.errors import UnknownNameError

FASTVIDEO = "fastvideo"
AV_BENCHMARK = "av-benchmark"
PROTOCOLS = (FASTVIDEO, AV_BENCHMARK)

AV_BENCHMARK_DURATION_S = 8.0
"""Length of the clips that av-benchmark scores, seconds: it reads the first so much of every clip."""


def check_protocol(name: str) -> str:
    """Return `name` if it is one of `PROTOCOLS`.

    Raises:
        UnknownNameError: It is not.
    """
    if name not in PROTOCOLS:
        raise UnknownNameError.among("protocol", name, PROTOCOLS)
    return name
