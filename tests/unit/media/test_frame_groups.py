"""Groups come as soon as they are whole, and hold no frame for longer than it is needed."""

import itertools

import numpy as np
import pytest

from avmeter.errors import MediaError
from avmeter.media import FrameRequest, MediaItem
from avmeter.media.frame_groups import FrameGroups
from avmeter.media.planes import PlaneCode, rgb_of_planes
from support.media import numbered, write_media


def frame(value: int, height: int = 4) -> np.ndarray:
    return np.full((height, 6, 3), value, np.uint8)


def values(groups) -> list[list[int]]:
    return [[int(image[0, 0, 0]) for image in group] for group in groups]


def test_frames_may_come_late_and_be_asked_for_twice() -> None:
    """Groups are in order whatever the order of the decoder; a frame of two groups is in both."""
    groups = FrameGroups((0, 1, 1, 2, 3, 4, 5), 2)
    assert groups.indices == {0, 1, 2, 3, 4}, "what fills no group is not asked for"
    assert [values(groups.add(i, frame(i))) for i in (1, 2, 0, 4, 3)] == [[], [], [[0, 1], [1, 2]], [], [[3, 4]]]
    assert groups.missing == []


def test_frames_are_let_go_of_with_their_group() -> None:
    """A clip of any length takes the memory of a group."""
    groups = FrameGroups(range(1000), 8)
    for index in range(1000):
        for _ in groups.add(index, frame(0)):
            pass
        assert len(groups._begun) <= 1


def test_group_of_planes_and_rgb_is_rgb() -> None:
    """Whichever comes first; places that came before the change keep their frames."""
    planes = np.full((7, 6), 128, np.uint8)
    planes[-1, :3] = PlaneCode(matrix=1, is_full_range=False).values()
    for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0)):
        groups = FrameGroups((0, 1, 2), 3)
        given = {0: planes, 1: frame(9), 2: planes}
        (group,) = [group for index in order for group in groups.add(index, given[index])]
        np.testing.assert_array_equal(group, [rgb_of_planes(planes), frame(9), rgb_of_planes(planes)])


def test_frames_in_memory_stay_what_they_are() -> None:
    """Floats from 0 to 1 too."""
    (group,) = FrameGroups((0,), 1).add(0, np.full((4, 6, 3), 0.3, np.float32))
    np.testing.assert_array_equal(group, np.full((1, 4, 6, 3), 0.3, np.float32))


def test_frames_are_copied() -> None:
    """A decoder may write the next one over each."""
    groups = FrameGroups((0, 1), 2)
    shown = frame(3)
    assert list(groups.add(0, shown)) == []
    shown[:] = 4
    assert values(groups.add(1, shown)) == [[3, 4]]


def test_change_of_size_ends_the_groups() -> None:
    """With the error that a request has."""
    groups = FrameGroups((0, 1, 2, 3), 2)
    assert [len(list(groups.add(i, frame(0, 4 + 2 * (i > 1))))) for i in range(4)] == [0, 1, 0, 0]
    assert "changes size at frame 2: 6x6 after 6x4" in str(groups.changed)


def test_pass_of_the_groups_serves_the_requests(tmp_path, monkeypatch) -> None:
    """One pass for both; frames that both ask for are in both."""
    from avmeter.media import file_reader

    path = write_media(tmp_path / "a.mp4", frames=numbered(20))
    calls = []
    original = file_reader.decode_frames
    monkeypatch.setattr(file_reader, "decode_frames", lambda *a, **k: calls.append(a) or original(*a, **k))
    request = FrameRequest(indices=(3, 19), output="uint8")
    with MediaItem.open(path) as item:
        item.add_requests(request)
        groups = list(item.frame_groups(range(16), 8))
        assert [group.shape for group in groups] == [(8, 64 * 3 // 2 + 1, 96)] * 2
        levels = np.asarray(item.frames(request)).mean(axis=(1, 2, 3))
    assert np.abs(levels - (10 + 4 * np.array((3, 19)))).max() <= 2
    assert len(calls) == 1


def test_groups_of_frames_without_planes_are_rgb(tmp_path) -> None:
    """4:4:4, here."""
    path = write_media(tmp_path / "a.mp4", frames=numbered(8), pixel_format="yuv444p")
    with MediaItem.open(path) as item:
        (group,) = item.frame_groups(range(8), 8)
        frames = np.asarray(item.frames(FrameRequest(indices=range(8), output="uint8")))
    np.testing.assert_array_equal(group.transpose(0, 3, 1, 2), frames)


def test_pass_that_was_broken_off_serves_nobody(tmp_path) -> None:
    """The requests are served by another one."""
    path = write_media(tmp_path / "a.mp4", frames=numbered(20))
    request = FrameRequest(indices=(19,))
    with MediaItem.open(path) as item:
        item.add_requests(request)
        groups = item.frame_groups(range(16), 8)
        next(groups)
        groups.close()
        assert len(item.frames(request)) == 1


def test_frame_that_cannot_be_decoded_is_named_after_the_groups_before_it(tmp_path, monkeypatch) -> None:
    """What was decoded was of use meanwhile."""
    from avmeter.media import file_reader

    path = write_media(tmp_path / "a.mp4", frames=numbered(20))
    original = file_reader.decode_frames
    monkeypatch.setattr(file_reader, "decode_frames", lambda *a, **k: (f for f in original(*a, **k) if f[0] != 11))
    with MediaItem.open(path) as item:
        groups = item.frame_groups(range(16), 4)
        assert len(list(itertools.islice(groups, 2))) == 2
        with pytest.raises(MediaError, match="frame 11 cannot be decoded"):
            next(groups)
