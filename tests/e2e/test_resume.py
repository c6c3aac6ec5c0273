"""What was computed once is not computed again, whatever ended the run before."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from avmeter.run import read_run
from support import require
from support.commandline import avmeter, start
from support.media import write_media
from support.stores import locked

RATE = 16_000
NUM_CLIPS = 24


def again(value):
    """A parameter of the long tests: what it goes through is what another one goes through."""
    return pytest.param(value, marks=pytest.mark.endurance)


CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
METRICS = ("-m", "audio.loudness,audio.inception_score", "--set", "audio.inception_score.backbone=yamnet")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Features go into a folder of the test."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    """Clips that take seconds together."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    for i in range(NUM_CLIPS):
        noise = (0.1 * rng.standard_normal(30 * RATE)).astype(np.float32)
        write_media(folder / f"{i:02}.wav", wave=noise, sample_rate=RATE, audio_codec="pcm_s16le")
    return folder


def stored(cache: Path) -> int:
    """Number of features that are safe on disk."""
    path = cache / "store" / "features.sqlite"
    if not path.is_file():
        return 0
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        try:
            (count,) = db.execute("SELECT COUNT(*) FROM features").fetchone()
        except sqlite3.OperationalError:
            return 0
    db.close()
    return int(count)


def scores(run: Path) -> list[float | None]:
    return [row["audio.loudness"].score for row in read_run(run)]


def counts(run: Path) -> tuple[int, int]:
    facts = json.loads((run / "run.json").read_text())["provenance"]
    return sum(facts["computed"].values()), facts["store_reads"]


def check_partial(run: Path, *, is_written: bool) -> None:
    """A run folder says that it is partial, how much of it is finished, and has those scores."""
    if not is_written:  # not one sample was finished
        assert not (run / "results.parquet").exists()
        return
    facts = json.loads((run / "run.json").read_text())
    finished = [row for row in read_run(run) if row["audio.loudness"].score is not None]
    assert facts["partial"] is True
    assert 0 < facts["num_finished"] <= len(finished) < NUM_CLIPS
    assert read_run(run).corpus["audio.inception_score"].skip.code == "interrupted"
    assert f"partial: {facts['num_finished']} of {NUM_CLIPS} samples" in (run / "report.html").read_text()


@pytest.mark.parametrize("ending", [again(signal.SIGINT), signal.SIGTERM])
def test_run_is_ended_within_seconds_while_another_process_locks_the_store(tmp_path, clips, ending):
    """In the middle of scoring: what is finished is in the run folder, and nobody waits for the lock."""
    few = sorted(clips.iterdir())
    assert avmeter("score", few[0], "-m", "audio.loudness").code == 0
    with locked(tmp_path / "cache" / "store"):
        process = start("score", *few, *METRICS, "--out", tmp_path / "run")
        deadline = time.monotonic() + 600
        while not (tmp_path / "run" / "unfinished").exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        time.sleep(1.5)
        process.send_signal(ending)
        out, err = process.communicate(timeout=600)
    assert process.returncode == CODES[ending]
    assert "waiting up to 10 s" not in err
    assert (out, "Traceback" in err) == ("", False)


