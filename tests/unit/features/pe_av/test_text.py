"""PE-AV's embeddings of texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from avmeter.features.base import get_extractor
from support import require
from support.extractors import cpu_runtime, extract

require.package("transformers")


def test_text_has_one_embedding_for_each_partner_and_says_what_was_cut(folder: Path) -> None:
    on = cpu_runtime()
    text: Any = get_extractor("pe_av_text", model=str(folder))
    short, long = extract(text, "a dog barks", on), extract(text, "rain " * 600, on)
    assert set(short.arrays) == {"audio", "video", "audio_video"}
    assert short.facts == {"num_tokens": 5, "num_dropped": 0, "truncated": False}
    assert long.facts == {"num_tokens": 602, "num_dropped": 90, "truncated": True}
    assert np.isfinite(extract(text, "дождь \ud83d", on)["audio"]).all()
