"""WavLM with an x-vector head: a tiny random model of the real class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import get_extractor
from support.extractors import cpu_runtime, noise
from support.voices import RATE, embed
from support.wavlm import write_wavlm_folder


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "normalised"])
def wavlm_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wavlm_folder(tmp_path_factory.mktemp("wavlm"), normalises=request.param)


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_embeds_as_transformers_does(wavlm_folder: Path) -> None:
    """The folder's own front end and network, at unit length."""
    from transformers import Wav2Vec2FeatureExtractor, WavLMForXVector

    waveform = noise(2 * RATE)
    found = embed(get_extractor("speaker_wavlm", model_name=str(wavlm_folder)), waveform)["embedding"]
    front, net = (c.from_pretrained(wavlm_folder) for c in (Wav2Vec2FeatureExtractor, WavLMForXVector))
    with torch.no_grad():
        wanted = net.eval()(**front(waveform, sampling_rate=RATE, return_tensors="pt")).embeddings[0]
    np.testing.assert_allclose(found, wanted / wanted.norm(), atol=1e-5)


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_averages_the_pieces_of_a_long_clip(wavlm_folder: Path) -> None:
    """70 s are heard to their end; a rest of a few points is not a piece of its own."""
    extractor = get_extractor("speaker_wavlm", model_name=str(wavlm_folder))
    facts = embed(extractor, noise(70 * RATE)).facts
    assert (facts["num_windows"], facts["speech_s"]) == (3, 70.0)
    assert embed(extractor, noise(30 * RATE + 5)).facts["num_windows"] == 1


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_skips_what_is_too_short(wavlm_folder: Path) -> None:
    with pytest.raises(SkipError) as caught:
        embed(get_extractor("speaker_wavlm", model_name=str(wavlm_folder)), noise(1000))
    assert caught.value.code == SkipCode.NO_SPEECH


def test_folder_that_is_no_wavlm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not a WavLM"):
        get_extractor("speaker_wavlm", model_name=str(tmp_path)).load(cpu_runtime())
