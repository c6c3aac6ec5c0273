"""Frames of clips side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter.features.base import Features
from avmeter.features.frame_stream import RevisitingExtractor, frames_in_step
from avmeter.media import FrameRequest, MediaItem
from support.media import numbered, write_media


def test_clip_whose_range_ends_first_is_none_from_there_on() -> None:
    """The other goes on to its own end."""
    frames = numbered(6)
    clips = [MediaItem.from_frames(frames, 25), MediaItem.from_frames(frames[::-1], 25)]
    found = list(frames_in_step(clips, (range(2, 4), range(1, 5))))
    assert len(found) == 4
    np.testing.assert_array_equal(found[1][0], frames[3])
    np.testing.assert_array_equal(found[1][1], frames[3])
    assert [a is None for a, _ in found] == [False, False, True, True]


def test_pass_serves_the_frames_that_were_requested_before(tmp_path, monkeypatch) -> None:
    """Whoever reads frames by request afterwards decodes nothing."""
    item = MediaItem.open(write_media(tmp_path / "a.mp4", frames=numbered(10), fps=10))
    request = FrameRequest(indices=(0, 9), output="uint8")
    item.add_requests(request)
    passed = [frame for (frame,) in frames_in_step((item,), (range(10),))]
    monkeypatch.setattr(item._reader, "frames", None)
    np.testing.assert_array_equal(item.frames(request)[1].transpose(1, 2, 0), passed[9])


class _Again(RevisitingExtractor):
    name = "test_again"

    def parents(self) -> Any:
        return {}

    def consumer(self, *clips: Any) -> Any:
        raise NotImplementedError

    def windows(self, media: Any) -> Any:
        raise NotImplementedError

    def pool(self, outputs: Any, windows: Any, facts: Any) -> Features:
        raise NotImplementedError


def test_extractor_that_was_told_where_to_look_leaves_the_other_as_it_was() -> None:
    """One network serves many clips, each with features of its own."""
    extractor, features = _Again(), {"faces": Features(facts={"count": 2})}
    informed = extractor.after(features)
    assert (informed.found, extractor.found) == (features, None)
    assert informed.decoding_state() == {"found": features}
    assert informed.identity() == extractor.identity()
