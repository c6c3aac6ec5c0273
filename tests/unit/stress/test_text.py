"""Damage to texts: as many wrong words as the dose says, and a prompt of something else."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.stress.text import DAMAGES, replace_prompt, replace_words

WORDS = "one two three four five six seven eight"


@pytest.mark.parametrize(("dose", "num_changed"), [(0.0, 1), (0.25, 2), (0.5, 4), (1.0, 8)])
def test_wrong_words_are_as_many_as_the_dose_says(dose: float, num_changed: int) -> None:
    """At least one word changes, the others stay, and the same seed changes the same."""
    changed = replace_words(WORDS, dose, np.random.default_rng(1))
    assert sum(a != b for a, b in zip(WORDS.split(), changed.split(), strict=True)) == num_changed
    assert changed == replace_words(WORDS, dose, np.random.default_rng(1))


def test_wrong_prompt_has_nothing_of_the_prompt() -> None:
    """It is the same for every clip."""
    assert replace_prompt("a dog barks", 0.0, np.random.default_rng(0)) == replace_prompt(
        "rain", 0.0, np.random.default_rng(1)
    )


def test_every_damage_names_the_field_that_it_changes() -> None:
    """The suite asks the sample for that field."""
    assert {d.field for d in DAMAGES.values()} == {"reference_text", "text_prompt"}
