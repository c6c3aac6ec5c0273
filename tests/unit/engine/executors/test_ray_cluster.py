"""Connections to Ray clusters; work is done on one in `test_ray_executor.py`."""

from __future__ import annotations

import os

import pytest

from avmeter.engine.executors.ray_cluster import Node, RayCluster
from avmeter.errors import UsageError
from support import require


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
