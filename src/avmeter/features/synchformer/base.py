"""What Synchformer's towers for sound and picture have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from avmeter.errors import UnknownNameError
from avmeter.features.base import Features, Window, WindowExtractor, load_network
from avmeter.nets import synchformer
from avmeter.protocols import FASTVIDEO, check_protocol
from avmeter.runtime import Runtime

ENTRY = "synchformer"
NUM_COMPARED = 14
SHORT_RULES = ("loop", "pad")
# A clip of up to 15 s is encoded whole; of a longer one only what the comparison of its ends can read.
_WHOLE_BELOW, _TAIL_SEGMENTS = 46, 30


def check_short_rule(short: str | None) -> str | None:
    """`short` if it is None or a known rule for clips under 4.8 s.

    Raises:
        UnknownNameError: It is not.
    """
    if short is not None and short not in SHORT_RULES:
        raise UnknownNameError.among("rule for short clips", str(short), SHORT_RULES)
    return short


def segments_to_encode(num_segments: int, *, whole: bool) -> list[int]:
    """Numbers of the segments of a clip that some comparison reads."""
    if whole or num_segments <= _WHOLE_BELOW:
        return list(range(num_segments))
    return [*range(NUM_COMPARED), *range(num_segments - _TAIL_SEGMENTS, num_segments)]


def load_part(part: str, runtime: Runtime) -> Any:
    """One of `synchformer.PARTS`, loaded once for a run."""

    def build() -> Any:
        config = synchformer.SynchformerConfig(parts=(part,), attention_dtype=runtime.attention_dtype)
        return load_network(synchformer.build(config), synchformer.key_map((part,)), ENTRY, runtime, half_weights=True)

    return runtime.network(f"synchformer-{part}", build)


class SynchformerTower(WindowExtractor):
    """Arrays `features` (S, T, 768) and `segments` (S,), the segments' numbers.

    Facts `num_segments`, of the whole clip, and `stretched`, the rule by which a short clip was made longer, else None.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        whole: Encode every segment of clips above 15 s too.
        short: Rule for clips under 4.8 s: None (skip), "loop" or "pad".
    """

    half_weights = True
    part: ClassVar[str]

    def __init__(self, *, protocol: str = FASTVIDEO, whole: bool = False, short: str | None = None) -> None:
        self.protocol = check_protocol(protocol)
        self.whole = whole
        self.short = check_short_rule(short)
        self._net: Any = None

    def options(self) -> Mapping[str, Any]:
        return {"protocol": self.protocol, "whole": self.whole, "short": self.short}

    def weights(self) -> tuple[str, ...]:
        return (ENTRY,)

    def load(self, runtime: Runtime) -> None:
        self._net = load_part(self.part, runtime)

    def unload(self) -> None:
        self._net = None

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(
            arrays={
                "features": np.stack([o["features"] for o in outputs]),
                "segments": np.asarray(facts["segments"], np.int64),
            },
            facts={k: v for k, v in facts.items() if k != "segments"},
        )
