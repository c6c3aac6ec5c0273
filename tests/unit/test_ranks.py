"""Several processes, one set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avmeter.evaluator import Evaluator
from avmeter.ranks import evaluate_on_ranks
from avmeter.registry import register
from support.paths import ROOT
from support.registrations import forgotten_registrations

METRIC = """
class Spread:
    \"\"\"Largest minus smallest level of a set: no mean of parts.\"\"\"
    def reset(self):
        self.levels = []
    def accumulate(self, sample):
        self.levels.append(float(sample["level"]))
    def merge_from(self, other):
        self.levels += other.levels
    def finalize(self):
        return max(self.levels) - min(self.levels)
"""
PROGRAM = (
    """
import json, sys
import torch.distributed as dist
from avmeter.evaluator import Evaluator
from avmeter.ranks import evaluate_on_ranks
from avmeter.registry import register
"""
    + METRIC
    + """
register("user.spread")(Spread)
dist.init_process_group("gloo")
rank = dist.get_rank()
levels = [[1.0, 2.0], [5.0]][rank]
results = evaluate_on_ranks(
    Evaluator(["user.spread"], "cpu"), [{"level": level, "text_prompt": str(level)} for level in levels]
)
with open(f"{sys.argv[1]}/{rank}.json", "w") as file:
    json.dump([results.corpus["user.spread"].score, [s.text("text_prompt") for s in results.samples]], file)
dist.destroy_process_group()
"""
)


def test_two_ranks_have_the_results_of_one_run(tmp_path: Path) -> None:
    """Both of them, over the clips of both, in their order."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(program), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr
    found = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert found == [[4.0, ["1.0", "2.0", "5.0"]]] * 2


def test_process_that_is_alone_has_its_own_results() -> None:
    """The same call works without torchrun."""
    names: dict[str, type] = {}
    exec(METRIC, names)
    with forgotten_registrations():
        register("user.spread")(names["Spread"])
        evaluator = Evaluator(["user.spread"], "cpu")
        samples = [{"level": 1.0}, {"level": 4.0}]
        found = evaluate_on_ranks(evaluator, samples)
        assert found.corpus["user.spread"].score == evaluator.evaluate(samples).corpus["user.spread"].score == 3.0


def test_repeated_clip_is_found_by_its_id() -> None:
    """Or it would weigh twice."""
    evaluator = Evaluator(["audio.loudness"], "cpu")
    parts = [evaluator.evaluate_part([{"id": "a", "audio": "a.wav"}]) for _ in range(2)]
    with pytest.raises(ValueError, match="id `a`"):
        evaluator.merge(parts)
