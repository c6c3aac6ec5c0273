"""Similarity of two voices: the cosine of their embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.audio.speaker_similarity import SpeakerSimilarity
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample


@pytest.mark.parametrize(
    ("generated", "reference", "score"), [([1, 0], [1, 0], 1.0), ([1, 0], [0, 1], 0.0), ([1, 0], [-2, 0], -1.0)]
)
def test_similarity_is_the_cosine(generated: list[float], reference: list[float], score: float) -> None:
    features = FeatureSet(
        {
            name: Features(arrays={"embedding": np.array(value, np.float32)}, facts={"speech_s": 2.0})
            for name, value in (("generated", generated), ("reference", reference))
        }
    )
    result = SpeakerSimilarity().score(Sample.of({"audio": "a.wav"}), features)
    assert result.score == pytest.approx(score)
    assert ("question" in result.details) is (score == 1.0)


def test_encoder_chooses_the_extractor() -> None:
    assert {n.extractor for n in SpeakerSimilarity().needs} == {"speaker_ge2e"}
    assert {n.extractor for n in SpeakerSimilarity(encoder="wavlm").needs} == {"speaker_wavlm"}
    with pytest.raises(UnknownNameError):
        SpeakerSimilarity(encoder="wavelm")
    with pytest.raises(UsageError):
        SpeakerSimilarity(model_name="folder")
