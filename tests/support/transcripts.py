"""What a recogniser would have made of a clip."""

from __future__ import annotations

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet


def transcribed(
    text: str, *, second: str | None = None, ratio: float | None = 1.0, language: str | None = "en"
) -> FeatureSet:
    """Return the features of a transcript, and of a second recogniser's."""
    features = {"transcript": _transcript(text, ratio, language)}
    if second is not None:
        features["second"] = _transcript(second, ratio, language)
    return FeatureSet(features)


def _transcript(words: str, ratio: float | None, language: str | None) -> Features:
    segment = {"start_s": 0.0, "end_s": 3.0, "text": words, "no_speech_prob": 0.1, "avg_logprob": -0.2,
               "compression_ratio": ratio}  # fmt: skip
    return Features(
        facts={"text": words, "segments": [segment] if words else [], "language": language,
               "language_probability": 0.9, "speech_s": 3.0, "duration_s": 3.0, "long_form": False}
    )  # fmt: skip
