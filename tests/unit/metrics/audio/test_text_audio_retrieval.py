"""Retrieval on embeddings whose answer is known."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.audio.text_audio_retrieval import CUTOFFS, RetrievalState, TextAudioRetrieval
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample

METRIC = TextAudioRetrieval()


def state_of(
    sounds: Any, texts: Any, prompts: Sequence[str] | None = None, first: int = 0, *, truncated: Sequence[str] = ()
) -> RetrievalState:
    """A state over rows of sounds and the rows of their prompts, of which some were too long."""
    state = METRIC.start()
    for i, (sound, text) in enumerate(zip(sounds, texts, strict=True), start=first):
        prompt = prompts[i - first] if prompts else f"prompt {i}"
        sample = Sample.of({"audio": "a.wav", "text_prompt": prompt, "id": str(i)})
        found = {
            name: Features(arrays={"embedding": np.asarray(row, np.float32)}, facts={"model": "m", **facts})
            for name, row, facts in (("audio", sound, {}), ("text", text, {"truncated": prompt in truncated}))
        }
        state = METRIC.update(state, sample, FeatureSet(found))
    return state


def finish(*given: Any) -> MetricResult:
    return METRIC.finish(state_of(*given))


def test_sounds_equal_to_their_prompts_are_all_found() -> None:
    """Every place is 1, in both directions."""
    rows = np.eye(20)
    result = finish(rows, 3 * rows)
    assert result.score == 1
    assert {k: result.details[k] for k in ("recall@1", "recall@5", "recall@10", "median_rank")} == {
        "recall@1": 1,
        "recall@5": 1,
        "recall@10": 1,
        "median_rank": 1,
    }
    assert result.details["text_to_audio"]["recall@1"] == 1
    assert (result.details["num_clips"], result.details["num_prompts"], result.details["chance"]) == (20, 20, 0.05)
    assert "note" not in result.details


def test_sounds_that_are_all_alike_find_nothing() -> None:
    """A tie is not a find: a model that makes one sound for every prompt scores 0, not chance and not 1."""
    sound = np.random.default_rng(0).standard_normal((1, 16))
    result = finish(np.repeat(sound, 20, axis=0), np.eye(20, 16) + 0.1)
    assert result.details["text_to_audio"]["recall@1"] == 0
    assert result.details["text_to_audio"]["median_rank"] == 20
    same = finish(np.eye(20), np.ones((20, 20)))
    assert same.score == 0
    assert same.details["median_rank"] == 20


def test_clips_of_one_prompt_all_count_as_its_match() -> None:
    """Two clips of "a dog": neither is a miss for the other, and the prompt stands once among the candidates."""
    sounds = [[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0, 1]]
    texts = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    result = finish(sounds, texts, ["a dog", "a dog", "rain", "speech"])
    assert (result.score, result.details["num_prompts"], result.details["num_clips"]) == (1, 3, 4)
    assert result.details["text_to_audio"]["recall@1"] == 1


def test_places_equal_a_count_by_hand() -> None:
    """Random rows with shared prompts, counted clip by clip and prompt by prompt."""
    random = np.random.default_rng(3)
    own = random.integers(0, 25, 60)
    texts = random.standard_normal((25, 6))
    sounds = texts[own] + 1.2 * random.standard_normal((60, 6))
    result = finish(sounds, texts[own], [f"prompt {i}" for i in own])
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    sounds /= np.linalg.norm(sounds, axis=1, keepdims=True)
    used = sorted(set(own.tolist()))
    by_sound = [1 + sum(s @ texts[j] > s @ texts[o] for j in used if j != o) for s, o in zip(sounds, own, strict=True)]
    by_text = []
    for j in used:
        best = max(s @ texts[j] for s, o in zip(sounds, own, strict=True) if o == j)
        by_text.append(1 + sum(s @ texts[j] > best for s, o in zip(sounds, own, strict=True) if o != j))
    assert 1 < np.median(by_sound) < 15
    for found, places in ((result.details, by_sound), (result.details["text_to_audio"], by_text)):
        for k in CUTOFFS:
            assert found[f"recall@{k}"] == pytest.approx(np.mean(np.array(places) <= k))
        assert found["median_rank"] == np.median(places)
    assert result.score == result.details["recall@1"]


def test_more_rows_than_one_block_give_the_same_places() -> None:
    """Similarities are computed in blocks; the diagonal stays the match beyond the first."""
    rows = np.random.default_rng(0).standard_normal((1500, 24))
    shuffled = np.roll(rows, 1, axis=0)
    assert finish(rows, rows).score == 1
    assert finish(rows, shuffled).score == pytest.approx(0, abs=0.01)


def test_cutoffs_that_say_nothing_are_left_out() -> None:
    """Among 4 prompts, recall@5 is 1 whatever the model does: it is not reported."""
    result = finish(np.eye(4), np.eye(4))
    assert [k for k in result.details if k.startswith("recall")] == ["recall@1"]
    assert "4 prompts" in result.details["note"]


def test_cutoffs_that_shared_prompts_reach_by_themselves_are_left_out() -> None:
    """12 clips of 3 prompts: at most 8 clips stand before the best of 4, so recall@10 of text to audio is always 1."""
    random = np.random.default_rng(0)
    prompts = [f"prompt {i % 3}" for i in range(12)]
    found = finish(random.standard_normal((12, 8)), np.eye(8)[[i % 3 for i in range(12)]], prompts).details
    assert [k for k in found["text_to_audio"] if k.startswith("recall")] == ["recall@1", "recall@5"]


def test_prompts_whose_end_was_not_read_are_counted() -> None:
    """Prompts that differ only behind the limit are one to the network: the note says how many were cut."""
    rows = np.eye(20)
    prompts = [f"prompt {i}" for i in range(20)]
    halves = [state_of(rows[i:j], rows[i:j], prompts[i:j], truncated=prompts[8:12]) for i, j in ((0, 10), (10, 20))]
    details = METRIC.finish(METRIC.merge(*halves)).details
    assert details["num_truncated_prompts"] == 4
    assert "4 prompts were too long" in details["note"]
    few = METRIC.finish(state_of(rows[:4], rows[:4], prompts[:4], truncated=prompts[:1])).details
    assert "1 prompt was too long" in few["note"]
    assert "4 prompts: recall@k" in few["note"]


@pytest.mark.parametrize("prompts", [[], ["a"], ["a", "a", "a"]])
def test_fewer_than_two_prompts_are_refused(prompts: list[str]) -> None:
    """There is nothing to tell apart; the reason says how many there were."""
    rows = np.eye(3)[: len(prompts)]
    with pytest.raises(SkipError, match=f"over {len(prompts)} clips") as caught:
        finish(rows, rows, prompts)
    assert caught.value.code == SkipCode.TOO_FEW_SAMPLES


@pytest.mark.parametrize("row", [[np.nan, 1], [0, 0]])
def test_clip_with_a_broken_embedding_is_left_out(row: list[float]) -> None:
    """It becomes a counted skip of that clip, and nothing of it stays in the state."""
    with pytest.raises(SkipError) as caught:
        state_of([row], [[1, 0]])
    assert caught.value.code == SkipCode.NON_FINITE


def test_merging_is_associative_and_an_empty_state_is_neutral() -> None:
    """However a run is split, and through a pickle, the result is that of one piece."""
    random = np.random.default_rng(1)
    sounds, texts = random.standard_normal((2, 30, 8))
    texts[20:] = texts[:10]
    prompts = [f"prompt {i % 20}" for i in range(30)]
    cuts = [(0, 7), (7, 19), (19, 30)]
    a, b, c = (state_of(sounds[i:j], texts[i:j], prompts[i:j], i) for i, j in cuts)
    whole = METRIC.finish(state_of(sounds, texts, prompts))
    left = METRIC.merge(METRIC.merge(a, b), c)
    right = METRIC.merge(METRIC.start(), METRIC.merge(a, METRIC.merge(b, METRIC.merge(c, METRIC.start()))))
    for merged in (left, right, pickle.loads(pickle.dumps(left))):  # noqa: S301 - our own bytes
        assert METRIC.finish(merged) == whole