@pytest.mark.parametrize("ending", [signal.SIGTERM, *map(again, (signal.SIGKILL, signal.SIGINT, signal.SIGHUP))])
def test_run_that_was_ended_half_way_goes_on_where_it_was(tmp_path, clips, ending):
    """However it ended, the same command computes only what was missing, and scores as an undisturbed run."""
    process = start("score", clips, *METRICS, "--out", tmp_path / "run")
    deadline = time.monotonic() + 600
    while not stored(tmp_path / "cache") and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(ending)
    out, err = process.communicate(timeout=600)
    kept = stored(tmp_path / "cache")
    assert 0 < kept < 2 * NUM_CLIPS, "the run was to be ended half-way"
    assert out == ""
    if ending in CODES:
        assert process.returncode == CODES[ending]
        lines = err.splitlines()
        assert lines[0] == f"{NUM_CLIPS} clips"
        is_written = any(line.startswith("written: ") for line in lines)
        assert [line.partition(": ")[0] for line in lines[1:] if not line.startswith("written: ")] == [
            "columns", "metrics", "in the store", "time", "interrupted",
        ]  # fmt: skip
        check_partial(tmp_path / "run", is_written=is_written)
    again = avmeter("score", clips, *METRICS, "--out", tmp_path / "run")
    assert again.code == 0, again.err
    assert counts(tmp_path / "run") == (2 * NUM_CLIPS - kept, kept)
    avmeter("score", clips, *METRICS, "--out", tmp_path / "undisturbed", "--no-store")
    assert scores(tmp_path / "run") == scores(tmp_path / "undisturbed")
    name = "audio.inception_score"
    corpus = [read_run(tmp_path / run).corpus[name].score for run in ("run", "undisturbed")]
    assert corpus[0] == corpus[1]


STUCK = """
import threading
from avmeter.features.quality.nisqa import NisqaExtractor
NisqaExtractor.run = lambda self, windows, runtime: threading.Event().wait(600)
from avmeter.cli import main
main()
"""


@pytest.mark.parametrize("metrics", ["audio.loudness,audio.nisqa", "audio.nisqa"])
def test_run_that_is_ended_while_a_network_computes_has_what_others_have_made(tmp_path, metrics):
    """A batch that takes minutes keeps back no score of other metrics; a folder without any says so in words."""
    (tmp_path / "clips").mkdir()
    for i in range(3):
        tone = (0.1 * np.sin(np.arange(RATE) / (5 + i))).astype(np.float32)
        write_media(tmp_path / "clips" / f"{i}.wav", wave=tone, sample_rate=RATE, audio_codec="pcm_s16le")
    command = ["score", tmp_path / "clips", "-m", metrics, "--weights", "dummy", "--out", tmp_path / "run"]
    process = start(*command, program=[sys.executable, "-c", STUCK])
    has_loudness = "audio.loudness" in metrics
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and process.poll() is None:
        begun = (tmp_path / "run" / "unfinished" / "run.json").is_file()
        if stored(tmp_path / "cache") == 3 if has_loudness else begun:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=600)
    assert process.returncode == CODES[signal.SIGTERM], err
    results = read_run(tmp_path / "run")
    assert results.provenance["notes"][0].startswith("partial: ")
    if has_loudness:
        assert all(row["audio.loudness"].score is not None for row in results)
        assert {row["audio.nisqa"].skip.code for row in results} == {"interrupted"}
        assert "written: " in err
        assert (tmp_path / "run" / "report.html").is_file()
    else:
        assert "no sample was finished" in (tmp_path / "run" / "unfinished" / "run.json").read_text()


def test_second_run_computes_nothing_and_scores_the_same(tmp_path, clips):
    """Twice the same command: no extractor runs again, every score is the same to the last bit."""
    few = sorted(clips.iterdir())[:10]
    avmeter("score", *few, *METRICS, "-o", tmp_path / "a")
    avmeter("score", *few, *METRICS, "-o", tmp_path / "b")
    assert counts(tmp_path / "a") == (20, 0)
    assert counts(tmp_path / "b") == (0, 20)
    assert scores(tmp_path / "a") == scores(tmp_path / "b")
    summaries = [json.loads((tmp_path / run / "summary.json").read_text()) for run in "ab"]
    assert summaries[0].pop("run_id") != summaries[1].pop("run_id")
    assert summaries[0] == summaries[1]


