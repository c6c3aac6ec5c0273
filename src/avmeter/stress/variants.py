"""Variants of a clip: named damage with a dose, each saying what it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from avmeter.errors import UnknownNameError
from avmeter.stress import audio, text, video

SEED_VARIANTS = (
    "original", "silence", "white_noise", "low_volume", "reversed", "pitch_shift", "delay", "advance", "unrelated",
)  # fmt: skip
"""The original and the eight damages of the first published experiment of this kind."""

_NOTES = {
    "original": "untouched",
    "unrelated": "a sound from outside the set instead of the clip's own",
    "exchanged": "the sound of the next clip of the set instead of the clip's own",
}
_Damage = audio.AudioDamage | video.VideoDamage | text.TextDamage


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A named damage and its strength.

    Attributes:
        name: "original", "unrelated", "exchanged", or a name of the `DAMAGES` of `audio`, `video` or `text`.
        dose: Strength; None where there is none.
    """

    name: str
    dose: float | None = None

    @property
    def kind(self) -> Literal["original", "audio", "video", "text"]:
        """What the damage changes."""
        if self.name in video.DAMAGES:
            return "video"
        if self.name in text.DAMAGES:
            return "text"
        return "original" if self.name == "original" else "audio"

    @property
    def label(self) -> str:
        """Name and dose for tables: "delay 0.4 s"."""
        damage = _damage(self.name)
        return self.name if self.dose is None or damage is None else f"{self.name} {self.dose:g} {damage.unit}"

    @property
    def note(self) -> str:
        """What the damage does, as a sentence."""
        damage = _damage(self.name)
        return _NOTES[self.name] if damage is None else damage.note.format(dose=self.dose)

    @property
    def slug(self) -> str:
        """Name and dose for file names: "delay_0.4"."""
        return self.name if self.dose is None else f"{self.name}_{self.dose:g}"


def variant_names() -> list[str]:
    """Return the names of all variants."""
    return ["original", "unrelated", "exchanged", *audio.DAMAGES, *video.DAMAGES, *text.DAMAGES]


def variants_of(names: Iterable[str], *, ladder: bool = False) -> list[Variant]:
    """Return variants by name, each at its default dose, or with `ladder` at every dose, from mild to strong.

    Raises:
        UnknownNameError: No such variant.
    """
    found: list[Variant] = []
    for name in dict.fromkeys(names):
        if name not in variant_names():
            raise UnknownNameError.among("variant", name, variant_names())
        damage = _damage(name)
        if damage is None or not damage.doses:
            found.append(Variant(name=name))
        elif ladder:
            found.extend(Variant(name=name, dose=dose) for dose in damage.doses)
        else:
            found.append(Variant(name=name, dose=damage.doses[0] if damage.default is None else damage.default))
    return found


def _damage(name: str) -> _Damage | None:
    return audio.DAMAGES.get(name) or video.DAMAGES.get(name) or text.DAMAGES.get(name)
