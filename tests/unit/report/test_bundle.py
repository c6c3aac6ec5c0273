"""A page to be mailed: clips inside, bounded, nothing that leads outside."""

from __future__ import annotations

import base64
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import UsageError
from avmeter.media.write import write_clip, write_wav
from avmeter.report.bundle import write_bundle
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.sample import as_samples

TONE = np.sin(np.arange(8000, dtype=np.float32) / 5)[None] / 2


def run_of(folder: Path, count: int = 3) -> EvalResults:
    """Videos with sound and references of sound; the last sample is the worst."""
    frames = [np.full((32, 48, 3), 40 * i, np.uint8) for i in range(4)]
    rows, samples = [], []
    for i in range(count):
        video = write_clip(folder / f"{i}.mp4", frames, fps=4, samples=TONE, sample_rate=8000)
        reference = write_wav(folder / f"{i}.wav", TONE, 8000)
        rows.append({"m.a": MetricResult("m.a", 9.0 - i)})
        samples.append({"id": f"s{i}", "video": str(video), "reference_audio": str(reference)})
    facts = {"metrics": {"m.a": {"direction": "higher"}}}
    return EvalResults(rows, samples=as_samples(samples), provenance=facts)


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))


def test_page_holds_the_sound_of_its_clips(tmp_path: Path) -> None:
    """As Opus in data URLs, of videos too; the size is stated, and no link is left."""
    made = write_bundle(run_of(tmp_path), tmp_path / "trial", tmp_path / "mail/page.html")
    page = made.path.read_text("utf-8")
    assert made.num_playable == made.num_samples == 3
    assert made.size_bytes == made.path.stat().st_size
    assert "sound (Opus) of 3 of 3 samples" in page
    assert "trial – avmeter report" in page
    for sample in data_of(page)["samples"]:
        assert set(sample["media"]) == {"video", "reference_audio"}
        assert sample["sound_only"] == ["video"]
        for url in sample["media"].values():
            head, content = url.split(",")
            assert head == "data:audio/webm;base64"
            assert b"OpusHead" in base64.b64decode(content)[:1000]
    assert str(tmp_path) not in page
    assert ".mp4" not in page


def test_archive_holds_videos_on_request(tmp_path: Path) -> None:
    """As files beside the page, to which its links lead."""
    made = write_bundle(run_of(tmp_path), tmp_path / "trial", tmp_path / "page.zip", with_video=True)
    with zipfile.ZipFile(made.path) as archive:
        names = set(archive.namelist())
        page = archive.read("trial/report.html").decode()
        for sample in data_of(page)["samples"]:
            assert {f"trial/{link}" for link in sample["media"].values()} <= names
        video = data_of(page)["samples"][0]["media"]["video"]
        assert archive.read(f"trial/{video}") == (tmp_path / "0.mp4").read_bytes()
    assert len(names) == 7


@pytest.mark.endurance
def test_size_is_bounded_and_the_worst_come_first(tmp_path: Path) -> None:
    """What does not fit is counted and has no player; a clip that is gone costs nothing else."""
    results = run_of(tmp_path)
    whole = write_bundle(results, tmp_path / "trial", tmp_path / "a.html")
    urls = [u for s in data_of(whole.path.read_text("utf-8"))["samples"] for u in s["media"].values()]
    most = len(urls[0]) * 3
    made = write_bundle(results, tmp_path / "trial", tmp_path / "b.html", most_bytes=most)
    samples = data_of(made.path.read_text("utf-8"))["samples"]
    assert sum(len(u) for s in samples for u in s.get("media", {}).values()) <= most
    assert "media" in samples[2]
    assert "media" not in samples[0]
    assert made.num_playable < 3
    assert "did not fit" in made.line()
    (tmp_path / "1.mp4").unlink()
    assert write_bundle(results, tmp_path / "trial", tmp_path / "c.html").num_playable == 2


def test_other_suffix_is_refused(tmp_path: Path) -> None:
    """Before anything is made."""
    with pytest.raises(UsageError, match=r"page\.pdf"):
        write_bundle(run_of(tmp_path, 1), tmp_path, tmp_path / "page.pdf")
