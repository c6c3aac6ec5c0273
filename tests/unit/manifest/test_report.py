"""What was understood, and what is doubtful, in a few lines."""

from __future__ import annotations

import warnings
from pathlib import Path

from avmeter.manifest import PairingReport, samples_from
from support.files import touch


def test_problems_come_as_one_warning_with_names(tmp_path: Path) -> None:
    """Missing partners and left over references are told once, before anything runs."""
    gen, ref = touch(tmp_path / "gen", "a.wav", "b.wav"), touch(tmp_path / "ref", "a.wav", "c.wav")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        samples = samples_from(audio=gen, reference_audio=ref)
    assert len(caught) == 1
    text = str(caught[0].message)
    assert "1 without a reference: b.wav" in text
    assert "c.wav" in text
    assert caught[0].filename == __file__
    assert samples[-1] == {"audio": str(ref / "c.wav"), "role": "reference", "id": "reference:c.wav"}
    assert samples.pairing.num_paired == 1


def test_block_says_what_was_understood() -> None:
    """Clips, texts and how they were found, references and who lacks one, columns without a use: one line."""
    report = PairingReport(
        num_generated=12, texts={"text_prompt": 12, "reference_text": 0}, texts_by="by column video_id",
        num_reference=11, num_paired=11, missing=["b"], columns_not_used=["start_time", "start_time"],
        notes=["note", "note"],
    )  # fmt: skip
    assert report.lines() == [
        "12 clips; 12 of 12 captions by column video_id; 11 references, missing for: b; columns not used: start_time",
        "note",
    ]


def test_long_lists_are_cut() -> None:
    """A set of thousands does not fill the terminal."""
    report = PairingReport(num_generated=20, num_reference=1, missing=[f"c{i}" for i in range(20)])
    assert report.lines()[0].endswith("missing for: c0, c1, c2, c3, c4, c5, c6, c7 and 12 more")
