"""Connections to Ray clusters; work is done on one in `test_ray_executor.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avmeter.engine.executors.ray_cluster import Node, RayCluster
from avmeter.errors import UsageError
from support import require
from support.media import write_media


@pytest.mark.parametrize(
    ("num_cpus", "num_gpus", "on_gpu", "num_workers"),
    [(64, 8, True, 8), (64, 8, False, 8), (4, 0, False, 1), (12, 0, False, 1), (0, 0, False, 0), (64, 0, True, 0)],
)
def test_node_has_a_worker_for_each_gpu_or_for_some_cores(
    num_cpus: int, num_gpus: int, on_gpu: bool, num_workers: int
) -> None:
    """A head that only coordinates has none, and beside GPUs cores have none."""
    node = Node(id="n", address="10.0.0.7", num_cpus=num_cpus, num_gpus=num_gpus)
    assert node.num_workers(on_gpu=on_gpu) == num_workers


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "no Ray cluster at 127.0.0.1:1"),
        ("localhost:99999", "no Ray cluster at localhost:99999"),
        ("nonsense", "'nonsense' is no address of a Ray cluster"),
        ("http://127.0.0.1:8265", "is no address of a Ray cluster"),
    ],
)
def test_cluster_that_is_not_there_is_refused_at_once(address: str, message: str) -> None:
    """Ray itself would try for minutes; the environment stays as it was."""
    require.package("ray")
    before = dict(os.environ)
    with pytest.raises(UsageError, match=message):
        RayCluster(address)
    changed = {k for k in {*before, *os.environ} if before.get(k) != os.environ.get(k)}
    assert not [k for k in changed if k.startswith("RAY_") and k != "RAY_USAGE_STATS_ENABLED"]


LOCAL_RUN = """
import json, os, sys
from avmeter.evaluator import Evaluator
before = dict(os.environ)
evaluator = Evaluator(["audio.loudness"], executor="ray", ray_address="local", store=False)
results = evaluator.evaluate([{"audio": sys.argv[1]}, {"audio": "absent.wav"}])
evaluator.unload()
evaluator.evaluate([{"audio": sys.argv[1]}])
evaluator.shutdown()
changed = sorted(k for k in os.environ if before.get(k) != os.environ[k])
print(json.dumps([[r["audio.loudness"].score for r in results], results.provenance["device"], changed]))
"""


@pytest.mark.endurance
def test_cluster_of_this_machine_leaves_nothing_behind(tmp_path: Path) -> None:
    """`ray_address="local"`: scores; no token in the home folder or the environment."""
    require.package("ray")
    wave = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.1
    write_media(tmp_path / "a.wav", wave=wave, sample_rate=16_000, audio_codec="pcm_f32le")
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", LOCAL_RUN, str(tmp_path / "a.wav")],
        env={**{k: v for k, v in os.environ.items() if not k.startswith("RAY_")}, "HOME": str(home)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    scores, device, changed = json.loads(done.stdout.splitlines()[-1])
    assert (scores[0] < 0, scores[1]) == (True, None)
    assert device.endswith("on 127.0.0.1")
    assert not [name for name in changed if "AUTH" in name or name.endswith("_CLUSTER")]
    assert not (home / ".ray").exists()


RAY_IMPORTED_BEFORE = """
import ray
from avmeter.engine.executors.ray_cluster import RayCluster
from avmeter.errors import UsageError
try:
    RayCluster("local")
except UsageError as error:
    print(error.message, ray.is_initialized())
"""


def test_cluster_of_this_machine_is_refused_where_ray_would_open_it(tmp_path: Path) -> None:
    """Ray reads once, when it is imported, whether others take part: nothing is started, and no token written."""
    require.package("ray")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")} | {"HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", RAY_IMPORTED_BEFORE], env=environment, capture_output=True, text=True, timeout=300
    )
    assert "has imported Ray before" in done.stdout
    assert done.stdout.rstrip().endswith("False")
    assert not list(tmp_path.rglob("*token*"))
