"""References whose names differ by a habit are found where that leaves nothing over, and noted."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from avmeter.manifest import PairingWarning, samples_from
from support.files import touch


@pytest.mark.parametrize(
    ("generated", "reference"),
    [
        (["1.wav", "2.wav", "10.wav"], ["0001.wav", "0002.wav", "0010.wav"]),
        (["s_0.wav", "s_1.wav"], ["s_000.wav", "s_001.wav"]),
        (["A.wav", "B.wav"], ["a.wav", "b.flac"]),
        (["a.wav", "b.wav"], ["a_ref.wav", "b_ref.wav"]),
        (["a_gen.wav", "b_gen.wav"], ["a_gt.wav", "b_gt.wav"]),
        (["x/1-out.wav", "x/2-out.wav"], ["x/01.real.wav", "x/02.real.wav"]),
        (["a.wav"], ["a_gt.wav", "c_gt.wav"]),
    ],
)
def test_habits_of_naming_are_bridged(tmp_path: Path, generated: list[str], reference: list[str]) -> None:
    """Zeros in front of numbers, case, and endings that say which side it is."""
    gen, ref = touch(tmp_path / "gen", *generated), touch(tmp_path / "ref", *reference)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = samples_from(audio=gen, reference=ref)
    pairs = {s["id"]: str(Path(s["reference_audio"]).relative_to(ref)) for s in samples if s.get("role") is None}
    assert pairs == dict(zip(generated, reference, strict=False))
    assert f"{generated[0]} = {reference[0]}" in samples.pairing.notes[0]


@pytest.mark.parametrize(
    ("generated", "reference"),
    [
        (["0.wav", "1.wav"], ["0001.wav", "0002.wav"]),
        (["1.wav"], ["01.wav", "001.wav"]),
        (["a_gen.wav"], ["a_gt.wav", "a_ref.wav"]),
        (["gt.wav"], ["ref.wav"]),
        (["x/1.wav"], ["y/01.wav"]),
    ],
)
def test_names_that_may_mean_others_stay_apart(tmp_path: Path, generated: list[str], reference: list[str]) -> None:
    """Series that start elsewhere, two candidates, names that are nothing but an ending, other folders."""
    gen, ref = touch(tmp_path / "gen", *generated), touch(tmp_path / "ref", *reference)
    with pytest.warns(PairingWarning, match="without a reference"):
        samples = samples_from(audio=gen, reference=ref)
    assert not any("reference_audio" in s or "reference" in s for s in samples)


def test_exact_names_come_before_spellings(tmp_path: Path) -> None:
    """A clip with a reference of its very name shares it with no other spelling."""
    gen, ref = touch(tmp_path / "gen", "7.wav", "07.wav"), touch(tmp_path / "ref", "7.wav")
    with pytest.warns(PairingWarning, match=r"1 without a reference: 07\.wav"):
        samples = samples_from(audio=gen, reference=ref)
    assert ["reference_audio" in s for s in sorted(samples, key=lambda s: s["id"])] == [False, True]
