"""Frames collected for several requests: order, disk, changes of size."""

import numpy as np
import pytest

from avmeter.errors import MediaError
from avmeter.media import FrameRequest, Resize
from avmeter.media.frame_collector import FrameCollector, FrameView

NOISE = np.random.default_rng(0).integers(0, 256, (6, 60, 81, 3), np.uint8)


def test_many_frames_go_to_disk_and_read_the_same():
    """Above the limit frames are read by slices, in the order of the request."""
    request = FrameRequest(indices=(3, 0, 0, 5, 3), output="uint8")
    collector = FrameCollector([request], limit_bytes=20_000)
    for index in (0, 3, 5):
        collector.add(index, NOISE[index])
    found = collector.result(request)
    expected = NOISE[list(request.indices)].transpose(0, 3, 1, 2)
    assert isinstance(found, FrameView)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(np.asarray(found), expected)
    np.testing.assert_array_equal(found[1:4], expected[1:4])
    np.testing.assert_array_equal(found[-1], expected[-1])


def test_frame_that_changes_size_is_a_decode_error():
    """Frames of one request have one size."""
    request = FrameRequest(indices=(0, 1), output="uint8")
    collector = FrameCollector([request])
    collector.add(0, NOISE[0])
    collector.add(1, NOISE[1, :30])
    with pytest.raises(MediaError, match="changes size at frame 1: 81x30 after 81x60"):
        collector.result(request)


def test_change_of_size_costs_only_requests_that_it_does_not_fit():
    """Whoever wants squares, or frames of one size, has them, whatever else is asked of the video."""
    square = Resize(short_side=20, long_side="equal")
    requests = [
        FrameRequest(indices=(0, 1, 2)),
        FrameRequest(indices=(0, 1, 2), resize=square),
        FrameRequest(indices=(0, 2)),
    ]
    collector = FrameCollector(requests)
    for index, frame in enumerate((NOISE[0], NOISE[1, :30], NOISE[2])):
        collector.add(index, frame)
    assert [collector.missing(r) for r in requests] == [[], [], []]
    with pytest.raises(MediaError, match="changes size at frame 1"):
        collector.result(requests[0])
    assert collector.result(requests[1]).shape == (3, 3, 20, 20)
    assert collector.result(requests[2]).shape == (2, 3, 60, 81)
