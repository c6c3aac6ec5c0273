"""Variants of a clip: named damage with a dose, built into files, each saying what was done.

Sound is written losslessly beside the untouched picture, whose packets are copied; a damaged picture is encoded anew
and its sound copied likewise. A clip without picture becomes FLAC.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from avmeter.errors import UnknownNameError
from avmeter.media import AudioSpec, FrameRequest, MediaItem
from avmeter.media.write import add_sound, write_audio, write_clip
from avmeter.stress import picture, sound

SEED_VARIANTS = (
    "original", "silence", "white_noise", "low_volume", "reversed", "pitch_shift", "delay", "advance", "unrelated",
)  # fmt: skip
"""The original and the eight damages of the first published experiment of this kind."""

_NOTES = {"original": "untouched", "unrelated": "another clip's sound"}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A named damage and its strength.

    Attributes:
        name: "original", "unrelated", or a name of `sound.DAMAGES` or `picture.DAMAGES`.
        dose: Strength; None where there is none.
    """

    name: str
    dose: float | None = None

    @property
    def kind(self) -> Literal["original", "sound", "picture"]:
        """What is touched."""
        if self.name in picture.DAMAGES:
            return "picture"
        return "original" if self.name == "original" else "sound"

    @property
    def label(self) -> str:
        """Name and dose: "delay 0.4 s"."""
        if self.dose is None:
            return self.name
        return f"{self.name} {self.dose:g} {self._damage().unit}"

    @property
    def note(self) -> str:
        """What it does, as a sentence."""
        if self.name in _NOTES:
            return _NOTES[self.name]
        return self._damage().note.format(dose=self.dose)

    @property
    def slug(self) -> str:
        """Name for files."""
        return self.name if self.dose is None else f"{self.name}_{self.dose:g}"

    def _damage(self) -> sound.SoundDamage | picture.PictureDamage:
        return picture.DAMAGES[self.name] if self.name in picture.DAMAGES else sound.DAMAGES[self.name]


def variant_names() -> list[str]:
    """Names of all variants."""
    return ["original", "unrelated", *sound.DAMAGES, *picture.DAMAGES]


def variants_of(names: Iterable[str], *, ladder: bool = False) -> list[Variant]:
    """Variants by name, each at its usual dose, or with `ladder` at all, from mild to strong.

    Raises:
        UnknownNameError: No such variant.
    """
    found = []
    for name in names:
        if name not in variant_names():
            raise UnknownNameError.among("variant", name, variant_names())
        damage = sound.DAMAGES.get(name) or picture.DAMAGES.get(name)
        if damage is None or not damage.doses:
            found.append(Variant(name=name))
        elif ladder:
            found.extend(Variant(name=name, dose=dose) for dose in damage.doses)
        else:
            default = getattr(damage, "default", None)
            found.append(Variant(name=name, dose=damage.doses[0] if default is None else default))
    return found


def build_variant(variant: Variant, source: Path, folder: Path, *, other: Path | None = None, seed: int = 0) -> Path:
    """Write the variant of `source` into `folder`, and return its path; the original is returned as it is.

    Args:
        variant: What to do.
        source: The clip; never written to.
        folder: Existing folder for the variants.
        other: Clip whose sound replaces this one's ("unrelated").
        seed: The same seed gives the same damage.

    Raises:
        MediaError: The clip cannot be decoded, or lacks what is to be damaged.
    """
    if variant.name == "original":
        return source
    rng = np.random.default_rng([seed, zlib.crc32(variant.slug.encode())])
    target = folder / f"{source.stem}--{variant.slug}"
    with MediaItem.open(source) as item:
        if variant.kind == "picture":
            return _damaged_picture(variant, item, source, target.with_name(f"{target.name}.mp4"), rng)
        samples, rate = _damaged_sound(variant, item, other, rng)
        if not item.has_video:
            return write_audio(target.with_name(f"{target.name}.flac"), samples, rate)
        start = float(item.audio_facts.start_s) if item.has_audio else 0.0
        return add_sound(
            target.with_name(f"{target.name}.mp4"), source, samples=samples, sample_rate=rate, start_s=max(start, 0.0)
        )


def _damaged_sound(
    variant: Variant, item: MediaItem, other: Path | None, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], int]:
    native = AudioSpec(sample_rate=None, mixdown="none")
    samples = np.asarray(item.audio(native)[:, :], np.float32)
    rate = item.audio_facts.sample_rate
    if variant.name != "unrelated":
        damage = sound.DAMAGES[variant.name]
        return damage.apply(samples, rate, variant.dose or 0.0, rng), rate
    if other is None:
        return sound.DAMAGES["white_noise"].apply(samples, rate, 0.0, rng), rate
    with MediaItem.open(other) as second:
        strange = np.asarray(second.audio(AudioSpec(sample_rate=rate)), np.float32)
    repeated = np.resize(strange, samples.shape[1])
    return np.repeat(repeated[None], len(samples), axis=0), rate


def _damaged_picture(variant: Variant, item: MediaItem, source: Path, target: Path, rng: np.random.Generator) -> Path:
    damage = picture.DAMAGES[variant.name]
    num_frames = len(item.frame_times)
    order = np.arange(num_frames) if damage.order is None else damage.order(num_frames, variant.dose or 0.0, rng)
    frames = item.frames(FrameRequest(indices=tuple(int(i) for i in order), resize=None, crop=None, output="uint8"))
    fps = float(num_frames / item.picture_duration_s) * damage.fps_factor

    def shown() -> Iterable[npt.NDArray[np.uint8]]:
        for i in range(len(frames)):
            frame = np.moveaxis(np.asarray(frames[i]), 0, -1)
            height, width = (n - n % 2 for n in frame.shape[:2])
            frame = np.ascontiguousarray(frame[:height, :width])
            yield damage.change(frame) if damage.change else frame

    samples = None
    rate = 48_000
    if item.has_audio:
        samples = np.asarray(item.audio(AudioSpec(sample_rate=None, mixdown="none"))[:, :], np.float32)
        rate = item.audio_facts.sample_rate
    return write_clip(target, shown(), fps=fps, samples=samples, sample_rate=rate)
