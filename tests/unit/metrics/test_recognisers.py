"""Speech recognisers by backend and engine."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.metrics.recognisers import (
    GIVEN,
    RECOGNISERS,
    default_engine,
    find_recogniser,
    recogniser_choices,
    transcript_needs,
)
from avmeter.registry import EXTRACTORS


@pytest.mark.parametrize("backend", RECOGNISERS)
def test_backend_without_an_engine_is_run_by_its_first(backend: str) -> None:
    """And every one is an extractor that there is, but for transcripts that are given."""
    assert find_recogniser(backend) is find_recogniser(backend, default_engine(backend))
    for engine in RECOGNISERS[backend]:
        assert find_recogniser(backend, engine).extractor in {*EXTRACTORS.names(), None}


def test_unknown_backend_or_engine_is_refused_by_name() -> None:
    """An engine of another backend is as unknown as one of none."""
    with pytest.raises(UnknownNameError, match="did you mean `whisper`"):
        find_recogniser("whispr")
    with pytest.raises(UnknownNameError, match="engine of asr_backend `sensevoice`"):
        find_recogniser("sensevoice", "faster-whisper")


def test_language_is_passed_on_only_where_it_is_taken() -> None:
    """GLM-ASR has no such option."""
    (whisper,) = transcript_needs("t", find_recogniser("whisper"), {})
    assert whisper.options_from == {"language": "language"}
    (glm_asr,) = transcript_needs("t", find_recogniser("glm_asr"), {"instruction": "x"}, optional=True)
    assert glm_asr.options_from == {}
    assert glm_asr.optional


def test_given_transcript_needs_nothing() -> None:
    """No sound is read for it."""
    assert transcript_needs("t", find_recogniser(GIVEN), {}) == ()


def test_choices_have_every_backend_and_engine_once() -> None:
    """And the sizes of Whisper that the catalog has."""
    choices = recogniser_choices()
    assert set(choices["asr_backend"]) == set(RECOGNISERS)
    assert sorted(choices["engine"]) == ["avmeter", "faster-whisper", "none", "sherpa-onnx", "transformers"]
    assert "large-v3-turbo" in choices["model_name"]