def test_new_metric_over_old_features_computes_nothing(tmp_path, clips):
    """A metric that was not asked for before finds the features of those that were."""
    few = sorted(clips.iterdir())[:3]
    avmeter("score", *few, *METRICS, "-o", tmp_path / "a")
    avmeter("score", *few, "-m", "audio.frechet_distance", "--set", "audio.frechet_distance.backbone=yamnet",
            "-o", tmp_path / "b")  # fmt: skip
    assert counts(tmp_path / "b") == (0, 3)


@pytest.mark.endurance
def test_two_runs_at_once_share_a_store(tmp_path, clips):
    """Two processes over one store both finish, and both find everything afterwards."""
    few = sorted(clips.iterdir())[:12]
    both = [start("score", *few, *METRICS, "--out", tmp_path / run) for run in "ab"]
    assert [(p.communicate(timeout=600), p.returncode)[1] for p in both] == [0, 0]
    assert scores(tmp_path / "a") == scores(tmp_path / "b")
    avmeter("score", *few, *METRICS, "--out", tmp_path / "c")
    assert counts(tmp_path / "c") == (0, 24)


def test_store_can_be_elsewhere_or_nowhere(tmp_path, clips):
    """`--store DIR` keeps features there, `--no-store` nowhere."""
    clip = sorted(clips.iterdir())[0]
    avmeter("score", clip, "-m", "audio.loudness", "--store", tmp_path / "mine")
    assert (tmp_path / "mine" / "features.sqlite").is_file()
    avmeter("score", clip, "-m", "audio.loudness", "--no-store")
    assert not list((tmp_path / "cache").rglob("*.sqlite"))


KILLED = """
import os, signal, sys, time
from avmeter.cli import main
from avmeter.engine.executors import local
from avmeter.run import journal

local.CHUNK_SIZE, journal._FEWEST_ROWS = 8, 8
flush, count = journal.RunJournal.flush, 0

def flush_and_die(self):
    global count
    flush(self)
    count += 1
    if count == 9:
        time.sleep(2)  # features are in the store at the latest half a second after they came
        os.kill(os.getpid(), signal.SIGKILL)

journal.RunJournal.flush = flush_and_die
main()
"""


