"""Folders of frame images are videos once their frame rate is known."""

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import FrameRequest, MediaItem
from avmeter.media.frame_folder import FrameFolderReader, decode_image, frame_images
from support.media import IMAGE_ENCODERS, numbered, write_image, write_image_folder


@pytest.mark.parametrize("suffix", list(IMAGE_ENCODERS))
def test_images_are_frames_in_natural_order(tmp_path: Path, suffix: str) -> None:
    """Image 2 comes before image 10, at 1/fps each; what is no image is left out."""
    folder = write_image_folder(tmp_path / "frames", numbered(12), suffix=suffix)
    (folder / "notes.txt").write_text("not a frame")
    with MediaItem(FrameFolderReader(folder, fps=24)) as item:
        assert item.frame_times == pytest.approx(np.arange(12) / 24)
        assert item.video_duration_s == pytest.approx(0.5)
        assert not item.has_audio
        frames = np.asarray(item.frames(FrameRequest(indices=tuple(range(12)), output="uint8")))
    assert frames.shape == (12, 3, 64, 96)
    assert np.abs(frames.astype(float).mean(axis=(1, 2, 3)) - (10 + 4 * np.arange(12))).max() <= 1


def test_key_follows_images_order_and_rate(tmp_path: Path) -> None:
    """Any change of what is shown changes the key; the folder's name does not."""
    folder, copy = (write_image_folder(tmp_path / name, numbered(3)) for name in "ab")
    key = FrameFolderReader(folder, fps=24).key()
    assert FrameFolderReader(copy, fps=24).key() == key
    assert FrameFolderReader(folder, fps=25).key() != key
    (folder / "frame_0.png").rename(folder / "frame_7.png")
    assert FrameFolderReader(folder, fps=24).key() != key


def test_folder_needs_a_rate_and_images(tmp_path: Path) -> None:
    """Without a rate there is no video, without images no folder of frames."""
    with pytest.raises(MediaError) as caught:
        FrameFolderReader(write_image_folder(tmp_path / "a", numbered(2)), fps=None)
    assert caught.value.code is SkipCode.NO_FRAME_RATE
    with pytest.raises(MediaError) as caught:
        FrameFolderReader(tmp_path, fps=25)
    assert caught.value.code is SkipCode.NOT_A_FILE


def test_damaged_image_costs_the_requests_of_its_frame(tmp_path: Path) -> None:
    """The others are decoded."""
    folder = write_image_folder(tmp_path / "a", numbered(4))
    (folder / "frame_2.png").write_bytes(b"no image")
    with MediaItem(FrameFolderReader(folder, fps=25)) as item:
        assert len(item.frames(FrameRequest(indices=(0, 3)))) == 2
        with pytest.raises(MediaError, match="frame 2 cannot be decoded"):
            item.frames(FrameRequest(indices=(0, 2)))


def test_hidden_files_are_no_frames_and_case_does_not_matter(tmp_path: Path) -> None:
    """What file managers leave behind is not shown."""
    image = write_image(tmp_path / "a.png", numbered(1)[0])
    (tmp_path / ".a.png").write_bytes(image.read_bytes())
    (tmp_path / "b.PNG").write_bytes(image.read_bytes())
    assert [p.name for p in frame_images(tmp_path)] == ["a.png", "b.PNG"]
    assert decode_image(tmp_path / "b.PNG").shape == (64, 96, 3)
