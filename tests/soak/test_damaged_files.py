"""Files with damaged bytes are scored or skipped by a named code, in bounded time and memory."""

from __future__ import annotations

import collections
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.media import flash, tone, write_media

NUM_FILES = 40
FILE_S = 30.0
# Of address space, so that an allocation by what a header says fails; threads and libraries take 1 GiB of it.
MEMORY_BYTES = 6 << 30
RESIDENT_MIB = 1000.0

# Writes down what became of each file, a line at a time: a crash leaves the name of its file as the last one.
SCORED = """
import json, math, resource, sys, time, warnings
from pathlib import Path

from avmeter import create_evaluator
from avmeter.errors import AvmeterError
from avmeter.media.probe import probe

warnings.simplefilter("ignore")
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
evaluator = create_evaluator(["audio.loudness", "av.align"], "cpu")

def has_nan(value):
    if isinstance(value, dict):
        return any(has_nan(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_nan(v) for v in value)
    return isinstance(value, float) and math.isnan(value)

for path in sorted(Path(sys.argv[1]).iterdir()):
    print(json.dumps({"name": path.name}), flush=True)
    started = time.monotonic()
    try:
        probe(path)
    except AvmeterError:
        pass
    field = "audio" if path.suffix in (".wav", ".flac", ".ogg") else "video"
    row = evaluator.evaluate([{field: str(path)}])[0]
    print(json.dumps({
        "name": path.name,
        "s": time.monotonic() - started,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "nan": [n for n, r in row.items() if has_nan([r.score, dict(r.details)])],
        "codes": {n: str(r.skip.code) if r.skip else "scored" for n, r in row.items()},
        "reasons": [r.skip.reason for r in row.values() if r.skip],
    }), flush=True)
"""


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("originals")
    wave = tone(440, 0.3, 16_000, 1.0) + np.repeat(np.random.default_rng(0).uniform(-0.3, 0.3, 16), 1000)
    sound = {"wave": wave.astype(np.float32), "sample_rate": 16_000}
    frames = {"frames": flash(0.5, 25, 1.0)}
    return [
        write_media(folder / "a.mp4", **sound, **frames),
        write_media(folder / "a.mkv", **sound, **frames),
        write_media(folder / "a.ts", **sound, **frames),
        write_media(folder / "a.gif", **frames, video_codec="gif", pixel_format="rgb8"),
        write_media(folder / "a.wav", **sound, audio_codec="pcm_s16le"),
        write_media(folder / "a.flac", **sound, audio_codec="flac"),
        write_media(folder / "a.ogg", **sound, audio_codec="libopus"),
    ]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Return a copy with one to eight accidents, half of them where headers are."""
    edited = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        end = min(len(edited), 400) if rng.random() < 0.5 else len(edited)
        start, size = rng.randrange(max(end, 1)), rng.choice((1, 1, 2, 4, 8, 64, 1000))
        part = slice(start, start + size)
        match rng.choice(("noise", "noise", "zero", "full", "flip", "remove", "repeat", "cut")):
            case "noise":
                edited[part] = rng.randbytes(len(edited[part]))
            case "zero":
                edited[part] = bytes(len(edited[part]))
            case "full":
                edited[part] = b"\xff" * len(edited[part])
            case "flip":
                edited[part] = bytes(b ^ 1 << rng.randrange(8) for b in edited[part])
            case "remove":
                del edited[part]
            case "repeat":
                edited[start:start] = edited[part]
            case "cut" if start > 100:
                del edited[start:]
    return bytes(edited)


def test_damaged_bytes(
    tmp_path: Path, originals: list[Path], rng: random.Random, rounds, figures: Callable[..., None]
) -> None:
    """No exception, crash, fault (`failed`) or NaN; seconds and memory of every file are bounded."""
    codes: collections.Counter[str] = collections.Counter()
    faults, num_files, slowest_s, most_mib = [], 0, 0.0, 0.0
    for number in rounds:
        folder = tmp_path / f"{number:04}"
        folder.mkdir()
        for i in range(NUM_FILES):
            original = rng.choice(originals)
            (folder / f"{i:02}{original.suffix}").write_bytes(damaged(original.read_bytes(), rng))
        done = subprocess.run(
            [sys.executable, "-c", SCORED, folder, str(MEMORY_BYTES)],
            capture_output=True, text=True, timeout=NUM_FILES * FILE_S, check=False,
        )  # fmt: skip
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 0, f"{folder / lines[-1]['name']}: {done.returncode} {done.stderr[-2000:]}"
        for line in (line for line in lines if "s" in line):
            codes.update(f"{code} ({name})" for name, code in line["codes"].items())
            num_files, slowest_s, most_mib = num_files + 1, max(slowest_s, line["s"]), max(most_mib, line["mib"])
            if line["nan"] or "failed" in line["codes"].values() or line["s"] > FILE_S:
                faults.append((str(folder), line))
    figures(files=num_files, s_at_most=round(slowest_s, 2), MiB_at_most=round(most_mib), **dict(sorted(codes.items())))
    assert not faults, faults[:5]
    assert most_mib < RESIDENT_MIB
