"""Sound as PE-AV's codec encodes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import SkipError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support import require
from support.extractors import cpu_runtime, extract
from support.media import tone
from support.pe_av import CONFIG
from support.pe_av_features import RATE

require.package("transformers")


def test_sound_is_one_vector_every_40_ms(folder: Path) -> None:
    """Other rates are resampled, channels mixed, the last part filled up."""
    for rate in (16_000, 44_100, 48_000):
        wave = np.stack([tone(440, 0.3, rate, 1.01)] * 2)
        extractor = get_extractor("pe_av_codec", model=str(folder))
        features = extract(extractor, MediaItem.from_audio(wave, rate), cpu_runtime())
        assert features["vectors"].shape == (26, CONFIG.codec.latent_dim)
        assert features.facts["sound_s"] == pytest.approx(1.01, abs=1e-3)


@pytest.mark.parametrize(
    ("wave", "code"),
    [(np.zeros(RATE, np.float32), "silent"), (tone(440, 0.3, RATE, 0.039), "too_short"),
     (np.full(RATE, np.nan, np.float32), "non_finite"), (np.zeros(0, np.float32), "empty_audio")],
    ids=["silence", "39 ms", "NaN", "nothing"],
)  # fmt: skip
def test_sound_that_says_nothing_is_skipped_by_name(folder: Path, wave: np.ndarray, code: str) -> None:
    with pytest.raises(SkipError) as caught:
        next(get_extractor("pe_av_codec", model=str(folder)).windows(MediaItem.from_audio(wave, RATE)))  # type: ignore[attr-defined]
    assert str(caught.value.code) == code
