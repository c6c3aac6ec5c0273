"""Transcripts of the batched window loop against faster-whisper's own, with real weights: Whisper base and tiny.en."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.features.whisper_batches import WhisperBatches
from avmeter.weights import WeightsSource
from support import require
from support.speech import needs_speech, speak

ENTRY = "faster-whisper-base"
RATE = 16_000
pytestmark = [pytest.mark.full, needs_speech]


def published(net: Any, waveform: np.ndarray, language: str | None) -> tuple[str, list[tuple[Any, ...]]]:
    segments, info = net.transcribe(
        waveform, language=language, beam_size=1, temperature=0.0, condition_on_previous_text=False
    )
    return info.language, [
        (s.start, s.end, s.text.strip(), s.no_speech_prob, s.avg_logprob, s.compression_ratio) for s in segments
    ]


def whisper(entry: str, need: Any) -> Any:
    """The published program on a checkpoint that must be here."""
    import faster_whisper

    need(entry)
    return faster_whisper.WhisperModel(str(WeightsSource().folder(entry)), device="cpu", compute_type="float32")


@pytest.mark.parametrize(
    ("entry", "need", "language"),
    [
        (ENTRY, require.weights, None),
        (ENTRY, require.weights, "en"),
        ("faster-whisper-tiny.en", require.fetched, None),
    ],
)
def test_segments_are_those_of_faster_whisper(entry: str, need: Any, language: str | None) -> None:
    """To the bit, one clip at a time: times, words and evidence, also of a clip longer than a window."""
    net = whisper(entry, need)
    texts = ("The train to London leaves at ten o'clock.", "Nobody knew where the old road would lead them.")
    clips = [speak(text, "en-us", sample_rate=RATE)[0] for text in texts]
    clips.append(np.concatenate([np.pad(clip, (0, RATE)) for clip in clips * 5]))
    for clip in clips:
        (found,) = WhisperBatches(net).transcribe([net.feature_extractor(clip)], language, beam_size=1)
        segments = [
            (s["start_s"], s["end_s"], s["text"], s["no_speech_prob"], s["avg_logprob"], s["compression_ratio"])
            for s in found.segments
        ]
        assert (found.language, segments) == published(net, clip, language)


def test_words_do_not_depend_on_the_batch() -> None:
    """Clips of one batch are understood as each alone."""
    net = whisper(ENTRY, require.weights)
    texts = ("Stop here.", "She sells fresh bread.")
    clips = [net.feature_extractor(speak(text, "en-us", sample_rate=RATE)[0]) for text in texts]
    model = WhisperBatches(net)
    alone = [model.transcribe([clip], None, beam_size=1)[0] for clip in clips]
    together = model.transcribe(clips, None, beam_size=1)
    assert [[s["text"] for s in c.segments] for c in together] == [[s["text"] for s in c.segments] for c in alone]
