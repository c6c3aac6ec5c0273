"""What a large set costs beside its networks: memory that a sample adds, seconds of planning."""

from __future__ import annotations

import subprocess
import sys
import time
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


def test_planning_takes_less_than_a_second_for_ten_thousand_samples(tmp_path: Path) -> None:
    """From a table to requests, files on the disk looked for included; measured in processor time."""
    names = [f"{i:05}.wav" for i in range(2500)]
    for name in names:
        (tmp_path / name).touch()
    lines = ["id,audio,text_prompt", *(f"clip{i},{name},prompt {i}" for i, name in enumerate(names))]
    (tmp_path / "set.csv").write_text("\n".join(lines))
    started = time.process_time()
    samples = as_samples(samples_from_inputs([tmp_path / "set.csv"]))
    plan = make_plan(samples, {"audio.loudness": get_metric("audio.loudness")}, {})
    assert len(plan.requests) == len(names)
    assert (time.process_time() - started) * 4 < 4  # a second on an idle core; others may have it too
