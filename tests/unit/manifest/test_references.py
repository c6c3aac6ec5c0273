"""References find their clips; those left over are context, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.manifest import PairingWarning, samples_from
from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.references import attach_references, keep_paired, make_pairer
from avmeter.manifest.sides import Side, named_files
from support.files import touch


def test_lists_zip_in_order(tmp_path: Path) -> None:
    """Lists keep the caller's order; references beyond the clips become context."""
    with pytest.warns(PairingWarning, match=r"r3\.mp4"):
        samples = samples_from(video=["b.mp4", "a.mp4"], reference=["r1.mp4", "r2.mp4", "r3.mp4"], fps=25)
    assert samples == [
        {"video": "b.mp4", "reference": "r1.mp4", "fps": 25},
        {"video": "a.mp4", "reference": "r2.mp4", "fps": 25},
        {"video": "r3.mp4", "role": "reference"},
    ]


def test_own_references_stay_and_count(tmp_path: Path) -> None:
    """A reference that a sample brings along is not replaced, and its clip is not missing one."""
    report = PairingDraft()
    samples = [{"audio": "a.wav", "reference_audio": "own.wav"}, {"audio": "b.wav"}]
    side = Side(name="reference", files=tuple(named_files([Path("ref/a.wav"), Path("ref/b.wav")])), is_folder=True)
    clips = named_files([Path("a.wav"), Path("b.wav")])
    pair = make_pairer("auto", None, report)
    first, second = attach_references(samples, clips, [side], pair, report=report, from_folder=True)
    assert (first["reference_audio"], second["reference_audio"]) == ("own.wav", "ref/b.wav")
    assert (report.num_paired, report.missing) == (2, [])


def test_only_pairs_are_kept() -> None:
    """What is left out is named without the mark of context."""
    report = PairingDraft(num_generated=2, missing=["b.wav"], unmatched=["c.wav"])
    samples = [
        {"id": "a.wav", "audio": "a.wav", "reference": "r.mp4"},
        {"id": "b.wav", "audio": "b.wav"},
        {"id": "reference:c.wav", "audio": "c.wav", "role": "reference"},
    ]
    assert keep_paired(samples, report) == samples[:1]
    assert (report.left_out, report.finished().problems, report.num_generated) == (["b.wav", "c.wav"], [], 1)


def test_folder_of_one_side_alone_is_bridged_and_noted(tmp_path: Path) -> None:
    """References in a sub-folder that the clips do not have are found; folders that disagree stay apart."""
    gen, ref = touch(tmp_path / "gen", "a.wav", "b.wav"), touch(tmp_path / "ref", "x/a.wav", "x/b.wav")
    samples = samples_from(audio=gen, reference=ref, strict=True)
    assert [Path(s["reference_audio"]).name for s in samples] == ["a.wav", "b.wav"]
    assert samples.pairing.lines()[1:] == ["references found by file name alone, since no folders agree"]
    with pytest.warns(PairingWarning, match=r"1 without a reference: y/a\.wav"):
        samples_from(audio=touch(tmp_path / "other", "y/a.wav"), reference=touch(tmp_path / "more", "x/a.wav"))


def test_folders_of_several_models_share_references(tmp_path: Path) -> None:
    """References without sub-folders serve the clips of each model, if all folders hold the same names."""
    gen = touch(tmp_path / "gen", *(f"{model}/{name}.wav" for model in ("mA", "mB") for name in ("a", "b")))
    ref = touch(tmp_path / "ref", "a.wav", "b.wav")
    samples = samples_from(audio=gen, reference=ref, strict=True)
    assert [Path(s["reference_audio"]).name for s in samples] == ["a.wav", "b.wav", "a.wav", "b.wav"]
    touch(gen, "mB/c.wav")
    with pytest.warns(PairingWarning, match="5 without a reference"):
        samples_from(audio=gen, reference=ref)
