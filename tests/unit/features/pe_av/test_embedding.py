"""PE-AV's embeddings of sound, of video, and of both together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import SkipError, UnknownNameError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support import require
from support.media import numbered, tone
from support.pe_av_features import RATE, embedded, film

require.package("transformers")


def test_clip_without_sound_or_video_is_skipped_by_name(folder: Path) -> None:
    for name, item, code in (
        ("pe_av_frame", MediaItem.from_audio(tone(440, 0.3, RATE, 1), RATE), "no_video_track"),
        ("pe_av_codec", MediaItem.from_frames(numbered(3), 25), "no_audio_track"),
    ):
        with pytest.raises(SkipError) as caught:
            next(get_extractor(name, model=str(folder)).windows(item))  # type: ignore[attr-defined]
        assert str(caught.value.code) == code


def test_modalities_are_embedded_alone_and_together(folder: Path) -> None:
    """Sound alone has the embedding that it has beside a picture; both together have one more."""
    item = film(0.7, 9)
    both = embedded(folder, item)
    assert set(both.arrays) == {"audio", "video", "audio_video"}
    for name in ("audio", "video"):
        alone = embedded(folder, item, name)
        assert set(alone.arrays) == {name}
        np.testing.assert_allclose(alone[name], both[name], rtol=0, atol=1e-6)
    assert both.facts["num_frames"] == 9
    assert both.facts["model"] == folder.name
    with pytest.raises(UnknownNameError, match="smell"):
        get_extractor("pe_av_embedding", modalities="smell")
