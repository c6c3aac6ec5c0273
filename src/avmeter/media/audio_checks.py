"""Whether an audio track can be measured: every reason against it is a named skip."""

from __future__ import annotations

import math

from avmeter.errors import MediaError, SkipCode
from avmeter.media.audio_spec import AudioSpec
from avmeter.media.measures import SILENCE_PEAK, AudioFacts

# Lossy codecs decode to 1.6 at times; no sound is 20 dB over full scale.
_LARGEST_PEAK = 10.0
_INTEGER_SCALES = {8: 2.0**7, 16: 2.0**15, 24: 2.0**23, 32: 2.0**31}
_LATEST_START_S = 600.0


def check_audio(
    facts: AudioFacts, spec: AudioSpec, *, name: str, streams: str, latest_start_s: float = _LATEST_START_S
) -> None:
    """Check that a waveform can be rendered from a track.

    Args:
        facts: Of the track.
        spec: The form of the waveform.
        name: Of the clip, for messages.
        streams: Its streams in words, for messages.
        latest_start_s: A track that starts later is not late, its time stamps are wrong.

    Raises:
        MediaError: `empty_audio` if there is no sample; `decode_error` for broken time stamps; `non_finite` if there
            are NaN or infinite samples; `unsupported` if samples are far beyond full scale; `phase_cancelled` if the
            channels have sound and their mean has none.
    """
    if not facts.num_samples:
        raise MediaError(
            SkipCode.EMPTY_AUDIO,
            f"{name}: the audio track holds no samples ({streams})",
            hint="make the file again",
        )
    if spec.clock == "video":
        _check_clock(facts, name, latest_start_s)
    if facts.num_non_finite:
        total = facts.num_samples * facts.num_channels
        raise MediaError(
            SkipCode.NON_FINITE,
            f"{name}: {facts.num_non_finite} of {total} audio samples are NaN or infinite",
            hint="the model or the writer of the file diverged: make it again",
        )
    _check_scale(max(facts.channel_peaks), name)
    if facts.phase_cancelled and spec.mixdown == "mean":
        level = ", ".join(f"{r:.3g}" for r in facts.channel_rms)
        raise MediaError(
            SkipCode.PHASE_CANCELLED,
            f"{name}: the {facts.num_channels} channels cancel each other in the mono mix "
            f"(RMS {level}; mix {facts.mix_rms:.3g})",
            hint="one channel has its polarity inverted; score one channel, or make the file again",
        )


def check_audible(facts: AudioFacts, *, name: str) -> None:
    """Check that something can be heard in the mono mix.

    Raises:
        MediaError: `silent` if no sample of the mono mix is above one step of 16 bits.
    """
    if facts.is_silent:
        only_low = max(facts.channel_peaks) > SILENCE_PEAK
        why = "only the low-frequency channel has sound" if only_low else f"peak {facts.mix_peak:.2g}"
        raise MediaError(
            SkipCode.SILENT,
            f"{name}: the audio track is silent ({why}, {facts.duration_s:.2f} s)",
            hint="check what made it",
        )


def _check_scale(peak: float, name: str) -> None:
    if peak <= _LARGEST_PEAK:
        return
    bits = next((b for b, scale in _INTEGER_SCALES.items() if peak <= scale), None)
    looks_like = "" if bits is None else f": they look like integers of {bits} bits, x {_INTEGER_SCALES[bits]:.0f}"
    raise MediaError(
        SkipCode.UNSUPPORTED,
        f"{name}: audio samples up to {peak:,.6g} are {20 * math.log10(peak):.0f} dB over full scale{looks_like}",
        hint="give floats in [-1, 1]" + ("" if bits is None else f": divide by {_INTEGER_SCALES[bits]:.0f}"),
    )


def _check_clock(facts: AudioFacts, name: str, latest_start_s: float) -> None:
    if facts.clock_jump_s:
        raise MediaError(
            SkipCode.DECODE_ERROR,
            f"{name}: the time stamps of the audio jump by {facts.clock_jump_s:.0f} s",
            hint="the clock of the file is broken: make it again",
        )
    if facts.end_sample <= 0:
        raise MediaError(
            SkipCode.EMPTY_AUDIO,
            f"{name}: the sound ends before the first frame (it starts {facts.start_s:.3f} s from it)",
        )
    if facts.start_s > latest_start_s:
        raise MediaError(
            SkipCode.DECODE_ERROR,
            f"{name}: the sound starts {facts.start_s:.0f} s after the video: broken time stamps",
            hint="put both tracks on one clock: mux the file again",
        )
