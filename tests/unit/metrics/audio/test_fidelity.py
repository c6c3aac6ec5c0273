"""Fidelity of sound."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import SkipCode
from golden import synth
from support.media import write_media, write_pcm_wav

NAME = "audio.fidelity"
RATE = 16_000
SOUND = synth.chirp_noise(RATE, 1, seed=2)


def test_files_and_arrays_are_compared_alike(tmp_path) -> None:
    """16 bits of the same sound, and the sound track of a video as the reference."""
    quiet = write_pcm_wav(tmp_path / "a.wav", 0.5 * SOUND, RATE)
    reference = write_media(tmp_path / "b.mkv", wave=SOUND, sample_rate=RATE, audio_codec="pcm_s16le")
    evaluator = create_evaluator(metrics=[NAME], device="cpu")
    in_memory = evaluator.evaluate(audio=(0.5 * SOUND, RATE), reference_audio=(SOUND, RATE))[NAME]
    of_files = evaluator.evaluate(audio=quiet, reference=reference)[NAME]
    assert in_memory.score == pytest.approx(6.0206, abs=1e-3)
    assert of_files.score == pytest.approx(in_memory.score, abs=0.01)
    assert in_memory.details["relative_l2"] == pytest.approx(0.5)
    assert "note" not in in_memory.details


def test_lengths_are_equal_unless_said_otherwise() -> None:
    """A skip for one who wants the same, a note for one who says what to do."""
    sample = {"audio": (SOUND[:-100], RATE), "reference_audio": (SOUND, RATE)}
    strict = create_evaluator(metrics=[NAME], device="cpu").evaluate(**sample)[NAME]
    assert strict.skip.code == SkipCode.LENGTH_MISMATCH
    for lengths, how in (("cut", "the longer was cut"), ("pad", "silence was added")):
        evaluator = create_evaluator(metrics=[NAME], device="cpu", options={NAME: {"lengths": lengths}})
        found = evaluator.evaluate(**sample)[NAME]
        assert np.isfinite(found.score)
        assert how in found.details["note"]
