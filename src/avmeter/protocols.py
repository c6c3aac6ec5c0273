"""Protocols: the published harnesses whose numbers avmeter meets, by name, each decided once.

A protocol fixes how a clip is cut, resampled and scaled before a network sees it; the page `docs/protocols.md` says
where the two differ. "av-benchmark" reads the first 8 s of a clip, "av-benchmark@10s" the first 10 s, as its
programs do with `--audio_length=10`.
"""

from __future__ import annotations

import math

from avmeter.errors import UnknownNameError, UsageError

FASTVIDEO = "fastvideo"
AV_BENCHMARK = "av-benchmark"
PROTOCOLS = (FASTVIDEO, AV_BENCHMARK)

AV_BENCHMARK_LENGTH_S = 8.0
"""How much of every clip av-benchmark reads by default, seconds from its beginning."""


def check_protocol(protocol: str) -> str:
    """Return `protocol` as it is written everywhere: "av-benchmark@8" and "av-benchmark@10" as "av-benchmark" and
    "av-benchmark@10s".

    Raises:
        UnknownNameError: It is none of `PROTOCOLS`.
        UsageError: The length behind its name is no number of seconds, or its harness reads clips whole.
    """
    name, has_length, length = str(protocol).partition("@")
    if name not in PROTOCOLS:
        raise UnknownNameError.among("protocol", name, PROTOCOLS)
    if not has_length:
        return name
    hint = f"`{AV_BENCHMARK}@10s` reads the first 10 s"
    if name != AV_BENCHMARK:
        raise UsageError(f"protocol `{protocol}`: {name} reads clips whole", hint=hint)
    try:
        length_s = float(length.removesuffix("s"))
    except ValueError:
        length_s = math.nan
    if not (length_s > 0 and math.isfinite(length_s)):
        raise UsageError(f"protocol `{protocol}`: `{length}` is no number of seconds", hint=hint)
    return name if length_s == AV_BENCHMARK_LENGTH_S else f"{name}@{str(length_s).removesuffix('.0')}s"


def harness_of(protocol: str) -> str:
    """Return the one of `PROTOCOLS` that a checked protocol names, whatever length it reads."""
    return protocol.partition("@")[0]


def read_length_s(protocol: str) -> float | None:
    """Return how many seconds of a clip, from its beginning, a checked protocol reads; None for all."""
    name, has_length, length = protocol.partition("@")
    if name != AV_BENCHMARK:
        return None
    return float(length.removesuffix("s")) if has_length else AV_BENCHMARK_LENGTH_S
