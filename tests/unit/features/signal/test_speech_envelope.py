"""Loudness of what the mouth shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem


def test_level_is_that_of_every_frame() -> None:
    """A second of a tone at 48 kHz behind a second of nothing; silence is a skip."""
    extractor: Any = get_extractor("speech_envelope")
    tone = np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000).astype(np.float32)
    level = extractor.extract(MediaItem.from_audio(np.concatenate([0 * tone, tone]), 48_000))["level"]
    assert level.shape == (50,)
    assert level[:24].max() < 1e-3
    assert level[26:49] == pytest.approx(np.full(23, 1 / np.sqrt(2)), abs=1e-2)
    with pytest.raises(SkipError) as caught:
        extractor.extract(MediaItem.from_audio(0 * tone, 48_000))
    assert caught.value.code == SkipCode.SILENT
