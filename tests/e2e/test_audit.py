"""`avmeter audit`: a line for each problem, and an exit code where they count."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from support import require
from support.commandline import avmeter, contents
from support.media import write_media
from support.object_store import object_store, put
from support.packed import tar_bytes, write_parquet
from support.web import web_server

RATE = 16_000


@pytest.fixture
def noise() -> np.ndarray:
    """Two seconds with energy at all frequencies, far from clipping."""
    return (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)


def wav(path: Path, wave: np.ndarray) -> Path:
    return write_media(path, wave=np.asarray(wave, np.float32), sample_rate=RATE, audio_codec="pcm_f32le")


def test_command_prints_one_line_a_problem_and_writes_nothing(tmp_path, noise):
    """Problems as code, file, sentence; the sum at the end; `--strict` makes them an exit code."""
    clips = tmp_path / "clips"
    clips.mkdir()
    wav(clips / "good.wav", noise)
    wav(clips / "quiet.wav", np.zeros(2 * RATE))
    (clips / "zero.wav").touch()
    (clips / "notes.txt").touch()
    before = contents(clips)
    done = avmeter("audit", clips)
    assert done.code == 0
    lines = done.out.splitlines()
    assert f"silent {clips / 'quiet.wav'}: 100% of the sound is below -60 dBFS" in lines
    assert f"empty_file {clips / 'zero.wav'}: the file is empty (0 bytes)" in lines
    assert lines[-1] == "3 clips, 2 with something to look at"
    assert not [line for line in lines if "good.wav" in line]
    assert "notes.txt" in done.err
    assert contents(clips) == before
    assert avmeter("audit", clips, "--strict").code == 1
    assert avmeter("audit", clips / "good.wav", "--strict").code == 0


def test_command_takes_clips_and_manifests(tmp_path, noise):
    """What `score` takes, `audit` takes; generated and reference clips of a manifest are both looked at."""
    wav(tmp_path / "a.wav", noise)
    wav(tmp_path / "b.wav", np.zeros(2 * RATE))
    (tmp_path / "set.csv").write_text("audio,reference_audio\na.wav,b.wav\n")
    done = avmeter("audit", tmp_path / "set.csv")
    assert re.search(r"silent .*b\.wav", done.out)
    assert done.out.endswith("2 clips, 1 with something to look at\n")
    assert avmeter("audit", tmp_path / "gone").code == 2
    (tmp_path / "empty").mkdir()
    assert "no media files" in avmeter("audit", tmp_path / "empty").err


def test_command_looks_over_clips_where_they_lie(tmp_path, noise):
    """In a store, behind a web address, in a shard and in a table, with the findings of files; none is unpacked."""
    require.package("moto")
    clips = tmp_path / "clips"
    clips.mkdir()
    files = {
        "a.wav": wav(clips / "a.wav", noise).read_bytes(),
        "b.wav": wav(clips / "b.wav", np.zeros(2 * RATE)).read_bytes(),
        "c.wav": b"",
    }
    shard = tar_bytes(files.items())
    (tmp_path / "000.tar").write_bytes(shard)
    rows = [{"bytes": data, "path": name} for name, data in files.items() if data]
    table = write_parquet(tmp_path / "set.parquet", {"audio": rows})
    with object_store(), web_server({"/000.tar": shard}) as web:
        put({f"set/{name}": data for name, data in files.items()})
        places = ["s3://bucket/set/", tmp_path / "000.tar", web.url("/000.tar"), table]
        found = [avmeter("audit", place, "--allow-private-hosts") for place in places]
        refused = avmeter("audit", web.url("/a.wav"))
    for done in found[:3]:
        assert re.search(r"^silent \S*b\.wav: 100% of the sound is below -60 dBFS$", done.out, re.MULTILINE), done.err
        assert re.search(r"^empty_file .*c\.wav", done.out, re.MULTILINE)
        assert done.out.endswith("3 clips, 2 with something to look at\n")
    assert re.search(r"^silent \S*b\.wav", found[3].out, re.MULTILINE)
    assert found[3].out.endswith("2 clips, 1 with something to look at\n")
    assert "s3://bucket/set/b.wav" in found[0].out
    assert refused.out.startswith("refused_host ")
    assert sorted(p.name for p in tmp_path.rglob("*.wav")) == ["a.wav", "b.wav"]
