"""Small copies for pages: what comes out decodes to what went in, more or less."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from avmeter.media.encode import OPUS_RATE, encode_jpeg, encode_opus


def test_jpeg_has_the_size_and_the_colours() -> None:
    """A red image stays red."""
    image = np.zeros((60, 90, 3), np.uint8)
    image[..., 0] = 200
    content = encode_jpeg(image, width=40, height=20)
    assert content[:2] == b"\xff\xd8"
    with av.open(io.BytesIO(content), format="jpeg_pipe") as container:
        pixels = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert pixels.shape == (20, 40, 3)
    assert np.abs(pixels.reshape(-1, 3).mean(0) - [200, 0, 0]).max() < 12


@pytest.mark.parametrize("channels", [1, 2])
def test_opus_has_the_length_and_the_tone(channels: int) -> None:
    """A second of 440 Hz is that in each channel afterwards; NaN is silence."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(OPUS_RATE) / OPUS_RATE).astype(np.float32)
    tone[5] = np.nan
    content = encode_opus(np.stack([tone] * channels))
    assert len(content) < 20_000 * channels
    with av.open(io.BytesIO(content)) as container:
        assert container.streams.audio[0].codec_context.name in ("opus", "libopus")
        sound = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    wave = sound.reshape(-1, channels).T if len(sound) != channels else sound
    assert wave.shape[1] == pytest.approx(OPUS_RATE, abs=1000)
    for channel in wave:
        assert np.argmax(np.abs(np.fft.rfft(channel[:OPUS_RATE]))) == pytest.approx(440, abs=2)


def test_no_sound_makes_an_empty_file() -> None:
    """A track without samples is a file all the same."""
    assert encode_opus(np.zeros((1, 0), np.float32))
