"""The process on a node, before anything of this package is imported there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from avmeter.engine.executors import ray_actor


@pytest.mark.parametrize(
    ("assigned", "current", "visible"),
    [
        (None, None, ""),
        (None, "0,1,2,3", ""),  # without GPUs assigned, all may be visible
        (["2"], "2", "2"),
        (["0"], "GPU-5e1f", "GPU-5e1f"),  # Ray has set it to the GPU by its own name
        (["3"], "0,1,2,3", "3"),  # Ray was told not to set it
        (["3"], None, "3"),
    ],
)
def test_worker_sees_its_own_gpu_and_no_other(assigned: list[str] | None, current: str | None, visible: str) -> None:
    """Whatever Ray has made of the variable: `cuda:0` is the worker's own, and a worker on cores has none."""
    assert ray_actor.visible_gpus(assigned, current) == visible


def test_module_that_is_sent_to_nodes_needs_nothing_of_this_package_to_be_read() -> None:
    """A node with another version of it, or without it, can still say so."""
    tree = ast.parse(Path(ray_actor.__file__).read_text("utf-8"))
    names = {(n.module if isinstance(n, ast.ImportFrom) else a.name) for n in tree.body
             if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}  # fmt: skip
    assert names
    assert not [name for name in names if name is None or name.startswith(("avmeter", "ray", "torch"))]
