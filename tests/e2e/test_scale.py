"""What a large set costs beside its networks: memory that a sample adds, calls of planning."""

from __future__ import annotations

import cProfile
import subprocess
import sys
from pathlib import Path

from avmeter.engine.plan import make_plan
from avmeter.manifest import samples_from_inputs
from avmeter.metrics.resolve import get_metric
from avmeter.sample import as_samples
from support import require
from support.paths import ROOT

MEMORY = f"""
import sys, tempfile
sys.path.insert(0, {str(ROOT / "bench")!r})
from pathlib import Path
import numpy as np
import bench_scale
from avmeter.features.base import Features

def pool(self, outputs, windows, facts):  # 32 KiB a sample, if they were kept
    return Features(arrays={{"embedding": np.full(8192, outputs[0]["mean"][0], np.float32)}})

bench_scale._Mean.pool = pool
rows = [{{"id": f"clip{{i}}", "text_prompt": f"prompt {{i}}"}} for i in range(2560)]
evaluator = bench_scale.Evaluator(["bench.text"], "cpu")
seen = []
with tempfile.TemporaryDirectory() as name:
    journal = bench_scale.RunJournal(Path(name), num_samples=len(rows), provenance={{}})
    def on_rows(samples, part):
        journal.add(samples, part)
        seen.append(bench_scale.resident_mib())
    evaluator.evaluate(rows, on_rows=on_rows)
first, last = seen[len(seen) // 4], seen[-1]
print((last - first) * 2**20 / (0.75 * len(rows)))
"""


@require.needs("system", sys.platform == "linux", "reads the resident memory from /proc")
def test_sample_adds_its_row_to_memory_and_no_feature() -> None:
    """At most 6 KB a sample, results included, while features of 32 KB come and go."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 6000


def calls_of_planning(folder: Path, num_samples: int) -> int:
    """Function calls, Python's and C's, from a table to requests; files on the disk are looked for."""
    folder.mkdir()
    names = [f"{i:05}.wav" for i in range(num_samples)]
    for name in names:
        (folder / name).touch()
    lines = ["id,audio,text_prompt", *(f"clip{i},{name},prompt {i}" for i, name in enumerate(names))]
    (folder / "set.csv").write_text("\n".join(lines))
    with cProfile.Profile() as profile:
        samples = as_samples(samples_from_inputs([folder / "set.csv"]))
        plan = make_plan(samples, {"audio.loudness": get_metric("audio.loudness")}, {})
    assert len(plan.requests) == num_samples
    return sum(entry.callcount for entry in profile.getstats())


def test_planning_of_a_sample_costs_the_same_in_a_set_of_any_size(tmp_path: Path) -> None:
    """Counted in calls, since seconds are of the machine: some tenths of a second for ten thousand samples."""
    small, large = calls_of_planning(tmp_path / "small", 500), calls_of_planning(tmp_path / "large", 2500)
    assert large < 5.1 * small
    assert large < 700 * 2500
