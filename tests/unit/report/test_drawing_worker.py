"""What is drawn of a clip: peaks where the sound is loud, bright bands where its frequencies are."""

from __future__ import annotations

import numpy as np

from avmeter.report.drawing_worker import spectrogram_image, wave_peaks


def test_peaks_follow_the_sound() -> None:
    """Silence is 0, full scale 100, beyond it too; NaN is silence; no sound has no peaks."""
    wave = np.concatenate([np.zeros(500), np.full(500, 2.0), [np.nan]]).astype(np.float32)
    peaks = wave_peaks(wave)
    assert len(peaks) == 100
    assert peaks[0] == 0
    assert peaks[70] == 100
    assert wave_peaks(np.zeros(0, np.float32)) == []
    assert wave_peaks(np.ones(3, np.float32)) == [100, 100, 100]


def test_spectrogram_is_bright_at_the_tone() -> None:
    """A high tone is near the top, a low one near the bottom, and silence is dark."""
    time_s = np.arange(16_000) / 16_000
    rows = []
    for frequency in (200, 7000):
        image = spectrogram_image(np.sin(2 * np.pi * frequency * time_s).astype(np.float32))
        rows.append(int(image.sum((1, 2)).argmax()))
    assert rows[0] > image.shape[0] * 0.7
    assert rows[1] < image.shape[0] * 0.2
    assert spectrogram_image(np.zeros(16_000, np.float32)).max() < 30
    assert spectrogram_image(np.zeros(0, np.float32)).shape == image.shape
