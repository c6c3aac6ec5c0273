"""Word error rates with the real weights of Whisper base, on a real clip and on speech made on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.evaluator import Evaluator
from avmeter.weights import WeightsSource
from support import require
from support.paths import MEDIA
from support.speech import needs_speech, speak
from support.whisper import write_transformers_folder

LTX2 = MEDIA / "ltx2.wav"
LTX2_TEXT = "That's it. Dad's lost it. And we've lost Dad. Stop being so dramatic, Jess."
ENTRY = "faster-whisper-base"
RATE = 16_000

needs_weights = require.needs(
    "weights", WeightsSource().available(ENTRY), f"no weights of Whisper base: avmeter weights fetch {ENTRY}"
)
needs_clip = require.needs("media", LTX2.is_file(), "the real media clips are not on this machine")
pytestmark = [needs_weights]


@pytest.fixture(scope="module")
def whisper() -> Iterator[Evaluator]:
    evaluator = Evaluator("audio.wer", "cpu")
    yield evaluator
    evaluator.shutdown()


@needs_speech
def test_rendered_speech_is_understood(whisper: Evaluator, rendered_clips: list[dict[str, Any]]) -> None:
    """What the rendered clips say, in two languages, is what they are scored by."""
    spoken = [s for s in rendered_clips if "reference_text" in s]
    results = whisper.evaluate(samples=[{k: s[k] for k in ("video", "reference_text", "id")} for s in spoken])
    assert [row["audio.wer"].details["detected_language"] for row in results] == ["en", "es"]
    assert results[0]["audio.wer"].score == 0.0
    assert results[1]["audio.wer"].score < 0.5


@needs_clip
@pytest.mark.media
def test_clean_dialogue_is_understood_and_silence_is_not(whisper: Evaluator) -> None:
    """0 errors on a real clip; silence and noise have no words; an absent file counts as deletions of its words."""
    rng = np.random.default_rng(0)
    results = whisper.evaluate(
        samples=[
            {"audio": LTX2, "reference_text": LTX2_TEXT, "id": "clip"},
            {"audio": (np.zeros(4 * RATE, np.float32), RATE), "reference_text": "two words", "id": "silence"},
            {"audio": ((0.1 * rng.standard_normal(4 * RATE)).astype(np.float32), RATE),
             "reference_text": "two words", "id": "noise"},
            {"audio": MEDIA / "absent.wav", "reference_text": "three more words", "id": "absent"},
        ]
    )  # fmt: skip
    clip, silence, noise, absent = (row["audio.wer"] for row in results)
    assert clip.score == 0.0
    assert clip.details["detected_language"] == "en"
    assert clip.details["speech_s"] > 3
    for empty in (silence, noise):
        assert (empty.score, empty.details["raw_transcription"], empty.details["speech_s"]) == (1.0, "", 0.0)
    assert absent.score is None
    corpus = results.corpus["audio.wer"]
    assert corpus.details["words"] == 14 + 2 + 2 + 3
    assert corpus.score == pytest.approx(7 / 21)
    assert corpus.details["wer_scored_only"] == pytest.approx(4 / 18)


@needs_speech
@pytest.mark.full
def test_speech_beyond_one_window_is_transcribed_whole(whisper: Evaluator) -> None:
    """Ten seconds of speech four times: the long clip's rate is that of the short one."""
    text = (
        "The small boat left the harbour early in the morning, and the sea was calm. "
        "By noon the wind had turned, and everybody on board was looking for the shore."
    )
    once, _ = speak(text, "en-us", rate=165)
    gap = np.zeros(round(0.5 * RATE), np.float32)
    four = np.concatenate([np.concatenate([once, gap])] * 4)
    assert len(four) > 36 * RATE
    short, long = (
        row["audio.wer"]
        for row in whisper.evaluate(
            samples=[
                {"audio": (once, RATE), "reference_text": text, "language": "en", "id": "once"},
                {"audio": (four, RATE), "reference_text": " ".join([text] * 4), "language": "en", "id": "four"},
            ]
        )
    )
    assert (short.details["long_form"], long.details["long_form"]) == (False, True)
    assert abs(long.score - short.score) <= 0.02
    assert short.score < 0.2
    assert long.details["loop_suspected"] is False


SPOKEN = {
    "en": ("en-us", "She sells fresh bread at the market every Saturday morning.", 0.1),
    "de": ("de", "Guten Morgen, ich möchte bitte eine Tasse Kaffee.", 0.15),
    "es": ("es", "Hoy hace buen tiempo y vamos a caminar por el parque.", 0.15),
    "pt": ("pt-br", "Bom dia, eu gostaria de um café com leite.", 0.3),
    "ja": ("ja", "おはようございます。きょうはいいてんきです。", 0.7),
}
"""Language: voice, text, and the rate that was seen with room for other versions of espeak-ng and CTranslate2."""


@needs_speech
@pytest.mark.full
def test_synthetic_voices_of_five_languages_are_mostly_understood(whisper: Evaluator) -> None:
    """Robotic speech is still speech where Whisper base is strong; Japanese is scored by character."""
    results = whisper.evaluate(
        samples=[
            {"audio": speak(text, voice, rate=140), "reference_text": text, "language": language, "id": language}
            for language, (voice, text, _) in SPOKEN.items()
        ]
    )
    rates = {language: row["audio.wer"].score for language, row in zip(SPOKEN, results, strict=True)}
    assert {k: v for k, v in rates.items() if v > SPOKEN[k][2]} == {}
    assert [row["audio.wer"].details["char_level"] for row in results] == [False] * 4 + [True]
    assert set(results.corpus["audio.wer"].details["by_language"]) == set(SPOKEN)


@needs_clip
@pytest.mark.media
def test_transformers_hear_what_faster_whisper_hears(tmp_path: Path) -> None:
    """The same weights in the other layout, batched: the same words of the real clip."""
    write_transformers_folder(WeightsSource().folder(ENTRY), tmp_path)
    options: dict[str, Any] = {"engine": "transformers", "model_name": str(tmp_path)}
    evaluator = Evaluator("audio.wer", "cpu", options={"audio.wer": options})
    (row,) = evaluator.evaluate(samples=[{"audio": LTX2, "reference_text": LTX2_TEXT}])
    evaluator.shutdown()
    assert row["audio.wer"].score == 0.0
    assert row["audio.wer"].details["detected_language"] == "en"
    assert row["audio.wer"].details["no_speech_prob"] < 0.2
