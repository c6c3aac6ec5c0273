"""Prompt and sound by ImageBind: what is needed, and what of the sound is passed on."""

from __future__ import annotations

import numpy as np

from avmeter.features.base import Features
from avmeter.metrics.av.imagebind_text_audio import ImageBindTextAudio
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

CUT = {"num_tokens": 90, "num_dropped": 13, "truncated": True}


def test_notes_on_sound_and_prompt_stand_together() -> None:
    """The sound's first."""
    features = {
        "text": Features(arrays={"embedding": np.array([1.0, 0.0])}, facts=CUT),
        "audio": Features(arrays={"embedding": np.array([1.0, 0.0])}, facts={"hears_silence": "the sound is silent"}),
    }
    result = ImageBindTextAudio().score(Sample(id="a"), FeatureSet(features))
    assert result.details["note"] == "the sound is silent; the prompt has 90 tokens: the last 13 were not read"


def test_prompt_and_sound_are_needed_and_no_video() -> None:
    """A sound file with a prompt has a score."""
    assert {n.field for n in ImageBindTextAudio().needs} == {"text_prompt", "audio"}
    assert ImageBindTextAudio(channel="mean").needs[1].options["channel"] == "mean"
