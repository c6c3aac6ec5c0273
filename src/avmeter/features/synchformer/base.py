"""What Synchformer's extractors share: one of its parts, rules for short clips, and which segments are encoded."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from torch import nn

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.media import MediaItem
from avmeter.nets import synchformer
from avmeter.nets.keys import KeyMap
from avmeter.protocols import FASTVIDEO, check_protocol, read_length_s
from avmeter.runtime import Runtime

NUM_COMPARED = 14
"""Segments that one comparison reads: 0.64 s each, one every 0.32 s."""
COMPARED_S = 4.8
"""What they cover, seconds."""
SHORT_RULES = ("loop", "pad")
# A clip of up to 15 s is encoded whole; of a longer one only what the comparison of its ends can read.
_MAX_WHOLE_SEGMENTS, _TAIL_SEGMENTS = 46, 30


class SynchformerPart(NetworkExtractor):
    """An extractor around one of `synchformer.PARTS`, loaded alone."""

    part: ClassVar[str]
    entries = ("synchformer",)
    half_weights = True
    is_recordable = True

    def network_key(self) -> Hashable:
        return ("synchformer", self.part)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        config = synchformer.SynchformerConfig(parts=(self.part,), attention_dtype=runtime.attention_dtype)
        return synchformer.build(config), synchformer.key_map((self.part,))


class SynchformerTower(SynchformerPart):
    """Arrays `features` (S, T, 768) and `segments` (S,), the segments' numbers.

    Facts `num_segments`, of the whole clip, and `stretched`, the rule by which a short clip was made longer, else None.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        whole: Encode every segment of clips above 15 s too.
        short: Rule for clips under 4.8 s: None (skip), "loop" or "pad".
    """

    option_names = ("protocol", "whole", "short")

    def __init__(self, *, protocol: str = FASTVIDEO, whole: bool = False, short: str | None = None) -> None:
        self.protocol = check_protocol(protocol)
        self.whole = whole
        self.short = check_short_rule(short)

    def too_short(self, media: MediaItem, lasts: str) -> SkipError:
        """Return the skip of a clip of which less is read than one comparison needs.

        Args:
            media: The clip.
            lasts: What lasts how long: "the sound lasts 3.20 s".
        """
        needed = f"need >= {COMPARED_S} s ({NUM_COMPARED} segments)"
        read_s = read_length_s(self.protocol)
        if read_s is not None and read_s < COMPARED_S:
            return SkipError(
                SkipCode.TOO_SHORT,
                f"{media.name}: protocol `{self.protocol}` reads the first {read_s:g} s; {needed}",
                hint="a protocol that reads more, or leave out `audio.desync`",
            )
        return SkipError(
            SkipCode.TOO_SHORT,
            f"{media.name}: {lasts}; {needed}",
            hint='`short="loop"` or `short="pad"` of audio.desync stretch it, which no published number does',
        )

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


def check_short_rule(short: str | None) -> str | None:
    """Return `short` if it is None or a known rule for clips under 4.8 s.

    Raises:
        UnknownNameError: It is not.
    """
    if short is not None and short not in SHORT_RULES:
        raise UnknownNameError.among("rule for short clips", str(short), SHORT_RULES)
    return short


def segments_to_encode(num_segments: int, *, whole: bool) -> list[int]:
    """Return the numbers of the segments of a clip that some comparison reads."""
    if whole or num_segments <= _MAX_WHOLE_SEGMENTS:
        return list(range(num_segments))
    return [*range(NUM_COMPARED), *range(num_segments - _TAIL_SEGMENTS, num_segments)]
