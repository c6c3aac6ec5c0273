"""Features as extractors would make them, without networks: what corpus and per-sample metrics are held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet, Metric
from avmeter.nets.synchformer import OFFSET_GRID_S
from avmeter.sample import Sample
from support.judge import decided

DIM = 16

Maker = Callable[[np.random.Generator], Features]


def tagged(rng: np.random.Generator) -> Features:
    """Of a tagger: logits (527,) and an embedding (16,)."""
    arrays = {
        "logits": rng.standard_normal(527).astype(np.float32),
        "embedding": rng.standard_normal(DIM).astype(np.float32),
    }
    return Features(arrays=arrays, facts={"used_seconds": 5.0})


def compared(rng: np.random.Generator) -> Features:
    """Of Synchformer's comparison: logits (2, 21)."""
    return offsets(*rng.choice(OFFSET_GRID_S, 2))


def offsets(front_s: float, back_s: float) -> Features:
    """Of Synchformer's comparison: these offsets are the likeliest."""
    grid = np.asarray(OFFSET_GRID_S)
    logits = np.stack([-np.abs(grid - s) for s in (front_s, back_s)]).astype(np.float32) * 3
    facts = {"grid_s": list(OFFSET_GRID_S), "num_video_segments": 14, "num_audio_segments": 14, "stretched": None}
    return Features(arrays={"logits": logits, "start_s": np.zeros(2)}, facts=facts)


def embedded(*names: str, **facts: Any) -> Maker:
    """Of a network with these embeddings, (16,) each."""

    def make(rng: np.random.Generator) -> Features:
        return Features(arrays={n: rng.standard_normal(DIM).astype(np.float32) for n in names}, facts=facts)

    return make


def judged(*scales: str) -> Maker:
    """Of a network that predicts opinion scores: one fact for each scale, 1 to 5."""

    def make(rng: np.random.Generator) -> Features:
        scores = {name: float(rng.uniform(1, 5)) for name in scales}
        return Features(facts={**scores, "silent": False, "high_band_only": False})

    return make


def transcribed(rng: np.random.Generator) -> Features:
    """Of a recogniser: five words, some of them right (see `TEXTS`)."""
    words = [word if rng.random() < 0.7 else "other" for word in TEXTS["reference_text"].split()]
    facts = {
        "text": " ".join(words), "segments": [], "language": "en", "language_probability": 0.9, "speech_s": 3.0,
        "duration_s": 3.0, "long_form": False,
    }  # fmt: skip
    return Features(facts=facts)


def metered(rng: np.random.Generator) -> Features:
    """Of a loudness meter."""
    return Features(facts={"integrated_lufs": float(rng.uniform(-40, -10)), "reasons": {}})


def with_onsets(rng: np.random.Generator) -> Features:
    """Of an onset detector: four times within five seconds."""
    return Features(arrays={"times_s": np.sort(rng.uniform(0, 5, 4))}, facts={"duration_s": 5.0})


def beside_onsets(rng: np.random.Generator) -> Features:
    """Of an onset detector on two sounds: four times within five seconds, two to four of them found, more or less."""
    reference = np.sort(rng.uniform(0, 5, 4))
    count = rng.integers(2, 5)
    generated = np.sort(reference[:count] + rng.normal(0, 0.1, count))
    loudness = rng.uniform(0.1, 1, count)
    arrays = {"generated_s": generated, "reference_s": reference, "confidence": loudness, "level": loudness}
    facts = {"used_seconds": 5.0, "generated_duration_s": 5.0, "reference_duration_s": 5.0}
    return Features(arrays=arrays, facts=facts)


def moving(rng: np.random.Generator) -> Features:
    """Of optical flow at 10 frames a second for five seconds."""
    return Features(arrays={"times_s": np.arange(50) / 10, "magnitude": rng.uniform(0, 3, 50)})


def frames(rng: np.random.Generator) -> Features:
    """Of ImageBind, frame by frame: four seconds at 5 frames a second."""
    arrays = {"times_s": np.arange(20) / 5, "embedding": rng.standard_normal((20, DIM)).astype(np.float32)}
    return Features(arrays=arrays, facts={"duration_s": 4.0})


def windows(rng: np.random.Generator) -> Features:
    """Of ImageBind, window by window: two seconds each, one every half."""
    starts = np.arange(5) / 2
    embedding = rng.standard_normal((len(starts), DIM)).astype(np.float32)
    return Features(arrays={"start_s": starts, "duration_s": np.full(len(starts), 2.0), "embedding": embedding})


def with_motion(rng: np.random.Generator) -> Features:
    """Of Physics-IQ's comparison of two clips: ten frames."""
    arrays = {"mse": rng.uniform(0, 0.1, 10).round(4), "iou": rng.uniform(0.2, 1, 10).round(4)}
    facts = {
        "spatial_iou": rng.uniform(0.2, 1), "weighted_spatial_iou": rng.uniform(0.2, 1),
        "num_frames": 10, "num_generated_frames": 10, "num_reference_frames": 10,
    }  # fmt: skip
    return Features(arrays=arrays, facts=facts)


