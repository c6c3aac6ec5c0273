"""Sets that lie elsewhere, as a user scores them: object stores, the web, shards, tables with media."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from avmeter import Evaluator
from avmeter.run import read_run
from support import commandline
from support.object_store import keys, object_store, put
from support.packed import tar_bytes, wav_bytes, write_parquet
from support.paths import ROOT
from support.web import web_server

avmeter = functools.partial(commandline.avmeter, isolates=True)
CLIPS = {f"{name}.wav": wav_bytes(200 + 50 * i, 0.5) for i, name in enumerate("abc")}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def store() -> Iterator[None]:
    """A bucket with a set, its shards and a table."""
    with object_store():
        put({f"set/{name}": data for name, data in CLIPS.items()})
        yield


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, float]:
    """Scores of the same clips as files of this machine."""
    for name, data in CLIPS.items():
        (tmp_path / name).write_bytes(data)
    results = Evaluator("audio.loudness").evaluate([{"id": n[0], "audio": str(tmp_path / n)} for n in CLIPS])
    return scores(results)


def scores(results: Any) -> dict[str, float]:
    found = {}
    for name, row in zip(results.sample_ids, results, strict=True):
        assert row["audio.loudness"].score is not None, row["audio.loudness"].skip
        found[Path(name).name.removesuffix(".wav")] = row["audio.loudness"].score
    return found


def test_prefix_is_scored_into_a_prefix(store: None, expected: dict[str, float]) -> None:
    """With the numbers of files, and without a file of it left here."""
    assert avmeter("score", "s3://bucket/set/", "-m", "audio.loudness", "--out", "s3://bucket/run").code == 0
    assert scores(read_run("s3://bucket/run")) == expected
    assert "run/report.html" in keys()
    assert avmeter("compare", "s3://bucket/run", "s3://bucket/run").code in (0, 3)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The clips in a shard, and in a table."""
    shard = tar_bytes([*CLIPS.items(), ("a.json", b'{"caption": "a tone"}')])
    rows = [{"bytes": data, "path": name} for name, data in CLIPS.items()]
    path = tmp_path_factory.mktemp("packed") / "set.parquet"
    table = write_parquet(path, {"audio": rows, "caption": ["x", "y", "z"]}, row_group_size=2)
    return {"000.tar": shard, "set.parquet": table.read_bytes()}


@pytest.mark.parametrize("name", ["000.tar", "set.parquet"])
@pytest.mark.parametrize("kind", ["disk", "s3", "web", "web without ranges"])
def test_shards_and_tables_are_scored_where_they_lie(
    kind: str, name: str, packed: dict[str, bytes], store: None, expected: dict[str, float], tmp_path: Path
) -> None:
    """On this disk, in a store and behind a web address, with the numbers of files and without unpacking any."""
    place = {"disk": name, "s3": f"s3://bucket/{name}"}.get(kind)
    (tmp_path / name).write_bytes(packed[name])
    put({name: packed[name]})
    with web_server({f"/{name}": packed[name]}) as web:
        web.has_ranges = kind == "web"
        done = avmeter(
            "score", place or web.url(f"/{name}"), "-m", "audio.loudness", "--allow-private-hosts", "-o", "run"
        )
    assert done.code == 0, done.err
    assert scores(read_run("run")) == expected
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".wav") == sorted(CLIPS)


def test_clip_that_cannot_be_fetched_is_a_skip_and_the_others_are_scored(tmp_path: Path) -> None:
    """Stalls, errors and private hosts each have their name in the results; credentials have none."""
    with web_server({f"/{name}": data for name, data in CLIPS.items()}) as web:
        web.faults = {"/a.wav": "stall", "/b.wav": "503"}
        rows = [
            {
                "audio": f"{web.url(f'/{n}.wav')}?X-Amz-Signature=SECRET",
                "prompt": n,
                "origin": {"link": web.url("/?token=SECRET")},
            }
            for n in "abcd"
        ]
        (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))
        quick = (
            "--allow-private-hosts",
            "--remote",
            "timeout_s=1.5",
            "--remote",
            "attempts=2",
            "--remote",
            "pause_s=0.01",
        )
        done = avmeter("score", "set.jsonl", "-m", "audio.loudness", *quick, "--out", "run")
        found = [row["audio.loudness"] for row in read_run("run")]
        assert [r.skip.code if r.skip else None for r in found] == [
            "fetch_failed",
            "fetch_failed",
            None,
            "missing_file",
        ]
        refused = avmeter("score", "set.jsonl", "-m", "audio.loudness", "--out", "refused")
        assert {row["audio.loudness"].skip.code for row in read_run("refused")} == {"refused_host"}
    written = [p for run in ("run", "refused") for p in Path(run).iterdir()]
    tables = [str(pq.read_table(p).to_pylist()) for p in written if p.suffix == ".parquet"]
    pages = [p.read_bytes().decode("latin-1") for p in written]
    for text in (done.out + done.err, refused.out + refused.err, *tables, *pages):
        assert "SECRET" not in text
    assert "***" in done.out


def test_nothing_is_fetched_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips at URLs are skips, and those of this machine are scored."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    (tmp_path / "a.wav").write_bytes(CLIPS["a.wav"])
    (tmp_path / "set.csv").write_text("audio\na.wav\nhttps://host.invalid/b.wav\ns3://bucket/c.wav\n")
    avmeter("score", "set.csv", "-m", "audio.loudness", "--out", "run")
    found = [row["audio.loudness"] for row in read_run("run")]
    assert [r.skip.code if r.skip else None for r in found] == [None, "offline", "offline"]


@pytest.mark.endurance
def test_example_of_the_page_runs(tmp_path: Path) -> None:
    """The lines on scaling out, as they stand there."""
    page = (ROOT / "docs" / "scaling-out.md").read_text()
    lines = page.partition("<!-- run: object storage -->")[2].partition("```sh\n")[2].partition("```")[0].splitlines()
    rows = [{"bytes": data, "path": name} for name, data in CLIPS.items()]
    table = write_parquet(tmp_path / "set.parquet", {"audio": rows})
    with object_store():
        put({f"{folder}/{name}": data for folder in ("gen", "ref") for name, data in CLIPS.items()})
        put({"prompts.csv": b"id,prompt\na,one\nb,two\nc,three\n", "set.parquet": table.read_bytes()})
        put({f"shards/00{i}.tar": tar_bytes(CLIPS.items()) for i in range(2)})
        for line in lines:
            program, *arguments = shlex.split(line)
            done = avmeter(*arguments)
            assert (program, done.code) == ("avmeter", 0), f"{line}\n{done.err}"
        assert len(read_run("s3://bucket/runs/b")) == 6
        other = avmeter("score", "s3://bucket/shards/000.tar", "-m", "audio.loudness", "--shard", "2/2",
                        "--out", "s3://bucket/parts/1-of-2")  # fmt: skip
        assert other.code == 2
        assert "holds shard 1 of 2" in other.err
        assert read_run("s3://bucket/runs/a").samples[0].text("text_prompt") == "one"


def test_commands_that_read_files_of_this_machine_say_so_of_a_url(tmp_path: Path) -> None:
    """And not that there is no such file, or that it is an array."""
    url = "https://example.invalid/a.wav"
    probe = avmeter("probe", url)
    assert (probe.code, "probe reads files of this machine" in probe.err) == (3, True)
    stress = avmeter("stress", url, "--out", str(tmp_path / "out"))
    assert (stress.code, "damages files of this machine" in stress.err) == (2, True)
