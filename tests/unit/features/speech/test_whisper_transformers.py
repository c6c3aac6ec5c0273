"""Whisper through transformers: a tiny random model of the real class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from avmeter.errors import WeightsError
from support.extractors import cpu_runtime
from support.recognisers import RATE, SPECIAL, WORDS, noise, transcript, whisper, window


@pytest.mark.parametrize(("timestamps", "num_clips"), [(True, 32), (False, 12)])
def test_whisper_in_a_batch_says_what_it_says_alone(whisper_folder: Path, timestamps: bool, num_clips: int) -> None:
    """Text, language and evidence of many clips do not depend on who shares their batch."""
    on = cpu_runtime()
    extractor = whisper(whisper_folder, on, vad=False, timestamps=timestamps)
    clips = [window(noise(0.5 + 0.7 * i, seed=i) * 3 ** (i % 5)) for i in range(num_clips)]
    with torch.inference_mode():
        batch = extractor.run(clips, on)
        alone = [extractor.run([clip], on)[0] for clip in clips]
    texts = [o["segments"][0]["text"] for o in batch]
    assert texts == [o["segments"][0]["text"] for o in alone]
    assert len(set(texts)) > 4
    assert [o["language"] for o in batch] == [o["language"] for o in alone]
    for key in ("no_speech_prob", "avg_logprob"):
        found = [[o["segments"][0][key] for o in outputs] for outputs in (batch, alone)]
        np.testing.assert_allclose(*found, rtol=2e-4, atol=1e-6)
    assert all(o["segments"][0]["avg_logprob"] <= 0 for o in batch)


@pytest.mark.filterwarnings("ignore")
def test_whisper_decodes_as_transformers_does(whisper_folder: Path) -> None:
    """With the language given, the tokens are those of transformers' own `generate`."""
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

    clips = [noise(2.0, seed=i) * 3**i for i in range(4)]
    on = cpu_runtime()
    extractor = whisper(whisper_folder, on, vad=False, language="German", timestamps=False)
    # Timestamps that a trained model would not write without being asked make transformers listen once more.
    tokenizer = Tokenizer.from_file(str(whisper_folder / "tokenizer.json"))
    stamps = list(range(len(WORDS) + len(SPECIAL), tokenizer.get_vocab_size()))
    extractor._net._model.generation_config.suppress_tokens = stamps
    with torch.inference_mode():
        found = [o["segments"][0]["text"] for o in extractor.run([window(c) for c in clips], on)]
    model = WhisperForConditionalGeneration.from_pretrained(whisper_folder).eval()
    model.generation_config.suppress_tokens = stamps
    mels = WhisperFeatureExtractor()(clips, sampling_rate=RATE, return_tensors="pt").input_features
    ids = model.generate(mels, language="de", task="transcribe", max_new_tokens=20)
    wanted = [tokenizer.decode([i for i in row if i < len(WORDS)]).strip() for row in ids.tolist()]
    assert found == wanted
    assert len(set(found)) > 1


def test_whisper_transcribes_the_whole_of_a_long_clip(whisper_folder: Path) -> None:
    """70 s are three windows; their texts and places make one transcript."""
    on = cpu_runtime()
    extractor = whisper(whisper_folder, on, vad=False)
    facts = transcript(extractor, noise(70.0), on).facts
    assert [(s["start_s"], s["end_s"]) for s in facts["segments"]] == [(0.0, 30.0), (30.0, 60.0), (60.0, 70.0)]
    assert facts["text"] == " ".join(s["text"] for s in facts["segments"] if s["text"])
    assert (facts["long_form"], facts["duration_s"], facts["speech_s"]) == (True, 70.0, None)


def test_whisper_takes_the_hint_and_detects_without_one(whisper_folder: Path) -> None:
    on = cpu_runtime()
    assert (
        transcript(whisper(whisper_folder, on, vad=False, language="Chinese"), noise(1), on).facts["language"] == "zh"
    )
    detected = transcript(whisper(whisper_folder, on, vad=False), noise(1), on).facts
    assert detected["language"] in ("en", "de", "zh")
    assert 1 / 3 <= detected["language_probability"] <= 1
    # This model has no Welsh: a hint that it does not know is no hint.
    assert transcript(whisper(whisper_folder, on, vad=False, language="cy"), noise(1), on).facts["language"] in (
        "en",
        "de",
        "zh",
    )


def test_whisper_runs_in_half_precision(whisper_folder: Path) -> None:
    """The network itself is converted, and its text is still text."""
    on = cpu_runtime("bf16")
    extractor = whisper(whisper_folder, on, vad=False)
    assert extractor._net._model.dtype == torch.bfloat16
    assert isinstance(transcript(extractor, noise(1.0), on).facts["text"], str)


def test_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no tokenizer\.json"):
        whisper(tmp_path, cpu_runtime())
