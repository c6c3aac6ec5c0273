"""Damage to texts: the clip is untouched, and its text is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_OTHER_WORDS = ["lantern", "orbit", "velvet", "thirteen", "harbour", "pickle", "thunder", "seldom", "marble", "eagle"]


@dataclass(frozen=True, kw_only=True)
class TextDamage:
    """One kind of damage.

    Attributes:
        field: Field of the sample that is changed.
        apply: (text, dose, generator) -> text.
        doses: Ladder from mild to strong.
        default: The dose without `--ladder`; None is the first of the ladder.
        unit: Of the dose.
        note: What it does, with `{dose}`.
    """

    field: str
    apply: Callable[[str, float, np.random.Generator], str]
    doses: tuple[float, ...] = ()
    default: float | None = None
    unit: str = ""
    note: str = ""


def replace_words(text: str, dose: float, rng: np.random.Generator) -> str:
    """Replace a share `dose` of the words, at least one, by others."""
    words = text.split()
    for number in rng.choice(len(words), min(len(words), max(1, round(dose * len(words)))), replace=False):
        words[number] = str(rng.choice(_OTHER_WORDS))
    return " ".join(words)


def replace_prompt(text: str, dose: float, rng: np.random.Generator) -> str:
    """Return a prompt that fits no ordinary clip."""
    return "a steam locomotive whistles in a tunnel"


DAMAGES: dict[str, TextDamage] = {
    "wrong_words": TextDamage(
        field="reference_text",
        apply=replace_words,
        doses=(0.25, 0.5, 1.0),
        default=0.5,
        unit="share",
        note="a share of {dose:g} of the words in `reference_text` replaced",
    ),
    "wrong_prompt": TextDamage(field="text_prompt", apply=replace_prompt, note="`text_prompt` of another clip"),
}
"""Every damage to texts by name."""
