"""Synchformer's comparison of sound and video: logits over 21 offsets from -2 to 2 s.

Compared are 14 successive segments (4.8 s) of each: the first and the last that sound and video share, or with
`curve` every position. Where sound and video last differently long, the shared part counts; the published code
takes the last 14 of each by its own count, and then compares different times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import DerivedExtractor, Extractor, Features, Window
from avmeter.features.synchformer.audio import SynchformerAudio
from avmeter.features.synchformer.base import COMPARED_S, NUM_COMPARED, SynchformerPart, check_short_rule
from avmeter.features.synchformer.video import SynchformerVideo
from avmeter.features.truncation import HEADER_MISMATCH
from avmeter.nets import synchformer
from avmeter.protocols import FASTVIDEO, check_protocol
from avmeter.registry import register_extractor

STEP_S = 0.32  # from one segment to the next
SEGMENT_S = 0.64


@register_extractor("synchformer_offset")
class SynchformerOffset(SynchformerPart, DerivedExtractor):
    """Arrays `logits` (P, 21) and `start_s` (P,): front and back, or with `curve` every 0.32 s.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        curve: Compare at every position instead of at the two ends.
        short: Rule for clips under 4.8 s: None (skip), "loop" or "pad".

    Raises:
        UsageError: `curve` is neither True nor False.
        UnknownNameError: No such rule.
    """

    version = "2"
    batch_size = 32
    part = "compare"
    option_names = ("protocol", "curve", "short")

    def __init__(self, *, protocol: str = FASTVIDEO, curve: bool = False, short: str | None = None) -> None:
        if not isinstance(curve, bool):
            raise UsageError(f"curve is {curve!r}", hint="true or false")
        self.protocol = check_protocol(protocol)
        self.curve = curve
        self.short = check_short_rule(short)

    def parents(self) -> Mapping[str, Extractor]:
        options: dict[str, Any] = {"protocol": self.protocol, "whole": self.curve, "short": self.short}
        return {"video": SynchformerVideo(**options), "audio": SynchformerAudio(**options)}

    def windows(self, media: Mapping[str, Features]) -> Iterator[Window]:
        shared = min(int(f.facts["num_segments"]) for f in media.values())
        last = shared - NUM_COMPARED
        starts = list(range(last + 1)) if self.curve else [0, last]
        for start in starts:
            inputs = {name: _run_of_segments(media, name, start) for name in media}
            yield Window(inputs=inputs, start_s=start * STEP_S, duration_s=COMPARED_S)

    def facts(self, media: Mapping[str, Features]) -> Mapping[str, Any]:
        facts = {f"num_{name}_segments": f.facts["num_segments"] for name, f in media.items()}
        facts["stretched"] = self.short if any(f.facts.get("stretched") for f in media.values()) else None
        note = media["audio"].facts.get(HEADER_MISMATCH)
        return facts if note is None else {**facts, HEADER_MISMATCH: note}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"logits": self._net.compare(batch["video"], batch["audio"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(
            arrays={
                "logits": np.stack([o["logits"] for o in outputs]),
                "start_s": np.array([w.start_s for w in windows]),
            },
            facts={**facts, "grid_s": list(synchformer.OFFSET_GRID_S)},
        )


def _run_of_segments(media: Mapping[str, Features], name: str, start: int) -> np.ndarray:
    """Return the features of segments start .. start + 13 of one side."""
    features = media[name]
    segments = features["segments"]
    position = int(np.searchsorted(segments, start))
    run = segments[position : position + NUM_COMPARED]
    if not np.array_equal(run, np.arange(start, start + NUM_COMPARED)):
        raise SkipError(
            SkipCode.UNSUPPORTED,
            f"sound and picture end too far apart: {_duration(media['audio'])} of sound and "
            f"{_duration(media['video'])} of picture; of a clip above 15 s the middle is not encoded",
            hint="`curve=true` of audio.desync encodes everything",
        )
    return np.ascontiguousarray(features["features"][position : position + NUM_COMPARED])


def _duration(features: Features) -> str:
    """Return how long the segments of one side last, for messages."""
    return f"{SEGMENT_S + STEP_S * (int(features.facts['num_segments']) - 1):.2f} s"
