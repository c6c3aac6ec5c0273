"""Speaker similarity of made-up voices, and the choice of an encoder."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.audio.speaker_similarity import SpeakerSimilarity
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample


def score(generated: list[float], reference: list[float]) -> MetricResult:
    voices = {
        "generated": Features(arrays={"embedding": np.array(generated)}, facts={"speech_s": 2.0}),
        "reference": Features(arrays={"embedding": np.array(reference)}, facts={"speech_s": 3.0}),
    }
    return SpeakerSimilarity().score(Sample(id="a"), FeatureSet(voices))


def test_score_is_the_cosine_and_says_how_much_speech_it_is_from() -> None:
    """Of either side."""
    result = score([1.0, 0.0], [1.0, 1.0])
    assert result.score == pytest.approx(0.5**0.5)
    assert (result.details["speech_s"], result.details["reference_speech_s"]) == (2.0, 3.0)
    assert "question" not in result.details


@pytest.mark.parametrize(
    ("generated", "reference", "expected"), [([1, 0], [1, 0], 1.0), ([1, 0], [0, 1], 0.0), ([1, 0], [-2, 0], -1.0)]
)
def test_scale_reaches_from_opposite_to_equal(generated: list[float], reference: list[float], expected: float) -> None:
    """Whatever the lengths; only equal voices raise a question."""
    result = score(generated, reference)
    assert result.score == pytest.approx(expected)
    assert ("question" in result.details) is (expected == 1.0)


def test_equal_voices_raise_a_question() -> None:
    """No two recordings have one embedding to the last digit."""
    assert "is it one file" in score([1.0, 2.0], [2.0, 4.0]).details["question"]


def test_encoder_decides_what_both_sides_are_embedded_with() -> None:
    """And only WavLM has a choice of models."""
    encoders = {
        "resemblyzer": "speaker_ge2e",
        "wavlm": "speaker_wavlm",
        "wavlm-ecapa": "speaker_wavlm_ecapa",
    }
    assert tuple(SpeakerSimilarity.choices()["encoder"]) == tuple(encoders)
    for encoder, extractor in encoders.items():
        metric = SpeakerSimilarity(encoder=encoder)
        assert [(n.field, n.extractor) for n in metric.needs] == [("audio", extractor), ("reference_audio", extractor)]
        assert metric.options() == {"protocol": "fastvideo", "encoder": encoder}
    assert SpeakerSimilarity(encoder="wavlm", model_name="m").options()["model_name"] == "m"
    for encoder in ("resemblyzer", "wavlm-ecapa"):
        with pytest.raises(UsageError, match="has one model only"):
            SpeakerSimilarity(encoder=encoder, model_name="m")
    with pytest.raises(UnknownNameError, match="did you mean `wavlm`"):
        SpeakerSimilarity(encoder="wavlmm")
