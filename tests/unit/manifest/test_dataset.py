"""Rows of data sets become samples."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from avmeter.errors import ManifestError
from avmeter.manifest import from_dataset
from avmeter.sample import as_samples


def test_data_set_rows_become_samples() -> None:
    """Arrays, decoders and paths of a data set are understood; columns map by key."""
    decoder = SimpleNamespace(get_all_samples=lambda: SimpleNamespace(data=np.zeros((1, 8)), sample_rate=8000.0))
    rows = [
        {"speech": {"array": np.zeros(4), "sampling_rate": 16000, "path": None}, "sentence": "hi", "n": 1},
        {"speech": decoder, "sentence": None, "n": 2},
        {"speech": {"path": "a.wav", "bytes": None}, "sentence": "ho", "n": 3},
    ]
    samples = as_samples(from_dataset(rows, {"audio": "speech", "reference_text": "sentence"}))
    rates = [s.media["audio"].sample_rate for s in samples]
    assert rates == [16000, 8000, None]
    assert [s.text("reference_text") for s in samples] == ["hi", None, "ho"]
    with pytest.raises(ManifestError, match="no column `nope`"):
        from_dataset(rows, {"audio": "nope"})


def test_data_set_columns_are_known_by_alias() -> None:
    """Without a mapping the names of manifests apply."""
    (sample,) = from_dataset([{"audio": "a.wav", "caption": "rain"}])
    assert sample == {"audio": "a.wav", "text_prompt": "rain"}
