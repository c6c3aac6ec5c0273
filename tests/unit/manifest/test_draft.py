"""What pairing has found is fixed once it is reported."""

from __future__ import annotations

import dataclasses

import pytest

from avmeter.manifest import PairingReport, attach_prompts, samples_from
from avmeter.manifest.draft import PairingDraft


def test_draft_has_the_fields_of_the_report() -> None:
    """In the same order, with the same defaults once finished."""
    assert [f.name for f in dataclasses.fields(PairingDraft)] == [f.name for f in dataclasses.fields(PairingReport)]
    assert PairingDraft().finished() == PairingReport()


def test_finished_report_does_not_change_with_its_draft() -> None:
    """Neither can anybody else change it; a draft that goes on from it has all of it."""
    draft = PairingDraft(num_generated=2, missing=["b"], texts={"text_prompt": 1}, folders=[["a", "b"]])
    report = draft.finished()
    draft.missing.append("c")
    draft.folders[0].append("c")
    draft.texts["text_prompt"] = 2
    assert (report.missing, report.folders, report.texts) == (("b",), (("a", "b"),), {"text_prompt": 1})
    assert PairingDraft.of(report).finished() == report
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.num_generated = 3  # type: ignore[misc]


def test_prompts_leave_the_report_of_their_samples_alone(tmp_path) -> None:
    """The list with texts has a report of its own."""
    (tmp_path / "a.wav").touch()
    (tmp_path / "prompts.csv").write_text("name,text_prompt\na,a dog barks\n")
    samples = samples_from(audio=tmp_path)
    before = samples.pairing
    found = attach_prompts(samples, tmp_path / "prompts.csv")
    assert samples.pairing is before
    assert (before.texts, found.pairing.texts["text_prompt"]) == ({}, 1)
