"""Prompt and video by ImageBind: what is needed."""

from __future__ import annotations

import pytest

from avmeter.metrics.av.imagebind_text_video import ImageBindTextVideo


@pytest.mark.parametrize("protocol", ["fastvideo", "av-benchmark"])
def test_prompt_and_video_are_needed_and_no_sound(protocol: str) -> None:
    """A mute video with a prompt has a score, from frames as the protocol takes them."""
    text, video = ImageBindTextVideo(protocol=protocol).needs
    assert (text.field, video.field) == ("text_prompt", "video")
    assert video.options == {"protocol": protocol}
