"""Frames of clips side by side."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.features.base import get_extractor
from avmeter.features.frame_stream import frames_in_step
from avmeter.media import FrameRequest, MediaItem
from avmeter.metrics.frame_consistency import frame_consistency
from support import require
from support.extractors import extract
from support.media import numbered, write_media
from support.picture_networks import put_small_networks


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


def test_frames_of_a_network_come_one_by_one_through_the_engine(tmp_path) -> None:
    """A file that is decoded once, for three networks over all frames and one over eight of them."""
    require.package("ftfy")
    metrics = ["vbench.subject_consistency", "vbench.background_consistency", "vbench.aesthetic_quality"]
    evaluator = create_evaluator(metrics=[*metrics, "vbench.overall_consistency"], weights="dummy", device="cpu")
    put_small_networks(evaluator._computer.runtime)
    path = write_media(tmp_path / "a.mp4", frames=numbered(20, 40, 64), fps=10)
    found = evaluator.evaluate(video=path, text_prompt="numbers")
    assert {name: result.skip for name, result in found.items()} == dict.fromkeys(found)
    assert all(result.details["num_frames"] == 20 for result in found.values())
    runtime = evaluator._computer.runtime
    for name, metric in (("dino_frames", metrics[0]), ("clip_frames", metrics[1])):
        alone = extract(get_extractor(name), MediaItem.open(path), runtime)
        expected = frame_consistency(metric, alone["embedding"], alone.facts, where="a").score
        assert found[metric].score == pytest.approx(expected, abs=1e-6)
