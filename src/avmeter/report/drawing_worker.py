"""The process behind `avmeter.report.drawing`: jobs as JSON on stdin, a line of JSON for each on stdout."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import AvmeterError
from avmeter.media import AudioSpec, FrameRequest, MediaItem, MediaLimits
from avmeter.media.encode import OPUS_RATE, encode_jpeg, encode_opus

LIMITS = MediaLimits(max_duration_s=900.0, max_frames=60_000, max_pixels=4096 * 2304, max_decoded_bytes=2**30)
"""Of what a page shows; a longer clip has a player, but nothing drawn."""
_POSTER_AT_S = 1.0
_POSTER_HEIGHT, _POSTER_MAX_WIDTH = 112, 200
_STRIP_WIDTH, _STRIP_HEIGHT = 200, 56
_WAVE_COLUMNS = 100
_RATE = 16_000
_FFT, _RANGE_DB = 512, 70.0
_COLOURS = np.array(
    [[4, 6, 20], [38, 20, 90], [120, 30, 120], [200, 60, 90], [248, 140, 60], [252, 240, 170]], dtype=np.float64
)


def main() -> None:
    """Answer until the jobs or the bytes are used up."""
    request = json.loads(sys.stdin.buffer.read())
    left = int(request["most_bytes"])
    for job in request["jobs"]:
        answer: Mapping[str, Any]
        if left <= 0:
            return
        if job["kind"] == "opus":
            answer = _opus(Path(job["path"]))
        else:
            answer = _drawn(Path(job["path"]), has_video=job["kind"] == "video")
        left -= sum(len(v) for v in answer.values() if isinstance(v, str))
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _drawn(path: Path, *, has_video: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        with MediaItem.open(path, limits=LIMITS) as item:
            if has_video and item.has_video:
                found["poster"] = _url(_poster(item))
            if item.has_audio:
                waveform = np.asarray(item.audio(AudioSpec(sample_rate=_RATE)), dtype=np.float32)
                found |= {"wave": wave_peaks(waveform), "spectrogram": _url(_strip(waveform))}
    except AvmeterError:
        pass  # the page has a player for what it cannot draw, and the run says why
    return found


def _opus(path: Path) -> dict[str, str]:
    try:
        with MediaItem.open(path, limits=LIMITS) as item:
            is_stereo = item.has_audio and item.audio_facts.num_channels == 2
            spec = AudioSpec(sample_rate=OPUS_RATE, mixdown="none" if is_stereo else "mean")
            waveform = np.atleast_2d(np.asarray(item.audio(spec), dtype=np.float32))
            return {"opus": base64.b64encode(encode_opus(waveform)).decode()}
    except AvmeterError as error:
        return {"error": str(error).partition("\n")[0]}


def _poster(item: MediaItem) -> bytes:
    times = item.frame_times
    index = int(np.searchsorted(times, times[0] + min(_POSTER_AT_S, (times[-1] - times[0]) / 2)))
    frame = np.asarray(item.frames(FrameRequest(indices=(index,), output="uint8")))[0].transpose(1, 2, 0)
    height, width = frame.shape[:2]
    scale = min(_POSTER_HEIGHT / height, _POSTER_MAX_WIDTH / width)
    return encode_jpeg(frame, width=max(2, round(width * scale / 2) * 2), height=max(2, round(height * scale / 2) * 2))


def wave_peaks(waveform: npt.NDArray[np.float32]) -> list[int]:
    """Return the largest |x| in each of up to 100 parts of a waveform (N,), 0 ... 100 of full scale."""
    if not len(waveform):
        return []
    parts = np.array_split(np.abs(np.nan_to_num(waveform)), min(_WAVE_COLUMNS, len(waveform)))
    return [round(min(float(part.max()), 1.0) * 100) for part in parts]


def _strip(waveform: npt.NDArray[np.float32]) -> bytes:
    return encode_jpeg(spectrogram_image(waveform), width=_STRIP_WIDTH, height=_STRIP_HEIGHT)


def spectrogram_image(waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return the spectrogram of a waveform (N,) at 16 kHz as an RGB image (H, W, 3), low frequencies below.

    Bands are linear in the square root of frequency; colours span 70 dB below the loudest.
    """
    wave = np.nan_to_num(waveform) if len(waveform) >= _FFT else np.pad(np.nan_to_num(waveform), (0, _FFT))
    starts = np.linspace(0, len(wave) - _FFT, _STRIP_WIDTH).astype(int)
    frames = np.stack([wave[s : s + _FFT] for s in starts]) * np.hanning(_FFT)
    power = np.abs(np.fft.rfft(frames)) ** 2
    bands = (np.linspace(0, 1, _STRIP_HEIGHT) ** 2 * (power.shape[1] - 1)).astype(int)
    decibels = 10 * np.log10(power[:, bands] + 1e-10)
    share = np.clip((decibels - decibels.max() + _RANGE_DB) / _RANGE_DB, 0, 1)
    if decibels.max() <= -99:  # silence
        share = np.zeros_like(share)
    steps = share.T[::-1] * (len(_COLOURS) - 1)
    colours = np.stack([np.interp(steps, np.arange(len(_COLOURS)), _COLOURS[:, c]) for c in range(3)], axis=-1)
    return colours.astype(np.uint8)


def _url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


if __name__ == "__main__":
    main()
