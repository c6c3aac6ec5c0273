"""Networks over frames as they are decoded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.features.base import Features, Window, get_extractor
from avmeter.features.frame_network import FrameNetwork
from avmeter.features.frame_stream import FrameConsumer
from avmeter.media import MediaItem
from avmeter.metrics.frame_consistency import frame_consistency
from support import require
from support.extractors import extract
from support.media import numbered, write_media
from support.picture_networks import put_small_networks


class Last(FrameNetwork, FrameConsumer):
    """A window for each frame, and the number of frames as a fact."""

    def __init__(self, num_clips: int) -> None:
        self.ranges = (range(2),) * num_clips

    def architecture(self, runtime: Any) -> Any:
        raise NotImplementedError

    def consumer(self, *clips: Any) -> FrameConsumer:
        return self

    def add(self, *frames: Any) -> Any:
        yield Window(inputs={str(number): frame for number, frame in enumerate(frames)})

    def finish(self) -> Any:
        return {}

    def pool(self, outputs: Any, windows: Any, facts: Any) -> Features:
        return Features(facts=facts)


def test_windows_are_those_of_a_pass_of_its_own() -> None:
    """Over one clip, or over clips in step."""
    frames = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 6, 3), np.uint8)
    clip = MediaItem.from_frames(frames, 10.0)
    assert [int(w.inputs["0"][0, 0, 0]) for w in Last(1).windows(clip)] == [0, 1]
    assert [sorted(w.inputs) for w in Last(2).windows((clip, clip))] == [["0", "1"]] * 2


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