def test_killed_run_leaves_its_rows_to_be_read_and_goes_on(tmp_path):
    """At nine tenths it has nine tenths of its rows, to be read and reported as partial; the same command ends it."""
    rng = np.random.default_rng(0)
    (tmp_path / "clips").mkdir()
    for i in range(80):
        noise = (0.1 * rng.standard_normal(RATE // 2)).astype(np.float32)
        write_media(tmp_path / "clips" / f"{i:02}.wav", wave=noise, sample_rate=RATE, audio_codec="pcm_s16le")
    command = ["score", str(tmp_path / "clips"), "-m", "audio.loudness", "--out", str(tmp_path / "run")]
    killed = subprocess.run([sys.executable, "-c", KILLED, *command], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(read_run(tmp_path / "run")) == 72
    report = avmeter("report", tmp_path / "run")
    assert (report.code, "partial: the run was ended after 72 of 80 samples" in report.err) == (0, True)
    assert "partial: the run was ended after 72 of 80" in (tmp_path / "run" / "report.html").read_text()
    assert avmeter(*command).code == 0
    computed, store_reads = counts(tmp_path / "run")
    assert (computed + store_reads, store_reads >= 64) == (80, True)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "report.html", "results.csv", "results.parquet", "run.json", "samples.parquet", "summary.json"
    ]  # fmt: skip
    avmeter(*command[:-1], tmp_path / "undisturbed")
    assert scores(tmp_path / "run") == scores(tmp_path / "undisturbed")


def test_second_run_into_one_folder_is_refused_at_once(tmp_path, clips):
    """The first goes on, and is there in the end; the second says which process has the folder."""
    first = start("score", clips, *METRICS, "--out", tmp_path / "run")
    deadline = time.monotonic() + 600
    while not (tmp_path / "run" / "unfinished").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    second = avmeter("score", clips, *METRICS, "--out", tmp_path / "run")
    assert second.code == 2
    assert f"another run is writing to it (process {first.pid} on " in second.err
    first.communicate(timeout=600)
    assert first.returncode == 0
    assert len(scores(tmp_path / "run")) == NUM_CLIPS


INTERRUPTS = """
import random, signal, sys, time
from pathlib import Path
from avmeter import create_evaluator

class Interrupt(BaseException):
    pass

def interrupt(number, frame):
    raise Interrupt

samples = [{"audio": str(p)} for p in sorted(Path(sys.argv[1]).iterdir())]
evaluator = create_evaluator(["audio.loudness"], "cpu", loader_threads=8)
evaluator.evaluate(samples)
started = time.monotonic()
expected = [row["audio.loudness"].score for row in evaluator.evaluate(samples)]
duration_s = time.monotonic() - started
signal.signal(signal.SIGALRM, interrupt)
rng, count = random.Random(0), 0
for _ in range(200):
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.001, duration_s))
        try:
            evaluator.evaluate(samples)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupt:
        count += 1
assert [row["audio.loudness"].score for row in evaluator.evaluate(samples)] == expected
print(count)
"""


@pytest.mark.endurance
def test_run_interrupted_at_any_moment_ends_and_leaves_the_evaluator_usable(tmp_path):
    """Two hundred interrupts of one process: no hang, no other exception, and the same scores afterwards."""
    rng = np.random.default_rng(0)
    for i in range(16):
        noise = (0.1 * rng.standard_normal(RATE)).astype(np.float32)
        write_media(tmp_path / f"{i:02}.wav", wave=noise, sample_rate=RATE, audio_codec="pcm_s16le")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTS, tmp_path], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


MEMORY = """
import resource, sys
from pathlib import Path
from avmeter import create_evaluator

samples = [{"audio": str(p)} for p in sorted(Path(sys.argv[1]).iterdir())]
evaluator = create_evaluator(["audio.loudness", "audio.inception_score"],
                             options={"audio.inception_score": {"backbone": "yamnet"}})
peaks = []
for count in (20, len(samples)):
    evaluator.evaluate(samples=samples[:count])
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(*peaks)
"""


@require.needs("system", sys.platform == "linux", "the unit of the peak memory differs between systems")
@pytest.mark.endurance
def test_memory_does_not_grow_with_the_set(tmp_path):
    """Three times the clips, the same peak: the sound of 40 more clips would be 77 MB, if it were kept."""
    rng = np.random.default_rng(0)
    for i in range(60):
        noise = (0.1 * rng.standard_normal(10 * 48_000)).astype(np.float32)
        write_media(tmp_path / f"{i:02}.wav", wave=noise, audio_codec="pcm_s16le")
    done = subprocess.run([sys.executable, "-c", MEMORY, tmp_path], capture_output=True, text=True, check=True)
    few, all_of_them = map(int, done.stdout.split())
    assert all_of_them - few < 25_000, f"peak grew from {few} to {all_of_them} KiB"


def end_after(process: subprocess.Popen[str], num_lines: int, ending: int) -> str:
    """Send a signal to a process once it has said that it scores this many variants; return what it printed."""
    assert process.stderr is not None
    said: list[str] = []
    while sum(line.startswith("scoring: ") for line in said) < num_lines:
        said.append(process.stderr.readline())
        assert said[-1], said
    process.send_signal(ending)
    out, err = process.communicate(timeout=600)
    assert out == ""
    assert "Traceback" not in err
    return err


@pytest.mark.endurance
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_stress_that_is_ended_keeps_finished_variants(tmp_path, clips, ending):
    """The folder says that it is partial and what is missing; the same command gives a whole one."""
    few = sorted(clips.iterdir())[:4]
    command = ["stress", *few, "-m", "audio.loudness", "--variants", "low_volume,white_noise,silence", "--out"]
    err = end_after(process := start(*command, tmp_path / "run"), 3, ending)
    assert process.returncode == CODES[ending]
    assert err.splitlines()[-1].startswith("interrupted: what was computed is kept")
    assert f"written: {tmp_path / 'run'} with 2 of 4 variants" in err
    facts, content = (json.loads((tmp_path / "run" / name).read_text()) for name in ("run.json", "stress.json"))
    assert (facts["partial"], facts["num_finished"], content["partial"]) == (True, 8, True)
    assert content["unfinished"] == ["white_noise", "silence"]
    assert {c["variant"] for c in content["cells"]} == {"original", "low_volume -20 dB"}
    assert "partial: 2 of 4 variants" in (tmp_path / "run" / "report.html").read_text()
    assert None not in scores(tmp_path / "run")
    assert avmeter(*command, tmp_path / "run").code == 0
    whole = json.loads((tmp_path / "run" / "stress.json").read_text())
    assert not {"partial", "unfinished"} & whole.keys()
    assert [c for c in whole["cells"] if c["variant"] in ("original", "low_volume -20 dB")] == content["cells"]


def test_stress_that_is_ended_at_once_writes_no_results(tmp_path, clips):
    """No variant was finished: the folder holds a run that was begun, and nothing that looks like a result."""
    command = ["stress", *sorted(clips.iterdir()), "-m", "audio.loudness", "--no-store", "--out", tmp_path / "run"]
    process = start(*command)
    assert end_after(process, 1, signal.SIGINT).splitlines()[-1] == "interrupted"
    assert process.returncode == 130
    assert not (tmp_path / "run" / "results.parquet").exists()
    assert "written" not in json.loads((tmp_path / "run" / "run.json").read_text())


def test_export_that_is_ended_leaves_the_old_file_and_goes_on(tmp_path, clips):
    """A part of a set is no reference set; features that were computed are not computed again."""
    out = tmp_path / "reference.npz"
    command = ["features", "export", "--extractor", "yamnet", "--out", out]
    assert avmeter(*command, *sorted(clips.iterdir())[:2]).code == 0
    before = out.read_bytes()
    process = start(*command, clips)
    deadline = time.monotonic() + 600
    while stored(tmp_path / "cache") < 4 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    printed, err = process.communicate(timeout=600)
    assert process.returncode == 143
    assert (printed, "Traceback" in err, "error" in err) == ("", False, False)
    assert out.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".tmp"] == []
    assert avmeter(*command, clips).code == 0
    assert stored(tmp_path / "cache") == NUM_CLIPS