def embedded_frames(rng: np.random.Generator) -> Features:
    """Of a network that reads every frame: four of them."""
    return Features(arrays={"embedding": rng.standard_normal((4, DIM)).astype(np.float32)}, facts={"num_frames": 4})


def with_flow(rng: np.random.Generator) -> Features:
    """Of RAFT, eight times a second: seven pairs of frames of a clip that moves, or does not."""
    facts = {"fps": 24.0, "interval": 3, "num_frames": 24, "num_frames_read": 8, "short_side": 256}
    return Features(arrays={"magnitude": rng.uniform(0, rng.choice([5, 12]), 7)}, facts=facts)


def interpolated(rng: np.random.Generator) -> Features:
    """Of AMT: four frames that were left out."""
    return Features(arrays={"mae": rng.uniform(0, 20, 4)}, facts={"num_frames": 9})


def rated_frames(rng: np.random.Generator) -> Features:
    """Of LAION's predictor: four frames, about 1 to 10."""
    return Features(arrays={"rating": rng.uniform(1, 10, 4).astype(np.float32)}, facts={"num_frames": 4})


def judged_frames(rng: np.random.Generator) -> Features:
    """Of MUSIQ: four frames, about 0 to 100."""
    return Features(arrays={"quality": rng.uniform(0, 100, 4).astype(np.float32)}, facts={"num_frames": 4})


TEXTS = {"reference_text": "the quick brown fox jumps", "language": "en"}
"""Texts of every sample; the prompt is one of each sample's own."""


def dialogue(rng: np.random.Generator) -> dict[str, Any]:
    """Texts of a sample in which two speak, and what a recogniser heard of it."""
    said = {"Ann": "the quick brown fox jumps", "Bob": "over the lazy dog"}
    heard = {"0": said["Bob"].split()[int(rng.integers(3)) :], "1": said["Ann"].split()[: int(rng.integers(1, 6))]}
    return {
        "reference_text": [{"speaker": name, "text": text} for name, text in said.items()],
        "given_transcript": [{"speaker": name, "text": " ".join(words)} for name, words in heard.items()],
        "language": "en",
    }


READ = {"num_tokens": 5, "num_dropped": 0, "truncated": False}

MAKERS: Mapping[str, Maker] = MappingProxyType(
    {
        "passt": tagged,
        "synchformer_offset": compared,
        "whisper": transcribed,
        "clap_audio": embedded("embedding", model="clap-htsat-fused"),
        "clap_text": embedded("embedding", model="clap-htsat-fused", **READ),
        "speaker_ge2e": embedded("embedding", speech_s=3.0),
        "imagebind_audio": embedded("embedding"),
        "imagebind_audio_windows": windows,
        "imagebind_frames": frames,
        "imagebind_text": embedded("embedding", **READ),
        "imagebind_video": embedded("embedding"),
        "pe_av_embedding": embedded("audio", "video", "audio_video", sound_s=5.0, picture_s=5.0),
        "pe_av_text": embedded("audio", "video", "audio_video", **READ),
        "dino_frames": embedded_frames,
        "raft_magnitude": with_flow,
        "amt_interpolation": interpolated,
        "clip_frames": embedded_frames,
        "clip_text": embedded("embedding", **READ),
        "laion_aesthetic": rated_frames,
        "musiq": judged_frames,
        "viclip_video": embedded("embedding", num_frames=30),
        "viclip_text": embedded("embedding", **READ),
        "fid_inception": embedded_frames,
        "i3d": embedded("embedding", num_frames=30),
        "audiobox": judged("PQ", "PC", "CE", "CU"),
        "dnsmos": judged("ovrl", "sig", "bak", "p808"),
        "loudness": metered,
        "motion": moving,
        "onset_pair": beside_onsets,
        "onsets": with_onsets,
        "physics_iq_pair": with_motion,
        "judge_pair": decided,
    }
)
"""Extractor -> its features. A corpus metric over another one needs a line here; a metric of clips may have one."""


def can_be_made(metric: Metric) -> bool:
    """Whether all features that the metric needs can be made here."""
    return all(need.extractor in MAKERS for need in metric.needs)


def samples(metric: Metric, count: int, *, seed: int = 0, equal_sides: bool = False) -> list[tuple[Sample, FeatureSet]]:
    """Samples and what the metric gets for each."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):
        features = FeatureSet({need.name: MAKERS[need.extractor](rng) for need in metric.needs})
        if equal_sides and "reference" in features:
            features["reference"] = features["generated"]
        texts = dialogue(rng) if "given_transcript" in metric.requires else TEXTS
        made.append((Sample.of({"id": f"{i:03}", "text_prompt": f"prompt {i}", **texts}), features))
    return made
