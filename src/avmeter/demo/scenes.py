"""A small set of rendered clips: spoken sentences, a bouncing ball, a melody.

Audio and video are in sync and the spoken words are known, so that every metric has something to measure and every
damage something to break.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.demo.speech import speak
from avmeter.files import add_to_list
from avmeter.media.write import write_clip

FPS = 25
SAMPLE_RATE = 24_000
DURATION_S = 5.6
LEAD_S = 1.05  # more than a second of silence before the speech, and behind it: moved by one, all words stay
HEIGHT, WIDTH = 180, 320

SENTENCES = (
    ("speech-en", "en-us", "We will meet at the train station tomorrow morning."),
    ("speech-es", "es", "Buenos días, hoy vamos a la playa con los niños."),
)

Frame = npt.NDArray[np.uint8]
Wave = npt.NDArray[np.float32]


def render_clips(folder: Path) -> list[dict[str, Any]]:
    """Write the clips into `folder` and return their samples: video, prompt, and the spoken words where there are any.

    Raises:
        MissingDependencyError: espeak-ng is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    samples: list[dict[str, Any]] = []
    for name, voice, text in SENTENCES:
        wave = _fit(speak(text, voice, sample_rate=SAMPLE_RATE, words_per_minute=140)[0])
        path = _write(folder / f"{name}.mp4", _speaking(wave), wave)
        samples.append(
            {
                "id": name,
                "video": str(path),
                "text_prompt": "a person is speaking",
                "reference_text": text,
                "language": voice.partition("-")[0],
            }
        )
    impacts = _impact_times()
    path = _write(folder / "bouncing-ball.mp4", _bouncing(impacts), _thuds(impacts))
    samples.append({"id": "bouncing-ball", "video": str(path), "text_prompt": "a ball bounces on a wooden floor"})
    notes = _note_times()
    path = _write(folder / "melody.mp4", _lights(notes), _melody(notes))
    samples.append({"id": "melody", "video": str(path), "text_prompt": "a slow melody on a glockenspiel"})
    return samples


def _write(path: Path, frames: Iterator[Frame], wave: Wave) -> Path:
    return write_clip(add_to_list(path), frames, fps=FPS, samples=wave[None], sample_rate=SAMPLE_RATE)


def _fit(wave: Wave) -> Wave:
    """Put silence before a wave (N,), and cut or pad it to the clip's length."""
    length = round(DURATION_S * SAMPLE_RATE)
    fitted = np.zeros(length, np.float32)
    start = round(LEAD_S * SAMPLE_RATE)
    part = wave[: length - start]
    fitted[start : start + len(part)] = part
    return fitted


def _times() -> npt.NDArray[np.float64]:
    return np.arange(round(DURATION_S * FPS)) / FPS


def _background() -> Frame:
    """Return a fixed low-contrast texture (H, W, 3): optical flow needs one."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(60, 110, (HEIGHT // 10, WIDTH // 10, 3))
    return np.kron(coarse, np.ones((10, 10, 1))).astype(np.uint8)


def _disc(frame: Frame, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    frame[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = colour


def _speaking(wave: Wave) -> Iterator[Frame]:
    """Yield frames of a face whose mouth opens with the level of the wave."""
    background = _background()
    for time_s in _times():
        start = int(time_s * SAMPLE_RATE)
        level = float(np.sqrt(np.mean(wave[start : start + SAMPLE_RATE // FPS] ** 2)))
        frame = background.copy()
        _disc(frame, WIDTH / 2, HEIGHT / 2, 70, (224, 190, 160))
        for side in (-26, 26):
            _disc(frame, WIDTH / 2 + side, HEIGHT / 2 - 18, 7, (40, 40, 60))
        rows, columns = np.ogrid[:HEIGHT, :WIDTH]
        opening = 3 + min(level * 120, 24)
        mouth = ((columns - WIDTH / 2) / 28) ** 2 + ((rows - HEIGHT / 2 - 32) / opening) ** 2 <= 1
        frame[mouth] = (140, 40, 50)
        yield frame


def _impact_times() -> list[float]:
    """Return when the ball hits the floor, seconds: bounces that get shorter, then a second throw."""
    times, now, gap = [], 0.6, 0.72
    for start in (0.6, 3.1):
        now, gap = start, 0.72
        for _ in range(4):
            times.append(round(now, 3))
            now += gap
            gap *= 0.75
    return times


def _bouncing(impacts: list[float]) -> Iterator[Frame]:
    background = _background()
    background[150:] = (120, 90, 60)
    edges = np.array([0.0, *impacts, DURATION_S])
    for time_s in _times():
        before = int(np.searchsorted(edges, time_s, side="right")) - 1
        low, high = edges[before], edges[min(before + 1, len(edges) - 1)]
        share = (time_s - low) / max(high - low, 1e-6)
        height = 4 * 110 * min((high - low) ** 2, 1.0) * share * (1 - share)
        frame = background.copy()
        _disc(frame, 60 + 200 * time_s / DURATION_S, 136 - height, 14, (230, 60, 40))
        yield frame


def _thuds(impacts: list[float]) -> Wave:
    """Return a wave (N,) with a short low thud and a click at each impact."""
    wave = np.zeros(round(DURATION_S * SAMPLE_RATE), np.float32)
    time_s = np.arange(int(0.18 * SAMPLE_RATE)) / SAMPLE_RATE
    rng = np.random.default_rng(3)
    thud = 0.6 * np.sin(2 * np.pi * 140 * time_s) * np.exp(-time_s * 28)
    thud += 0.35 * rng.standard_normal(len(time_s)) * np.exp(-time_s * 160)
    for i, impact in enumerate(impacts):
        start = int(impact * SAMPLE_RATE)
        part = thud[: len(wave) - start] * (0.85 ** (i % 4))
        wave[start : start + len(part)] += part.astype(np.float32)
    return wave


def _note_times() -> list[float]:
    return [round(0.5 + 0.6 * i, 3) for i in range(7)]


def _lights(notes: list[float]) -> Iterator[Frame]:
    """Yield frames in which a bar jumps up at each note and sinks back."""
    background = _background()
    for time_s in _times():
        frame = background.copy()
        for i, note in enumerate(notes):
            age = time_s - note
            height = int(100 * np.exp(-max(age, 0.0) * 5)) if age >= 0 else 0
            left = 20 + 42 * i
            frame[150 - height : 156, left : left + 30] = (240, 210, 90) if age >= 0 else (90, 90, 120)
        yield frame


def _melody(notes: list[float]) -> Wave:
    """Return a wave (N,) of bell-like notes."""
    wave = np.zeros(round(DURATION_S * SAMPLE_RATE), np.float32)
    for semitones, note in zip((0, 4, 7, 12, 7, 4, 0), notes, strict=True):
        start = int(note * SAMPLE_RATE)
        time_s = np.arange(len(wave) - start) / SAMPLE_RATE
        pitch = 523.25 * 2 ** (semitones / 12)
        bell = sum(a * np.sin(2 * np.pi * pitch * r * time_s) for a, r in ((0.3, 1.0), (0.12, 2.76), (0.06, 5.4)))
        wave[start:] += np.asarray(bell * np.exp(-time_s * 4), np.float32)
    return wave
