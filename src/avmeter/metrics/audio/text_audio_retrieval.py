"""Retrieval of prompts by sounds and of sounds by prompts: does CLAP find which sound was made from which prompt?

    audio to text    for each clip, all prompts by falling cosine: the place of its own prompt
    text to audio    for each prompt, all clips by falling cosine: the best place of a clip made from it

recall@k is the share of places up to k. Clips that share a prompt all count as its match, and a prompt is a candidate
once. A candidate that ties with the match goes before it, so that a model whose sounds are all alike finds nothing.
Values depend on the number of candidates: compare sets of one size, and see `chance`. A recall that is 1 whatever the
model does, because k reaches the number of candidates, is left out. Prompts differ if a single character does, but one
above the checkpoint's limit of tokens is cut, and the details count those.

A good value: that of the real clips with their captions; `chance` is what guessing gets.
Not seen: sound quality and timing; a model of distinct but poor sounds retrieves well.

Source: Wu, Chen, Zhang et al., "Large-Scale Contrastive Language-Audio Pretraining" (ICASSP 2023), section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import CorpusMetric, FeatureSet
from avmeter.metrics.clap_metric import ClapMetric
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

CUTOFFS = (1, 5, 10)
# Cosines closer than this are a tie: the same clip twice need not give the same bits.
_TIE = 1e-6
_BLOCK = 1024

_Rows = npt.NDArray[np.float64]
_Places = npt.NDArray[np.int64]


@dataclass(kw_only=True)
class RetrievalState:
    """Embeddings of clips and their prompts, and of each distinct prompt once.

    Attributes:
        sounds: One row (D,) per clip.
        prompts: The prompt of each clip.
        texts: Prompt -> its row (D,).
        truncated: Prompts whose end was not read.
        model: Checkpoint that made the rows.
    """

    sounds: list[npt.NDArray[np.float32]] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    texts: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    truncated: set[str] = field(default_factory=set)
    model: str | None = None


@register("audio.text_audio_retrieval")
class TextAudioRetrieval(ClapMetric, CorpusMetric):
    """Share of clips whose own prompt is the nearest of all (audio to text, recall@1), 0 to 1; higher is better."""

    direction = "higher"
    range = (0.0, 1.0)
    takes_references = False
    min_samples = 11  # one more than the largest k of recall@k

    def start(self) -> RetrievalState:
        return RetrievalState()

    def update(self, state: RetrievalState, sample: Sample, features: FeatureSet) -> RetrievalState:
        sound, text = (_unit(features[side]["embedding"], sample.id) for side in ("audio", "text"))
        prompt = str(sample.text("text_prompt"))
        state.sounds.append(sound)
        state.prompts.append(prompt)
        state.texts.setdefault(prompt, text)
        if features["text"].facts.get("truncated"):
            state.truncated.add(prompt)
        state.model = state.model or features["audio"].facts.get("model")
        return state

    def merge(self, a: RetrievalState, b: RetrievalState) -> RetrievalState:
        return RetrievalState(
            sounds=a.sounds + b.sounds,
            prompts=a.prompts + b.prompts,
            texts={**b.texts, **a.texts},
            truncated=a.truncated | b.truncated,
            model=a.model or b.model,
        )

    def finish(self, state: RetrievalState) -> MetricResult:
        prompts = list(dict.fromkeys(state.prompts))
        if len(prompts) < 2:
            raise SkipError(
                SkipCode.TOO_FEW_SAMPLES,
                f"{self.name}: needs at least 2 different prompts, got {len(prompts)} over {len(state.sounds)} clips",
                hint="for single clips use `audio.clap_score`",
            )
        sounds = np.stack(state.sounds).astype(np.float64)
        texts = np.stack([state.texts[p] for p in prompts]).astype(np.float64)
        number = {p: i for i, p in enumerate(prompts)}
        own = np.array([number[p] for p in state.prompts])
        by_sound = _summary(_places_of_prompts(sounds, texts, own), num_places=len(texts))
        # Clips of one prompt do not stand before each other.
        num_before = len(sounds) - int(np.bincount(own).min())
        by_text = _summary(_places_of_sounds(sounds, texts, own), num_places=1 + num_before)
        details: dict[str, Any] = {
            "model": state.model,
            "num_clips": len(sounds),
            "num_prompts": len(texts),
            "num_truncated_prompts": len(state.truncated),
            "chance": 1 / len(texts),
            **by_sound,
            "text_to_audio": by_text,
        }
        if notes := _notes(len(texts), len(state.truncated)):
            details["note"] = "; ".join(notes)
        return MetricResult(self.name, by_sound["recall@1"], details)


def _unit(embedding: npt.NDArray[Any], where: str) -> npt.NDArray[np.float32]:
    row = np.asarray(embedding, np.float64)
    length = float(np.linalg.norm(row))
    if not np.isfinite(length) or length == 0.0:
        raise SkipError(SkipCode.NON_FINITE, f"{where}: an embedding is not finite or has length 0")
    return np.asarray(row / length, np.float32)


def _places_of_prompts(sounds: _Rows, texts: _Rows, own: npt.NDArray[np.intp]) -> _Places:
    """Place, from 1, of each clip's own prompt among all prompts: (N,)."""
    places = []
    for start in range(0, len(sounds), _BLOCK):
        cosines = sounds[start : start + _BLOCK] @ texts.T
        rows, columns = np.arange(len(cosines)), own[start : start + _BLOCK]
        match = cosines[rows, columns].copy()
        cosines[rows, columns] = -np.inf
        places.append(1 + (cosines >= match[:, None] - _TIE).sum(axis=1))
    return np.concatenate(places)


def _places_of_sounds(sounds: _Rows, texts: _Rows, own: npt.NDArray[np.intp]) -> _Places:
    """Best place, from 1, of a clip made from each prompt, among all clips: (M,)."""
    places = []
    for start in range(0, len(texts), _BLOCK):
        cosines = texts[start : start + _BLOCK] @ sounds.T
        matches = own[None, :] == np.arange(start, start + len(cosines))[:, None]
        best = np.where(matches, cosines, -np.inf).max(axis=1)
        places.append(1 + ((cosines >= best[:, None] - _TIE) & ~matches).sum(axis=1))
    return np.concatenate(places)


def _summary(places: _Places, *, num_places: int) -> dict[str, float]:
    """Recall at each cutoff that not every place is within, and the median place."""
    recalls = {f"recall@{k}": float((places <= k).mean()) for k in CUTOFFS if k < num_places}
    return {**recalls, "median_rank": float(np.median(places))}


def _notes(num_prompts: int, num_truncated: int) -> list[str]:
    notes = []
    if num_prompts <= CUTOFFS[-1]:
        notes.append(f"{num_prompts} prompts: recall@k says nothing where k reaches that, and is left out")
    if num_truncated:
        were = "prompt was" if num_truncated == 1 else "prompts were"
        notes.append(f"{num_truncated} {were} too long, and what they end with was not read")
    return notes
