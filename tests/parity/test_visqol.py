"""ViSQOL against visqol-python, stage by stage; see golden/visqol/README.md."""

from __future__ import annotations

import json

import numpy as np
import pytest

from avmeter.dsp.visqol.alignment import best_lag
from avmeter.dsp.visqol.comparison import compare
from avmeter.dsp.visqol.gammatone import in_decibels
from avmeter.dsp.visqol.patches import even_patches, spoken_patches
from avmeter.dsp.visqol.quality import SupportVectors, speech_score
from avmeter.features.quality.visqol import MODES
from avmeter.media import AudioSpec, MediaItem
from avmeter.weights import WeightsSource
from golden.degraded import degraded, synthetic
from support import require
from support.paths import GOLDEN

PUBLISHED = json.loads((GOLDEN / "visqol" / "visqol.json").read_text())
DECIBEL_TOLERANCE = 1e-8
TOLERANCE = 1e-6


def check(likeness, published: dict) -> None:
    """Compare the similarity of every band, and where patches begin."""
    assert likeness.bands == pytest.approx(published["bands"], abs=TOLERANCE)
    assert [match.start_s for match in likeness.matches] == pytest.approx(published["starts_s"], abs=1e-9)


@pytest.mark.parametrize("mode", MODES)
def test_stages_are_the_published_ones(mode: str) -> None:
    """Lag, spectrograms and patches of a clip that is late, quiet and noisy."""
    settings = MODES[mode]
    reference = synthetic(settings.sample_rate)
    generated = degraded(reference, settings.sample_rate)["late"]
    published = PUBLISHED[f"{mode}/synth/late"]["stages"]
    assert best_lag(reference, generated) == published["lag"]
    spectrograms = in_decibels(*(settings.bank.spectrogram(side) for side in (reference, generated)))
    for found, expected in zip(spectrograms, published["spectrograms"], strict=True):
        assert pytest.approx(np.array(expected), abs=DECIBEL_TOLERANCE) == found[:, ::20].T
    num_frames = spectrograms[0].shape[1]
    starts = (
        spoken_patches(reference, settings.bank, num_frames, settings.patch_length)
        if settings.is_speech
        else even_patches(num_frames, settings.patch_length)
    )
    assert starts == published["starts"]


@pytest.mark.parametrize("name", [n for n in PUBLISHED if "/synth/" in n])
def test_similarity_of_bands_is_the_published_one(name: str) -> None:
    """Of noisy, late, early, dull, broken and short sound."""
    mode, _, damage = name.split("/")
    rate = MODES[mode].sample_rate
    reference = synthetic(rate)
    likeness = compare(reference, degraded(reference, rate)[damage], MODES[mode])
    check(likeness, PUBLISHED[name])
    if mode == "speech":
        assert speech_score(likeness.bands) == pytest.approx(PUBLISHED[name]["mos"], abs=TOLERANCE)


@pytest.mark.parametrize("name", [n for n in PUBLISHED if n.startswith("audio/")])
def test_support_vectors_give_the_published_scores(name: str) -> None:
    """Of every set of bands."""
    require.weights("visqol-audio")
    vectors = SupportVectors.read(WeightsSource().path("visqol-audio"))
    assert vectors.score(np.array(PUBLISHED[name]["bands"])) == pytest.approx(PUBLISHED[name]["mos"], abs=TOLERANCE)


@pytest.mark.parametrize("name", [n for n in PUBLISHED if "/ltx2/" in n])
def test_real_clip_has_the_published_similarities(name: str) -> None:
    """Three seconds with music and voices."""
    mode, _, damage = name.split("/")
    rate = MODES[mode].sample_rate
    with MediaItem.open(require.media("ltx2.wav")) as item:
        reference = np.asarray(item.audio(AudioSpec(sample_rate=rate))[:], np.float64)[: 3 * rate]
    check(compare(reference, degraded(reference, rate)[damage], MODES[mode]), PUBLISHED[name])
