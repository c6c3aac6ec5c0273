"""One definition of a still image."""

import numpy as np

from avmeter.media import is_still


def test_noise_of_compression_is_still_and_a_small_moving_thing_is_not():
    """Noise of compression is still; a small moving thing is not."""
    rng = np.random.default_rng(0)
    frames = np.full((40, 3, 60, 90), 128, np.uint8)
    assert is_still(frames)
    noisy = (frames + rng.integers(-3, 4, frames.shape)).astype(np.uint8)
    assert is_still(noisy)
    moved = noisy.copy()
    moved[35, :, 8:16, 8:16] += 20
    assert not is_still(moved)
    assert not is_still(moved.astype(np.float32) / 255)
    assert is_still(frames[:1])
    assert is_still(frames[:0])
