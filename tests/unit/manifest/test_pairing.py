"""References pair by relative path without extension; what is doubtful is named, not guessed."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from avmeter.errors import UnknownNameError
from avmeter.manifest import PairingWarning, samples_from
from avmeter.manifest.pairing import parse_pairing, with_names_that_fit
from avmeter.manifest.sides import named_files
from support.files import touch


def by_id(samples: list[dict]) -> dict[str, dict]:
    return {s["id"]: s for s in samples}


def test_same_stem_in_different_folders_stays_apart(tmp_path: Path) -> None:
    """Pairing is by relative path, never by stem alone."""
    gen = touch(tmp_path / "gen", "x/a.wav", "y/a.wav")
    ref = touch(tmp_path / "ref", "x/a.wav", "y/a.wav")
    found = by_id(samples_from(audio=gen, reference_audio=ref))
    assert found["x/a.wav"]["reference_audio"] == str(ref / "x/a.wav")
    assert found["y/a.wav"]["reference_audio"] == str(ref / "y/a.wav")


def test_video_pairs_with_sound_of_the_same_name(tmp_path: Path) -> None:
    """gen/a.mp4 and ref/a.wav are partners."""
    gen, ref = touch(tmp_path / "gen", "a.mp4"), touch(tmp_path / "ref", "a.wav")
    (sample,) = samples_from(video=gen, reference=ref)
    assert sample == {"id": "a.mp4", "video": str(gen / "a.mp4"), "reference_audio": str(ref / "a.wav")}


@pytest.mark.parametrize("stem", ["dog_barking_take_001", "rain_on_tin_roof_0001", "take.1", "a b  c", "-dash"])
def test_names_of_any_length_pair_exactly(tmp_path: Path, stem: str) -> None:
    """Names are neither cut nor stripped."""
    gen, ref = touch(tmp_path / "gen", f"{stem}.wav"), touch(tmp_path / "ref", f"{stem}.flac")
    (sample,) = samples_from(audio=gen, reference_audio=ref)
    assert sample["reference_audio"] == str(ref / f"{stem}.flac")


def test_composed_and_decomposed_umlauts_pair(tmp_path: Path) -> None:
    """File systems differ in the Unicode form of names; pairing does not."""
    gen = touch(tmp_path / "gen", unicodedata.normalize("NFD", "Tür.wav"))
    ref = touch(tmp_path / "ref", unicodedata.normalize("NFC", "Tür.wav"))
    (sample,) = samples_from(audio=gen, reference_audio=ref)
    assert "reference_audio" in sample


def test_clips_that_differ_by_extension_are_two_samples(tmp_path: Path) -> None:
    """Both are scored, both find their reference, and the report names the pair."""
    gen, ref = touch(tmp_path / "gen", "a.wav", "a.flac"), touch(tmp_path / "ref", "a.wav")
    with pytest.warns(PairingWarning, match=r"a\.flac = a\.wav"):
        samples = samples_from(audio=gen, reference_audio=ref)
    assert [s["id"] for s in samples] == ["a.flac", "a.wav"]
    assert all(s["reference_audio"] == str(ref / "a.wav") for s in samples)


def test_reference_with_equal_extension_is_preferred(tmp_path: Path) -> None:
    """Of two references of the name, the one like the clip is taken and the other is named."""
    gen, ref = touch(tmp_path / "gen", "a.wav"), touch(tmp_path / "ref", "a.wav", "a.mp4")
    with pytest.warns(PairingWarning, match=r"passed over.*a\.mp4"):
        (sample,) = samples_from(audio=gen, reference=ref)
    assert sample["reference_audio"] == str(ref / "a.wav")


def test_ambiguous_references_are_reported_and_not_guessed(tmp_path: Path) -> None:
    """Without an equal extension none is taken."""
    gen, ref = touch(tmp_path / "gen", "a.flac"), touch(tmp_path / "ref", "a.wav", "a.mp4")
    with pytest.warns(PairingWarning, match="several references") as caught:
        (sample,) = samples_from(audio=gen, reference=ref)
    assert "reference" not in sample
    assert "reference_audio" not in sample
    report = caught[0].message.report  # type: ignore[union-attr]
    assert report.ambiguous == ("a.flac (a.mp4, a.wav)",)
    assert report.missing == ()


def test_way_of_pairing_is_found_by_name() -> None:
    """With a suggestion otherwise."""
    assert parse_pairing("order") == "order"
    with pytest.raises(UnknownNameError, match="path"):
        parse_pairing("paths")


def test_files_of_a_list_lose_folders_that_the_other_side_does_not_have() -> None:
    """Only where the bare names fit, are unique, and the longer ones do not fit."""
    others = named_files([Path("ref/a.wav"), Path("ref/c.wav")])
    assert [f.name for f in with_names_that_fit(named_files([Path("p/a.wav"), Path("q/c.wav")]), others)] == [
        "a.wav", "c.wav",
    ]  # fmt: skip
    for paths in (["p/a.wav", "q/a.wav"], ["p/x.wav", "q/y.wav"]):
        assert [f.name for f in with_names_that_fit(named_files([Path(p) for p in paths]), others)] == paths
