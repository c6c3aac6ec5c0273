"""Two runs on one store, and files replaced while a run reads them: no score differs, no feature is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from support.commandline import start
from support.soak import METRICS, loudness, stored

ENDS_S = 120

# Replaces files in three ways while they are scored, and then compares what is stored with what is computed anew.
REPLACED = """
import collections, json, os, random, shutil, sys, threading, time, warnings
from pathlib import Path

from avmeter import create_evaluator

warnings.simplefilter("ignore")
clips, work, seed, duration_s = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
versions = [p for p in sorted(clips.iterdir()) if p.stat().st_size < 400_000]
files = [work / f"{i}.wav" for i in range(8)]
rng, over, replaced = random.Random(seed), threading.Event(), 0

def replace(target, data):
    way = rng.randrange(3)
    if way == 0:  # another file takes the name
        (work / "new").write_bytes(data)
        os.replace(work / "new", target)
    elif way == 1:  # the file is emptied and written
        target.write_bytes(data)
    else:  # the file is written over, part by part
        with target.open("r+b", buffering=0) as file:
            for start in range(0, len(data), 16_384):
                file.write(data[start : start + 16_384])
            file.truncate()

def replace_files():
    global replaced
    while not over.is_set():
        replace(rng.choice(files), rng.choice(versions).read_bytes())
        replaced += 1
        time.sleep(rng.uniform(0, 0.02))

for file in files:
    shutil.copy(rng.choice(versions), file)
evaluator = create_evaluator(["audio.loudness"], "cpu", store=work / "store", loader_threads=2)
without_store = create_evaluator(["audio.loudness"], "cpu")

def loudness(evaluator, paths):
    return [row["audio.loudness"] for row in evaluator.evaluate([{"audio": str(p)} for p in paths])]

thread = threading.Thread(target=replace_files)
thread.start()
codes, ends = collections.Counter(), time.monotonic() + duration_s
try:
    while time.monotonic() < ends:
        codes.update(str(r.skip.code) if r.skip else "scored" for r in loudness(evaluator, files))
finally:
    over.set()
    thread.join()
wrong = [
    (str(path), a.score, b.score)
    for paths in (versions, files)
    for path, a, b in zip(paths, loudness(evaluator, paths), loudness(without_store, paths))
    if a.score != b.score
]
print(json.dumps({"replaced": replaced, "codes": codes, "wrong": wrong}))
"""


def test_two_runs_at_once(tmp_path, clips, undisturbed, rng, rounds, figures):
    """Two `avmeter score` at once on one store: both end with 0 and a lone run's scores; every feature is stored."""
    num_rounds, slowest_s = 0, 0.0
    for number in rounds:
        store, runs = tmp_path / f"store{number}", [tmp_path / f"run{number}{name}" for name in "ab"]
        processes, started = [], time.monotonic()
        for run in runs:
            processes.append(start("score", clips, *METRICS, "--store", store, "--out", run))
            time.sleep(rng.uniform(0, 2))
        for process, run in zip(processes, runs, strict=True):
            _, err = process.communicate(timeout=ENDS_S)
            assert process.returncode == 0, err
            assert "Traceback" not in err, err
            assert loudness(run) == undisturbed
        assert len(stored(store)) == len(undisturbed)
        num_rounds, slowest_s = num_rounds + 1, max(slowest_s, time.monotonic() - started)
    figures(pairs_of_runs=num_rounds, s_at_most=round(slowest_s, 1))


def test_replaced_files(tmp_path, clips, rng, rounds, figures):
    """Files that are renamed over, or written over, as they are read: what is stored afterwards is never wrong."""
    replaced, codes = 0, {}
    for number in rounds:
        work = tmp_path / f"{number}"
        work.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", REPLACED, clips, work, str(rng.randrange(10**6)), "15"],
            capture_output=True, text=True, timeout=ENDS_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        counted = json.loads(done.stdout)
        assert not counted["wrong"], counted["wrong"]
        stored(work / "store")
        replaced += counted["replaced"]
        codes = {code: codes.get(code, 0) + counted["codes"].get(code, 0) for code in {**codes, **counted["codes"]}}
    figures(replaced=replaced, **codes)
    assert "failed" not in codes
