"""The diagnosis of a machine: what is a note, what a problem, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from avmeter import doctor
from avmeter.doctor import diagnose
from avmeter.errors import UsageError
from avmeter.metrics.availability import Availability
from avmeter.weights import WeightsSource
from support.hardware import PlayedHardware


def test_absent_weights_come_with_the_command_that_fetches_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric without its weights is a note, not a problem."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setattr(WeightsSource, "available", lambda self, entry: False)
    findings = {f.topic: f for f in diagnose()}
    finding = findings["audio.desync"]
    assert finding.status == "note"
    assert finding.hint == "avmeter weights fetch synchformer"
    assert "AVMETER_OFFLINE" in findings["network"].text


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("optical_flow.gt_optical_flow", "DPFlow, which is not in avmeter"),
        ("videoscore2.score", "VideoScore2, which is not in avmeter"),
        ("judge.third_person_separation", "AVMETER_JUDGE_URL"),
    ],
)
def test_metric_that_has_no_score_here_is_not_ready(name: str, lacks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it stands on is named; a judge without an address has the store alone."""
    monkeypatch.setattr(doctor, "list_metrics", lambda: [name])
    monkeypatch.delenv("AVMETER_JUDGE_URL", raising=False)
    monkeypatch.delenv("AVMETER_JUDGE_MODEL", raising=False)
    (finding,) = (f for f in diagnose() if f.topic == name)
    assert finding.status == "note"
    assert lacks in finding.text
    assert finding.hint
    monkeypatch.setenv("AVMETER_JUDGE_MODEL", "m")
    (finding,) = (f for f in diagnose() if f.topic == name)
    assert (finding.status, lacks in finding.text) == ("note", True)


def test_missing_package_is_a_note_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an extra would bring is named with the command that installs it."""
    monkeypatch.setattr("avmeter.registry.missing_packages", lambda modules: [m for m in modules if m == "cv2"])
    finding = next(f for f in diagnose() if f.topic == "av.align")
    assert finding.status == "note"
    assert finding.hint == "pip install 'avmeter[flow]'"


def test_metric_that_cannot_be_built_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken plug-in is not a package that somebody may leave out."""
    broken = Availability(name="user.x", error=UsageError("it is no metric", hint="derive from Metric"))
    monkeypatch.setattr(doctor, "check_availability", lambda name, source: broken)
    monkeypatch.setattr(doctor, "list_metrics", lambda: ["user.x"])
    (finding,) = (f for f in diagnose() if f.topic == "user.x")
    assert (finding.status, finding.text, finding.hint) == ("problem", "it is no metric", "derive from Metric")


def test_decoder_of_a_card_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a card: absent, working, or not to be used."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr(doctor, "list_metrics", list)
    (absent,) = (f for f in diagnose() if f.topic == "nvdec")
    assert (absent.status, "avmeter[nvdec]" in absent.hint) == ("note", True)
    for options, status in (({}, "ok"), ({"fails_at": 1}, "problem")):
        monkeypatch.setattr(doctor, "Nvdec", lambda device, options=options: PlayedHardware(**options))
        (found,) = (f for f in diagnose() if f.topic == "nvdec")
        assert found.status == status
    assert "the card has gone" in found.text


def test_full_disk_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The feature store needs room; the folder need not exist yet."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "not" / "yet"))
    monkeypatch.setattr(doctor, "list_metrics", list)
    monkeypatch.setattr("avmeter.doctor.shutil.disk_usage", lambda folder: SimpleNamespace(free=2**30))
    (finding,) = (f for f in diagnose() if f.topic == "store")
    assert finding.status == "problem"
    assert "1 GiB free" in finding.text


@pytest.mark.parametrize("kind", ["long", "below a file", "loop"])
def test_folders_that_cannot_be_used_are_problems(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found among all others: a name that is too long ended the diagnosis."""
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    place = tmp_path / {"long": "a" * 300, "below a file": "file/x", "loop": "loop"}[kind]
    reason = {"long": "File name too long", "below a file": "Not a directory", "loop": "Too many levels"}[kind]
    monkeypatch.setenv("AVMETER_WEIGHTS", str(place))
    monkeypatch.setenv("AVMETER_CACHE", str(place))
    monkeypatch.setattr(doctor, "list_metrics", lambda: ["audio.nisqa"])
    findings = {f.topic: f for f in reversed(diagnose())}
    for topic, variable in (("store", "AVMETER_CACHE"), ("weights", "AVMETER_WEIGHTS")):
        assert findings[topic].status == "problem"
        assert reason in findings[topic].text
        assert variable in findings[topic].hint
    assert "audio.nisqa" in findings


def test_folder_that_may_not_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features would not be stored."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    monkeypatch.setattr(doctor, "list_metrics", list)
    finding = next(f for f in diagnose() if f.topic == "store")
    assert finding.status == "problem"
    assert f"no permission to write {tmp_path}" in finding.text