ENDED = """
import os, signal, sys
from avmeter.cli.interrupts import Interrupts
calls = iter(range(int(sys.argv.pop(1))))
def should_stop(interrupts):
    if next(calls, None) is None:
        os.kill(os.getpid(), signal.SIGTERM)
    return interrupts.is_requested
Interrupts.should_stop = should_stop
from avmeter.cli import main
main()
"""


@pytest.mark.parametrize("num_calls", [again(1), 60])
def test_eval_run_that_is_ended_has_what_is_finished(tmp_path, clips, num_calls):
    """In the JSON of FastVideo what is missing has no score, and says that the run was ended."""
    out = tmp_path / "scores.json"
    arguments = ["eval", "run", "--videos", *sorted(clips.iterdir()), "--metrics", "audio.loudness", "--output", out]
    done = subprocess.run(
        [sys.executable, "-c", ENDED, str(num_calls), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 143, done.stderr
    assert "Traceback" not in done.stderr
    assert out.exists() == (num_calls > 1)
    if out.exists():
        rows = [row["scores"]["audio.loudness"] for row in json.loads(out.read_text())]
        missing = [row for row in rows if row["score"] is None]
        assert len(missing) < len(rows)
        assert all("was ended" in row["details"]["skipped"] for row in missing)
        assert bool(missing) == (f"with {len(rows) - len(missing)} of {len(rows)} samples" in done.stderr)
