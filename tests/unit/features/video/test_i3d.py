"""I3D's clips, and the cuts of long ones."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.video import i3d
from avmeter.features.video.i3d import I3dExtractor
from avmeter.media import MediaItem
from avmeter.nets.i3d import cuts


def clip(num_frames: int) -> MediaItem:
    """Grey frames, one step brighter each, 8 x 16 pixels."""
    steps = np.arange(num_frames, dtype=np.uint8)[:, None, None, None]
    return MediaItem.from_frames(np.broadcast_to(steps, (num_frames, 8, 16, 3)).copy(), 10.0)


def test_all_frames_are_one_stretched_clip() -> None:
    """(3, T, 224, 224) in [0, 1], in order of time."""
    (window,) = I3dExtractor().windows(clip(12))
    assert window.inputs["clip"].shape == (3, 12, 224, 224)
    np.testing.assert_allclose(window.inputs["clip"][0, :, 5, 7], np.arange(12) / 255, atol=1e-6)
    assert (window.start_s, window.duration_s) == pytest.approx((0, 1.2))


def test_first_frames_are_read_where_a_number_is_asked_for() -> None:
    """`num_frames=10` of twelve."""
    extractor = I3dExtractor(num_frames=10)
    (window,) = extractor.windows(clip(12))
    assert window.inputs["clip"].shape[1] == 10
    assert window.duration_s == pytest.approx(1.0)


def test_long_clip_is_read_in_cuts_that_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its frames; two are open where they overlap, and the facts are those of the clip."""
    monkeypatch.setattr(i3d, "MAX_STEPS", 30)
    consumer = I3dExtractor().consumer(clip(400))
    found, most_open = [], 0
    for index in range(400):
        found += list(consumer.add(np.full((8, 16, 3), index // 2, np.uint8)))
        most_open = max(most_open, len(consumer._open))
    expected = [cut.frames for cut in cuts(400, max_steps=30)]
    assert len(expected) == 3
    levels = [np.rint(w.inputs["clip"][0, :, 0, 0] * 255).astype(int).tolist() for w in found]
    assert levels == [[index // 2 for index in frames] for frames in expected]
    assert most_open == 2
    assert consumer.finish() == {"num_frames": 400}


def test_steps_that_count_are_pooled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean over the steps of the clip, without those that overlap."""
    monkeypatch.setattr(i3d, "MAX_STEPS", 14)
    outputs = []
    for cut in cuts(150, max_steps=14):
        first = cut.frames.start // 8
        steps = np.arange(first, first + -(-len(cut.frames) // 8) - 1, dtype=np.float32)
        wrong = np.full_like(steps, 1e6)
        wrong[cut.steps] = steps[cut.steps]
        outputs.append({"logits": np.repeat(wrong[:, None], 400, axis=1)})
    features = I3dExtractor().pool(outputs, [], {"num_frames": 150})
    assert features["embedding"] == pytest.approx(np.full(400, np.arange(18).mean()))


@pytest.mark.parametrize(("num_frames", "length"), [(None, 9), (16, 15)])
def test_short_clip_is_a_skip(num_frames: int | None, length: int) -> None:
    """Under ten frames, or fewer than were asked for."""
    with pytest.raises(SkipError) as caught:
        list(I3dExtractor(num_frames=num_frames).windows(clip(length)))
    assert caught.value.code == SkipCode.TOO_SHORT


def test_too_few_frames_cannot_be_asked_for() -> None:
    """Under ten."""
    with pytest.raises(UsageError, match="num_frames is 9"):
        I3dExtractor(num_frames=9)
