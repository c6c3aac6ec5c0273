"""Damage to audio: functions of samples (C, N), a dose and a random generator. Same seed, same damage."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
import soxr

from avmeter.media.container import FileBytes, create_container, open_container
from avmeter.stress.vocoder import move_formants, stretch

Waveform = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class AudioDamage:
    """One kind of damage.

    Attributes:
        apply: (samples (C, N), rate, dose, generator) -> samples (C, N).
        doses: Ladder from mild to strong. Empty: it has no dose.
        default: The dose without `--ladder`; None is the first of the ladder.
        unit: Of the dose.
        note: What it does, with `{dose}`.
    """

    apply: Callable[[Waveform, int, float, np.random.Generator], Waveform]
    doses: tuple[float, ...] = ()
    default: float | None = None
    unit: str = ""
    note: str = ""


def silence(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Return digital silence."""
    return np.zeros_like(samples)


def white_noise(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Replace the audio with white noise of its own level."""
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) or 0.05
    made: Waveform = (rng.standard_normal(samples.shape) * level).astype(np.float32)
    return made


def add_noise(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Add white noise at a signal-to-noise ratio of `dose` dB."""
    return _mix(samples, rng.standard_normal(samples.shape), dose)


def amplify(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Amplify by `dose` dB."""
    changed: Waveform = (samples * 10 ** (dose / 20)).astype(np.float32)
    return changed


def reverse(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Reverse in time."""
    return np.ascontiguousarray(samples[:, ::-1])


def shift(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Delay by `dose` seconds (advance when negative): silence in the gap, same length."""
    offset = round(abs(dose) * rate)
    moved = np.zeros_like(samples)
    if offset >= samples.shape[1]:
        return moved
    if dose >= 0:
        moved[:, offset:] = samples[:, : samples.shape[1] - offset]
    else:
        moved[:, : samples.shape[1] - offset] = samples[:, offset:]
    return moved


def slow_down(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Play `dose` times slower at the same pitch (phase vocoder), cut or padded to the same length."""
    return _fit(np.stack([stretch(channel, dose) for channel in samples]), samples.shape[1])


def shift_pitch(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Raise the pitch by `dose` semitones at the same speed."""
    factor = 2 ** (dose / 12)
    longer = np.stack([stretch(channel, factor) for channel in samples])
    back = soxr.resample(longer.T, rate * factor, rate, quality="HQ").T
    return _fit(back, samples.shape[1])


def change_voice(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Imitate another speaker: pitch up by `dose` semitones, formants by half of that."""
    higher = shift_pitch(samples, rate, dose, rng)
    return np.stack([move_formants(channel, rate, 2 ** (-dose / 24)) for channel in higher])


def add_music(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Add chords of bells, `dose` dB below the clip."""
    time_s = np.arange(samples.shape[1]) / rate
    music = np.zeros(len(time_s))
    for number, start in enumerate(np.arange(0.0, len(time_s) / rate, 0.5)):
        age = time_s - start
        root = 220.0 * 2 ** (int(rng.choice([0, 2, 4, 7, 9])) / 12)
        chord = sum(np.sin(2 * np.pi * root * ratio * age) for ratio in (1.0, 1.25, 1.5, 2.0))
        music += np.where(age >= 0, chord * np.exp(-3 * np.maximum(age, 0)), 0.0) * (1.0 if number % 2 else 0.7)
    return _mix(samples, music, dose)


def clip(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Clip at `dose` dB below the peak; what is not clipped stays at its level."""
    peak = float(np.abs(samples).max()) or 1.0
    drive = 10 ** (dose / 20)
    limited: Waveform = (np.clip(samples / peak * drive, -1, 1) * peak / drive).astype(np.float32)
    return limited


def low_pass(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Remove everything above `dose` Hz."""
    spectrum = np.fft.rfft(samples, axis=1)
    spectrum[:, np.fft.rfftfreq(samples.shape[1], 1 / rate) > dose] = 0
    return np.fft.irfft(spectrum, samples.shape[1], axis=1).astype(np.float32)


def drop_out(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Silence a share `dose` of the clip, in gaps of 40 ms."""
    gap = max(1, round(0.04 * rate))
    starts = np.arange(0, samples.shape[1], gap)
    damaged = samples.copy()
    for start in rng.choice(starts, round(dose * len(starts)), replace=False):
        damaged[:, start : start + gap] = 0
    return damaged


def reverberate(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Add the reverberation of a room with an RT60 of `dose` seconds."""
    time_s = np.arange(round(dose * rate)) / rate
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / dose)
    response = np.concatenate([[1.0], 0.3 * tail / np.sqrt(np.sum(tail**2))])
    size = samples.shape[1] + len(response)
    wet = np.fft.irfft(np.fft.rfft(samples, size, axis=1) * np.fft.rfft(response, size), size, axis=1)
    return wet[:, : samples.shape[1]].astype(np.float32)


def add_hum(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Add mains hum of 50 Hz and harmonics, `dose` dB below the clip."""
    time_s = np.arange(samples.shape[1]) / rate
    tone = sum(np.sin(2 * np.pi * 50 * k * time_s) / k for k in (1, 2, 3, 5))
    return _mix(samples, np.asarray(tone), dose)


def swap_channels(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Reverse the order of the channels: nothing changes in mono."""
    return np.ascontiguousarray(samples[::-1])


def confuse_rates(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
    """Play 44.1 kHz as 48 kHz: 9% faster and higher."""
    return _fit(soxr.resample(samples.T, 48_000, 44_100, quality="HQ").T, samples.shape[1])


def through_codec(codec: str, container: str) -> Callable[[Waveform, int, float, np.random.Generator], Waveform]:
    """Build a damage that encodes at `dose` kbit/s, decodes, and aligns the result."""

    def apply(samples: Waveform, rate: int, dose: float, rng: np.random.Generator) -> Waveform:
        coded_rate = 48_000
        wave = soxr.resample(samples[:2].T, rate, coded_rate, quality="HQ").T
        layout = "mono" if len(wave) == 1 else "stereo"
        buffer = io.BytesIO()
        with create_container(buffer, format_name=container) as out:
            stream = out.add_stream(codec, rate=coded_rate, layout=layout)
            stream.bit_rate = round(dose * 1000)
            resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=coded_rate)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave, np.float32), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = coded_rate, 0
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                out.mux(stream.encode(part))
            out.mux(stream.encode(None))
        with open_container(FileBytes(buffer.getvalue(), codec)) as file:
            to_float = av.AudioResampler(format="fltp", layout=layout, rate=coded_rate)
            parts = [p.to_ndarray() for f in file.decode(audio=0) for p in to_float.resample(f)]
        decoded = _align(np.concatenate(parts, axis=1), wave)
        back = soxr.resample(decoded.T, coded_rate, rate, quality="HQ").T
        return _fit(back, samples.shape[1])

    return apply


DAMAGES: dict[str, AudioDamage] = {
    "silence": AudioDamage(apply=silence, note="no sound at all"),
    "white_noise": AudioDamage(apply=white_noise, note="white noise instead of the sound"),
    "low_volume": AudioDamage(apply=amplify, doses=(-20.0,), unit="dB", note="{dose:+g} dB"),
    "reversed": AudioDamage(apply=reverse, note="sound backwards"),
    "pitch_shift": AudioDamage(apply=shift_pitch, doses=(6.0,), unit="st", note="{dose:+g} semitones"),
    "delay": AudioDamage(
        apply=shift, doses=(0.1, 0.2, 0.4, 0.8, 1.0, 1.6, 2.0), default=1.0, unit="s", note="sound {dose:+g} s late"
    ),
    "advance": AudioDamage(
        apply=lambda x, r, d, g: shift(x, r, -d, g),
        doses=(0.1, 0.2, 0.4, 0.8, 1.0, 1.6, 2.0),
        default=1.0,
        unit="s",
        note="sound {dose:g} s early",
    ),
    "noise": AudioDamage(
        apply=add_noise, doses=(20.0, 10.0, 0.0, -10.0), unit="dB SNR", note="white noise at {dose:g} dB SNR"
    ),
    "clipping": AudioDamage(apply=clip, doses=(6.0, 12.0, 24.0), unit="dB", note="driven {dose:g} dB over full scale"),
    "low_pass": AudioDamage(
        apply=low_pass, doses=(8000.0, 4000.0, 1000.0), unit="Hz", note="nothing above {dose:g} Hz"
    ),
    "mp3": AudioDamage(
        apply=through_codec("libmp3lame", "mp3"), doses=(64.0, 32.0), unit="kbit/s", note="MP3 at {dose:g} kbit/s"
    ),
    "opus": AudioDamage(
        apply=through_codec("libopus", "ogg"), doses=(24.0, 8.0), unit="kbit/s", note="Opus at {dose:g} kbit/s"
    ),
    "time_stretch": AudioDamage(
        apply=slow_down, doses=(1.1, 1.25, 1.5), unit="times slower", note="{dose:g} times slower"
    ),
    "dropouts": AudioDamage(apply=drop_out, doses=(0.05, 0.2, 0.5), unit="share", note="a share of {dose:g} missing"),
    "reverb": AudioDamage(apply=reverberate, doses=(0.3, 0.8, 2.0), unit="s RT60", note="a room of {dose:g} s"),
    "other_voice": AudioDamage(
        apply=change_voice,
        doses=(2.0, 4.0, 6.0),
        default=4.0,
        unit="st",
        note="another voice: pitch up {dose:g} semitones, formants by half of that",
    ),
    "speech_over_music": AudioDamage(
        apply=add_music,
        doses=(20.0, 10.0, 0.0, -10.0),
        default=0.0,
        unit="dB below",
        note="chords of bells {dose:g} dB below the sound",
    ),
    "hum": AudioDamage(apply=add_hum, doses=(20.0, 10.0, 0.0), unit="dB below", note="hum {dose:g} dB below the sound"),
    "channel_swap": AudioDamage(apply=swap_channels, note="left and right exchanged"),
    "rate_confusion": AudioDamage(apply=confuse_rates, note="44.1 kHz played as 48 kHz"),
}
"""Every damage to audio by name."""


def _mix(samples: Waveform, other: npt.NDArray[np.float64], below_db: float) -> Waveform:
    """Add another waveform, (N,) or (C, N), with `below_db` dB less power than `samples` have."""
    power = np.mean(np.square(samples, dtype=np.float64)) / 10 ** (below_db / 10)
    mixed: Waveform = (samples + other * np.sqrt(power / max(float(np.mean(other**2)), 1e-20))).astype(np.float32)
    return mixed


def _fit(samples: npt.NDArray[np.floating], length: int) -> Waveform:
    """Cut or zero-pad (C, N) to `length` samples."""
    fitted = np.zeros((len(samples), length), np.float32)
    num_copied = min(length, samples.shape[1])
    fitted[:, :num_copied] = samples[:, :num_copied]
    return fitted


def _align(decoded: npt.NDArray[np.float32], wave: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Remove the codec's delay, found by cross-correlation."""
    size = decoded.shape[1] + wave.shape[1]
    product = np.fft.rfft(decoded[0], size) * np.conj(np.fft.rfft(wave[0], size))
    lag = int(np.argmax(np.fft.irfft(product, size)))
    return decoded[:, lag:] if lag < decoded.shape[1] else decoded
