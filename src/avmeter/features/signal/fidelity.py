"""How far sound is from reference sound that it should equal, at its own rate and channels; see `avmeter.dsp.fidelity`.

Nothing is resampled, mixed, scaled or aligned: each would be a guess about what went wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter.dsp.fidelity import FEWEST_SAMPLES, compare_waveforms
from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features, PairExtractor
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor

LENGTHS = ("equal", "cut", "pad")
_SPEC = AudioSpec(sample_rate=None, mixdown="none")


@register_extractor("fidelity")
class FidelityExtractor(PairExtractor):
    """Facts: what `compare_waveforms` returns; `sample_rate`, `num_channels`, and both lengths in samples.

    Args:
        lengths: Of sound of another length than its reference: "equal": it is refused; "cut": the longer one is cut;
            "pad": silence is added to the shorter one, so that what is missing counts as an error.
    """

    takes = "audio"
    option_names = ("lengths",)

    def __init__(self, *, lengths: str = "equal") -> None:
        if lengths not in LENGTHS:
            raise UnknownNameError.among("rule for lengths", lengths, LENGTHS)
        self.lengths = lengths

    def compare(self, generated: MediaItem, reference: MediaItem) -> Features:
        """Measure the errors of a clip."""
        clips = (generated, reference)
        sides: list[Any] = [clip.audio(_SPEC) for clip in clips]
        formats = [(clip.audio_facts.sample_rate, side.shape[0]) for clip, side in zip(clips, sides, strict=True)]
        if formats[0] != formats[1]:
            _refuse_formats(generated, reference, formats)
        lengths = [side.shape[1] for side in sides]
        if lengths[0] != lengths[1] and self.lengths == "equal":
            raise SkipError(
                SkipCode.LENGTH_MISMATCH,
                f"{generated.name} has {lengths[0]} samples and {reference.name} {lengths[1]}",
                hint='options: lengths="cut" compares what both have, "pad" counts what is missing as silence',
            )
        length = max(lengths) if self.lengths == "pad" else min(lengths)
        if length < FEWEST_SAMPLES:
            raise SkipError(
                SkipCode.TOO_SHORT, f"{generated.name}: {length} samples to compare; spectra need {FEWEST_SAMPLES}"
            )
        x, y = (_of_length(side, length) for side in sides)
        if not _sounds(y):
            raise SkipError(SkipCode.SILENT, f"{reference.name}: the reference is silent: errors are relative to it")
        return Features(
            facts={
                **compare_waveforms(x, y),
                "sample_rate": formats[0][0],
                "num_channels": formats[0][1],
                "num_samples": length,
                "num_generated_samples": lengths[0],
                "num_reference_samples": lengths[1],
            }
        )


def _refuse_formats(generated: MediaItem, reference: MediaItem, formats: list[tuple[int, int]]) -> None:
    (rate, channels), (rate_r, channels_r) = formats
    raise SkipError(
        SkipCode.SOUND_FORMAT_MISMATCH,
        f"{generated.name} has {channels} channels at {rate} Hz and {reference.name} {channels_r} at {rate_r} Hz",
        hint="bring both to one rate and number of channels; how changes the score",
    )


def _of_length(samples: Any, length: int) -> Any:
    """Return sound (C, N) cut, or with silence behind it."""
    if samples.shape[1] >= length:
        return samples[:, :length]
    return np.pad(np.asarray(samples[:, :]), ((0, 0), (0, length - samples.shape[1])))


def _sounds(samples: Any) -> bool:
    block = 1 << 20
    return any(np.any(samples[:, start : start + block]) for start in range(0, samples.shape[1], block))
