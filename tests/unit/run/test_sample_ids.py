"""Samples of two runs are partners by id, or by name where only the extension differs."""

from __future__ import annotations

from avmeter.result import MetricResult
from avmeter.run import EvalResults, compare
from avmeter.run.sample_ids import match_sample_ids
from avmeter.sample import as_samples


def test_clips_of_other_file_types_are_partners() -> None:
    """clip1.wav of one system and clip1.flac of the other are the same test item."""
    matched = match_sample_ids(["clip1.flac", "x/clip2.mp4"], ["clip1.wav", "x/clip2.wav", "clip3.wav"])
    assert matched == {"clip1.flac": "clip1.wav", "x/clip2.mp4": "x/clip2.wav"}


def test_equal_ids_come_before_bare_names() -> None:
    """With two clips of one name, each keeps its own partner and neither gets the other's."""
    both = ["a.wav", "a.flac"]
    assert match_sample_ids(both, both) == {"a.wav": "a.wav", "a.flac": "a.flac"}
    assert match_sample_ids(["a.flac"], both) == {"a.flac": "a.flac"}
    assert match_sample_ids(both, ["a.wav"]) == {"a.wav": "a.wav"}


def test_name_that_fits_two_clips_has_no_partner() -> None:
    """Nothing says which of a.wav and a.flac an a.mp3 belongs to."""
    assert match_sample_ids(["a.mp3"], ["a.wav", "a.flac"]) == {}
    assert match_sample_ids(["a.wav", "a.flac"], ["a.mp3"]) == {}


def test_folders_and_dots_are_part_of_the_name() -> None:
    """Only a media extension is cut off."""
    assert match_sample_ids(["x/a.wav", "take.1"], ["y/a.wav", "take.2"]) == {}


def test_runs_over_other_file_types_are_compared() -> None:
    """Three clips as WAV and as FLAC are three pairs."""
    runs = [
        EvalResults(
            [{"m.x": MetricResult("m.x", float(i))} for i in range(3)],
            samples=as_samples([{"id": f"clip{i}{extension}", "audio": "a.wav"} for i in range(3)]),
        )
        for extension in (".wav", ".flac")
    ]
    (compared,) = compare(*runs)
    assert (compared.num_paired, compared.num_only_a, compared.num_only_b) == (3, 0, 0)
