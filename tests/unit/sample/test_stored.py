"""Where files without a path lie."""

from __future__ import annotations

import pickle
from pathlib import Path

from avmeter.files import Url
from avmeter.sample import Cell, RemoteAccess, Sample, Span, StoredFile

SIGNED = "https://h/a.wav?sig=SECRET"


def test_urls_become_sources_and_go_to_other_processes() -> None:
    """A sample with a URL is read with the access of the run, there as here."""
    access = RemoteAccess(allow_private_hosts=True)
    sample = Sample.of({"video": "s3://bucket/a.mp4", "reference": SIGNED}, access=access)
    source = pickle.loads(pickle.dumps(sample)).source("reference")  # noqa: S301 - of this very test
    assert source.stored == StoredFile(place=Url(SIGNED))
    assert source.access == access
    assert sample.id == "s3://bucket/a.mp4"
    assert sample.source("audio") is sample.source("video")
    assert "SECRET" not in str(source)


def test_parts_of_one_file_are_different_sources() -> None:
    """Members of a shard, and cells of a table, are told apart."""
    place = Path("000.tar")
    parts = [Span(offset=0, size=1), Span(offset=1, size=1), Cell(row_group=0, row=0, column="audio")]
    assert len({StoredFile(place=place, part=part).identity for part in parts}) == 3
    assert str(StoredFile(place=place, part=parts[0], label="x/a.wav")) == "x/a.wav"
    assert StoredFile(place=place, part=parts[0], label="x/a.wav").suffix == ".wav"


def test_url_of_another_kind_is_a_problem_of_its_field() -> None:
    """Nothing is opened through protocols that nobody vouches for."""
    sample = Sample.of({"audio": "ftp://host/a.wav"})
    assert "a URL, ftp://host/a.wav, of a kind that is not read" in sample.problems["audio"].message
