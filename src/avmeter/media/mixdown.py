"""Weights that turn the channels of an audio track into one.

Mono and stereo: the plain mean. Beyond: the stereo downmix of ITU-R BS.775-3, table 2, and the mean of its two sides,

    mono = 1/2 (L + R) + 1/sqrt(2) C + 1/2 * 1/sqrt(2) (Ls + Rs)        LFE is dropped

without normalisation: a 5.1 file with sound in L and R only gives the same mono as the stereo file, and nothing is
clipped, since waveforms are float. Left and right of a pair get equal weights, so a centre at 0.5 comes out at 0.354.
"""

from __future__ import annotations

import math

import numpy as np

from avmeter.dsp.channel_weights import WAVE_CHANNELS

_SIDE = 0.5
_CENTRE = math.sqrt(0.5)
_SURROUND = 0.5 * math.sqrt(0.5)
_WEIGHTS = {
    **dict.fromkeys(("FL", "FR", "FLC", "FRC", "WL", "WR", "DL", "DR"), _SIDE),
    **dict.fromkeys(("FC", "BFC"), _CENTRE),
    **dict.fromkeys(("BL", "BR", "SL", "SR", "SDL", "SDR", "TFL", "TFR", "TBL", "TBR", "TSL", "TSR"), _SURROUND),
    **dict.fromkeys(("BFL", "BFR", "SSL", "SSR", "TTL", "TTR"), _SURROUND),
    **dict.fromkeys(("BC", "TC", "TFC", "TBC"), 0.5),  # in both sides at 1/sqrt(2), which is in the mix at 1/sqrt(2)
    **dict.fromkeys(("LFE", "LFE2"), 0.0),
}


def channels_of_count(num_channels: int) -> tuple[str, ...]:
    """Return the names assumed for channels that nobody named; "NONE" beyond eight."""
    return WAVE_CHANNELS.get(num_channels, ("NONE",) * num_channels)


def channel_weights(channels: tuple[str, ...]) -> np.ndarray:
    """Return the weight of each channel in the mono mix.

    Args:
        channels: Names as libav gives them ("FL", "LFE"). Unnamed channels are taken in WAVE order; if a name is
            unknown or there are more than eight without names, the mix is the plain mean.

    Returns:
        (C,) float32.
    """
    if len(channels) <= 2:
        return np.full(len(channels), 1.0 / len(channels), np.float32)
    if all(c == "NONE" for c in channels):
        channels = channels_of_count(len(channels))
    if any(c not in _WEIGHTS for c in channels):
        return np.full(len(channels), 1.0 / len(channels), np.float32)
    return np.array([_WEIGHTS[c] for c in channels], np.float32)
