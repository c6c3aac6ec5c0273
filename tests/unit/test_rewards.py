"""Rewards of batches for training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from avmeter.errors import SkipCode, UnknownNameError, UsageError
from avmeter.registry import register
from avmeter.rewards import RewardModel
from support.registrations import forgotten_registrations

RATE = 16_000


class Level:
    """Mean of |x|; nothing for silence."""

    def compute(self, sample: dict[str, Any]) -> float | None:
        level = float(sample["audio"][0].abs().mean())
        return level if level else None


class Cost(Level):
    higher_is_better = False


class Words:
    """Number of words in the prompt."""

    def compute(self, sample: dict[str, Any]) -> float:
        return float(len(sample["text_prompt"].split()))


@pytest.fixture(autouse=True)
def metrics() -> Iterator[None]:
    with forgotten_registrations():
        for name, cls in {"user.level": Level, "user.cost": Cost, "user.words": Words}.items():
            register(name)(cls)
        yield


def batch(*levels: float) -> torch.Tensor:
    return torch.tensor(levels)[:, None].expand(-1, RATE).clone()


def test_terms_add_up_with_their_weights_and_signs() -> None:
    """What is better lower is subtracted; named components stand beside the total."""
    model = RewardModel({"user.level": 2.0, "user.cost": 0.5}, device="cpu")
    found = model(batch(0.1, 0.4), sample_rate=RATE)
    torch.testing.assert_close(found.components["user.cost"], torch.tensor([-0.1, -0.4]))
    torch.testing.assert_close(found.total, torch.tensor([0.15, 0.6]))
    assert found.total.dtype == torch.float32
    assert found.mask.tolist() == [True, True]


def test_sample_without_a_score_has_the_skip_value_and_no_mask() -> None:
    """The others of the batch are not touched by it."""
    model = RewardModel({"user.level": 1.0}, device="cpu", skip_value=-1.0)
    found = model(batch(0.1, 0.0, 0.3), sample_rate=RATE)
    torch.testing.assert_close(found.total, torch.tensor([0.1, -1.0, 0.3]))
    assert found.mask.tolist() == [True, False, True]
    skip = found.skips[1]["user.level"]
    assert skip is not None
    assert skip.code == SkipCode.UNSUPPORTED
    assert [len(s) for s in found.skips] == [0, 1, 0]


def test_anchor_holds_the_other_terms() -> None:
    """Below its threshold they count in proportion; the anchor itself counts as it is."""
    model = RewardModel({"user.level": 1.0, "user.words": 0.0}, anchors={"user.words": 4.0}, device="cpu")
    prompts = ["a", "a b", "a b c d", "a b c d e f g h"]
    found = model(batch(0.4, 0.4, 0.4, 0.4), sample_rate=RATE, text_prompts=prompts)
    torch.testing.assert_close(found.gate, torch.tensor([0.25, 0.5, 1.0, 1.0]))
    torch.testing.assert_close(found.total, torch.tensor([0.1, 0.2, 0.4, 0.4]))


def test_weight_without_a_number_is_that_of_the_range() -> None:
    """Cosines from -1 to 1 have one half, scores without an end have 1."""
    assert RewardModel(["av.imagebind_text_audio", "user.level"], device="cpu").weights == {
        "av.imagebind_text_audio": 0.5,
        "user.level": 1.0,
    }


def test_same_batch_has_the_same_rewards_and_leaves_torch_as_it_was() -> None:
    """Random numbers, grad mode and default dtype are the trainer's."""
    model = RewardModel(["user.level"], device="cpu")
    state, grad = torch.get_rng_state(), torch.is_grad_enabled()
    one, other = (model(batch(0.1, 0.2).bfloat16(), sample_rate=RATE) for _ in range(2))
    assert torch.equal(one.total, other.total)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled() == grad
    assert torch.get_default_dtype() == torch.float32


def test_tracker_gets_finite_numbers_under_the_same_names() -> None:
    """Where nothing has a score, the count says so and the mean is not there."""
    model = RewardModel(["user.level"], device="cpu")
    assert model(batch(0.1, 0.0), sample_rate=RATE).scalars("r/") == pytest.approx(
        {"r/total": 0.05, "r/gate": 1.0, "r/user.level": 0.1, "r/user.level/skipped": 1.0}
    )
    found = model(batch(0.0), sample_rate=RATE).scalars()
    assert found["reward/user.level/skipped"] == 1.0
    assert "reward/user.level" not in found
    assert all(math.isfinite(v) for v in found.values())


def test_what_cannot_be_a_reward_is_refused() -> None:
    """Before a batch is made."""
    with pytest.raises(UsageError, match="a corpus has a score"):
        RewardModel(["audio.frechet_distance"], device="cpu")
    with pytest.raises(UsageError, match="neither more nor less"):
        RewardModel(["audio.loudness"], device="cpu")
    with pytest.raises(UsageError, match=r"anchor `user\.cost`"):
        RewardModel(["user.cost"], anchors={"user.cost": 1.0}, device="cpu")
    with pytest.raises(UnknownNameError, match=r"user\.levels"):
        RewardModel(["user.levels"], device="cpu")


def test_batch_of_different_numbers_or_without_a_rate_is_refused() -> None:
    """With the numbers."""
    model = RewardModel(["user.level"], device="cpu")
    with pytest.raises(UsageError, match="2 audio, 1 text_prompt"):
        model(batch(0.1, 0.2), sample_rate=RATE, text_prompts=["one"])
    with pytest.raises(UsageError, match="without sample_rate"):
        model(batch(0.1))
    with pytest.raises(UsageError, match="a batch of nothing"):
        model()
