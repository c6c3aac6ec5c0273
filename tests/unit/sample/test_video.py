"""Handles of videos."""

from pathlib import Path

import numpy as np

from avmeter.sample import Video, as_video


def test_handle_of_a_path_has_nothing_decoded() -> None:
    """Paths are text."""
    handle = as_video(Path("a.mp4"))
    assert (handle.source, handle.has_frames(), handle.has_audio()) == ("a.mp4", False, False)
    assert as_video(handle) is handle


def test_handle_of_frames_has_frames() -> None:
    """Anything else is taken for frames."""
    frames = np.zeros((2, 3, 4, 4))
    assert as_video(frames).frames is frames
    assert Video(frames=frames, audio=np.zeros(8), audio_sr=8000).has_audio()
