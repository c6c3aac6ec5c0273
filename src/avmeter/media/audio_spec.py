"""What a waveform should be like: rate, channels, level, clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from avmeter.errors import UsageError

Mixdown = Literal["mean", "first", "none"]
Order = Literal["mix_first", "resample_first"]
Resampler = Literal["soxr_hq", "sinc"]
Clock = Literal["track", "video"]


@dataclass(frozen=True, kw_only=True)
class AudioSpec:
    """The form in which an extractor reads the waveform of a clip.

    Attributes:
        sample_rate: Hz; None keeps the native rate.
        mixdown: "mean": one channel, the mean of stereo, ITU-R BS.775 weights beyond (see `mixdown`); "first": the
            first channel; "none": all channels, (C, N).
        order: Whether channels are mixed before or after resampling. Equal up to rounding.
        resampler: "soxr_hq" (libsoxr HQ, as librosa) or "sinc" (windowed sinc, as torchaudio's defaults).
        peak_dbfs: Scale so that the largest |x| is this many dB from full scale; silence stays silence. None: as is.
        remove_mean: Subtract the mean of each channel over the whole track, before anything else.
        clock: "track": the samples of the track, the first one at 0. "video": 0 is the first video frame; silence in
            front of a track that starts late and in its gaps, what comes before the first frame is cut off.
        max_duration_s: Keep the first int(max_duration_s * sample_rate) samples, after resampling. None: all.
    """

    sample_rate: int | None = None
    mixdown: Mixdown = "mean"
    order: Order = "mix_first"
    resampler: Resampler = "soxr_hq"
    peak_dbfs: float | None = None
    remove_mean: bool = False
    clock: Clock = "track"
    max_duration_s: float | None = None

    def __post_init__(self) -> None:
        choices = {"mixdown": Mixdown, "order": Order, "resampler": Resampler, "clock": Clock}
        for name, choice in choices.items():
            if getattr(self, name) not in get_args(choice):
                raise UsageError(f"AudioSpec: {name} is {getattr(self, name)!r}", hint=f"one of {get_args(choice)}")
        if self.sample_rate is not None and self.sample_rate <= 0:
            raise UsageError(f"AudioSpec: sample_rate is {self.sample_rate}")
        if self.max_duration_s is not None and not self.max_duration_s > 0:
            raise UsageError(f"AudioSpec: max_duration_s is {self.max_duration_s}")
