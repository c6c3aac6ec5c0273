"""`avmeter bench` and `python -m avmeter`, as users call them."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np


def test_bench_measures_the_clips_of_the_user_and_prints_json(tmp_path: Path) -> None:
    """Rates, stages and advice; the same program as `avmeter`."""
    for i in range(2):
        with wave.open(str(tmp_path / f"{i}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes((8000 * np.sin(np.arange(16_000) * 0.1 * (i + 1))).astype("<i2").tobytes())
    command = [sys.executable, "-m", "avmeter", "bench", str(tmp_path), "-m", "audio.loudness", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    payload = json.loads(done.stdout)
    assert [r["metric"] for r in payload["rates"]] == ["audio.loudness"]
    assert payload["rates"][0]["num_clips"] == 2
    assert payload["advice"]
