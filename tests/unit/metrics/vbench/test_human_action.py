"""Human action."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode
from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.vbench.human_action import HumanAction, action_of
from avmeter.nets.umt import actions
from avmeter.sample import Sample


def named(**logits: float) -> FeatureSet:
    """Logits of actions, words joined by underscores; -5 for all others."""
    values = np.full(400, -5.0, np.float32)
    for name, logit in logits.items():
        values[actions().index(name.replace("_", " "))] = logit
    return FeatureSet({"actions": Features(arrays={"logits": values}, facts={"num_frames": 16})})


def sample(prompt: str | None) -> Sample:
    return Sample.of({"id": "a", "text_prompt": prompt} if prompt else {"id": "a"})


@pytest.mark.parametrize(
    ("prompt", "action"),
    [
        ("riding a bike", "riding a bike"),
        ("A person is riding a bike", "riding a bike"),
        ("  Marching. ", "marching"),
        ("In a park a Person is passing American football (in game)", "passing american football (in game)"),
    ],
)
def test_action_stands_behind_a_person_or_is_the_prompt(prompt: str, action: str) -> None:
    """As in VBench's prompts and as FastVideo compares it."""
    assert action_of(prompt) == action
    assert HumanAction().check(sample(prompt)) is None


@pytest.mark.parametrize(
    ("logits", "score"),
    [
        ({"riding_a_bike": 2.0}, 1.0),
        ({"riding_a_bike": 1.7}, 0.0),  # a probability of 0.846
        ({"riding_a_bike": 1.8, "marching": 9.0, "dodgeball": 9.0, "archery": 9.0, "bowling": 9.0}, 1.0),
        ({"riding_a_bike": 2.0, "marching": 9.0, "dodgeball": 9.0, "archery": 9.0, "bowling": 9.0, "yoga": 9.0}, 0.0),
        ({"marching": 9.0}, 0.0),
    ],
)
def test_action_counts_if_it_is_likely_and_among_the_five_likeliest(logits: dict[str, float], score: float) -> None:
    """Each has a probability of its own."""
    found = HumanAction().score(sample("A person is riding a bike"), named(**logits))
    assert found.score == score
    assert found.details["ground_truth"] == "riding a bike"
    assert ("riding a bike" in found.details["predictions"]) == bool(score)
    assert len(found.details["likeliest"]) == 5


@pytest.mark.parametrize(("prompt", "code"), [(None, SkipCode.MISSING_INPUT), ("a dog barks", SkipCode.UNSUPPORTED)])
def test_prompt_without_an_action_of_the_400_is_a_skip(prompt: str | None, code: SkipCode) -> None:
    """It could only be 0, whatever the video shows."""
    skip = HumanAction().check(sample(prompt))
    assert skip is not None
    assert skip.code is code
    assert "Kinetics-400" in skip.reason + skip.hint
