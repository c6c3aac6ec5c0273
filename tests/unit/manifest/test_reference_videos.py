"""Sound that is scored with the video it was made for."""

from __future__ import annotations

from avmeter.manifest import SampleList, with_reference_videos


def test_sound_without_a_video_gets_that_of_its_reference() -> None:
    """Only where the reference is a video file, and the sample has none of its own."""
    samples = SampleList(
        [
            {"audio": "gen/a.wav", "reference": "ref/a.mp4"},
            {"audio": "gen/b.wav", "reference": "ref/b.wav"},
            {"video": "gen/c.mp4", "reference": "ref/c.mp4"},
            {"audio": "gen/d.wav", "video_path": "own/d.mp4", "reference": "ref/d.mp4"},
            {"audio": "ref/e.wav", "reference": "ref/e.mp4", "role": "reference"},
            {"audio": "gen/f.wav"},
        ]
    )
    found, num_given = with_reference_videos(samples)
    assert [sample.get("video") for sample in found] == ["ref/a.mp4", None, "gen/c.mp4", None, None, None]
    assert num_given == 1
    assert "video" not in samples[0]
