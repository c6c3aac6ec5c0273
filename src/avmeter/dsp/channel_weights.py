"""Weights of channels in the loudness of ITU-R BS.1770-5, table 3: by where a loudspeaker stands.

    60 to 120 degrees to a side, less than 30 degrees up or down    1.41 (+1.5 dB)
    low-frequency effects                                           0
    anywhere else                                                   1

Positions are those of ITU-R BS.2051. A pair that is called "back" stands at 110 degrees in 5.1 and 4.0, and at 135
degrees where there are side channels beside it, as in 7.1.
"""

from __future__ import annotations

from collections.abc import Sequence

_SIDE = 1.41
_EFFECTS = ("LFE", "LFE2")
# Names of libav: side, surround direct and wide (90, 90 and 60 degrees).
_SIDE_CHANNELS = ("SL", "SR", "SDL", "SDR", "WL", "WR")
_BACK_CHANNELS = ("BL", "BR")
_ELSEWHERE = frozenset(
    "FL FR FC FLC FRC BC TC TFL TFC TFR TBL TBC TBR TSL TSR DL DR BFC BFL BFR".split()  # noqa: SIM905
)
#: Names of channels that nobody named, by their number: the order of WAV.
WAVE_CHANNELS = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


def loudness_weights(channels: Sequence[str]) -> tuple[float, ...] | None:
    """Return the weight of each channel; None if a channel has no known position.

    Args:
        channels: Names as libav gives them ("FL", "LFE").
    """
    has_sides = any(c in ("SL", "SR") for c in channels)
    weights = dict.fromkeys(_ELSEWHERE, 1.0) | dict.fromkeys(_SIDE_CHANNELS, _SIDE) | dict.fromkeys(_EFFECTS, 0.0)
    weights |= dict.fromkeys(_BACK_CHANNELS, 1.0 if has_sides else _SIDE)
    return tuple(weights[c] for c in channels) if all(c in weights for c in channels) else None
