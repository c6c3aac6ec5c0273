"""Runs that are ended at random moments lose a second at most, and the next run scores as an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from support.commandline import PROGRAM
from support.soak import METRICS, loudness, stored

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
SOON_S = 5.0
LOST_S = 1.0

# Writes down when each feature was put.
LOGGED = """
import os, sys, time
from avmeter.engine.store import SqliteStore
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
put = SqliteStore.put
def logged(self, key, features):
    put(self, key, features)
    os.write(log, f"{time.monotonic()} {key.media} {key.fingerprint}\\n".encode())
SqliteStore.put = logged
samples = [{"audio": os.path.join(sys.argv[1], n)} for n in sorted(os.listdir(sys.argv[1]))]
from avmeter import create_evaluator
evaluator = create_evaluator(["audio.loudness"], "cpu", store=sys.argv[2], loader_threads=1)
print("ready", flush=True)
evaluator.evaluate(samples)
time.sleep(60)
"""

INTERRUPTED = """
import random, signal, sys, time
from pathlib import Path
from avmeter import create_evaluator

class Interrupt(BaseException):
    pass

def interrupt(number, frame):
    raise Interrupt

samples = [{"audio": str(p)} for p in sorted(Path(sys.argv[1]).iterdir()) if p.stat().st_size < 100_000]
evaluator = create_evaluator(["audio.loudness"], "cpu", loader_threads=4)
scores = lambda: [row["audio.loudness"].score for row in evaluator.evaluate(samples)]
expected = scores()
started = time.monotonic()
scores()
duration_s = time.monotonic() - started
signal.signal(signal.SIGALRM, interrupt)
rng, count, slowest_s = random.Random(int(sys.argv[2])), 0, 0.0
for _ in range(int(sys.argv[3])):
    after_s = rng.uniform(0.0005, duration_s)
    started = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, after_s)
        try:
            scores()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupt:
        count += 1
        slowest_s = max(slowest_s, time.monotonic() - started - after_s)
assert scores() == expected
print(count, slowest_s)
"""


def test_kills(tmp_path, clips, rng, rounds, figures):
    """SIGKILL: features younger than a second may be missing, older ones may not; the store is intact."""
    num_put = num_lost = num_kills = 0
    oldest_s = 0.0
    for number in rounds:
        store, log = tmp_path / f"store{number}", tmp_path / f"log{number}"
        process = subprocess.Popen([sys.executable, "-c", LOGGED, log, clips, store], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(rng.uniform(0.05, 3))
        process.kill()
        killed = time.monotonic()
        process.communicate()
        num_kills += 1
        put = [line.split() for line in log.read_text().splitlines()]
        found = stored(store)
        ages = [killed - float(at) for at, media, fingerprint in put if (media, fingerprint) not in found]
        num_put, num_lost, oldest_s = num_put + len(put), num_lost + len(ages), max([oldest_s, *ages])
    figures(kills=num_kills, features_put=num_put, lost=num_lost, s_old_at_most=round(oldest_s, 2))
    assert oldest_s < LOST_S


def test_signals_to_the_command_line(tmp_path, clips, undisturbed, rng, rounds, figures):
    """SIGINT, SIGTERM, SIGHUP at any moment: the right code, soon, no traceback, and finished scores are right."""
    num_ended = num_partial = 0
    slowest_s = 0.0
    for number in rounds:
        run, ending = tmp_path / f"run{number}", rng.choice(list(CODES))
        environment = {**os.environ, "AVMETER_CACHE": str(tmp_path / f"cache{number // 4}")}
        process = subprocess.Popen(
            [*PROGRAM, "score", clips, *METRICS, "--out", run],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(rng.uniform(0, 6))
        process.send_signal(ending)
        sent = time.monotonic()
        _, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        if process.returncode == 0:  # it was sooner
            continue
        num_ended += 1
        slowest_s = max(slowest_s, time.monotonic() - sent)
        # Before Python has started, the system's own ending holds.
        assert process.returncode in (CODES[ending], -ending), err
        if (run / "results.parquet").exists():
            num_partial += 1
            assert all(undisturbed[name] == score for name, score in loudness(run).items() if score is not None)
    figures(signals=num_ended, partial_runs=num_partial, s_to_the_end_at_most=round(slowest_s, 2))
    assert slowest_s < SOON_S + 1


def test_exceptions_in_evaluate(clips, rng, rounds, figures):
    """An exception of a signal handler at any step of `evaluate`: no hang, no other exception, the same scores."""
    total, slowest_s = 0, 0.0
    for _ in rounds:
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, clips, str(rng.randrange(10**6)), "150"],
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        count, longest_s = done.stdout.split()
        total, slowest_s = total + int(count), max(slowest_s, float(longest_s))
    figures(interrupts=total, s_to_the_end_at_most=round(slowest_s, 2))
    assert slowest_s < SOON_S
