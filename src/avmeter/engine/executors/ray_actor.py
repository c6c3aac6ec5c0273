"""The process on a node of a Ray cluster, before anything of avmeter is imported there.

Ray sends this module by value: it imports nothing of this package at the top, and exchanges plain values only, so that
a node with another version of avmeter, or with none, says so instead of failing somewhere.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any


class NodeActor:
    """One worker on a node: computes pieces of a run, one flowing into the next, on a device of its own.

    Several of its methods run at once: while it is asked for news it can be given pieces, and told to stop.

    Args:
        environment: Environment variables, set before torch is imported.
        folder: Current folder of the run, for relative paths.
        import_path: Where the run imports from.
        on_gpu: Ray has assigned a GPU to it.
        num_workers: Workers that share the node.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        folder: str,
        import_path: Sequence[str],
        on_gpu: bool,
        num_workers: int,
    ) -> None:
        os.environ.update(environment)
        os.environ["CUDA_VISIBLE_DEVICES"] = visible_gpus(
            _assigned_gpus() if on_gpu else None, os.environ.get("CUDA_VISIBLE_DEVICES")
        )
        with contextlib.suppress(OSError):
            os.chdir(folder)
        sys.path.extend(entry for entry in import_path if entry not in sys.path and os.path.exists(entry))  # noqa: PTH110
        self._device = "cuda:0" if on_gpu else "cpu"
        self._num_workers = num_workers
        self._worker: Any = None

    def describe(self, packages: Sequence[str], paths: Sequence[str]) -> dict[str, Any]:
        """Return the versions of packages on this node, whether torch can use the device, and which paths it lacks."""
        versions = {}
        for package in packages:
            with contextlib.suppress(PackageNotFoundError):
                versions[package] = version(package)
        unseen = [path for path in paths if not os.path.exists(path)]  # noqa: PTH110
        return {"versions": versions, "has_device": self._device == "cpu" or _has_gpu(), "unseen": unseen}

    def news(self, config: Any) -> list[Any]:
        """Return what the worker has to tell, once there is something; one call at a time.

        Args:
            config: `EvaluatorConfig` of the run; the worker starts with the first call, and has that of it.

        Raises:
            BaseException: What keeps it from starting, or has ended it.
        """
        from avmeter.engine.executors.ray_worker import RayWorker

        if self._worker is None:
            self._worker = RayWorker(config, self._device, num_workers=self._num_workers)
        messages: list[Any] = self._worker.news()
        return messages

    def give(self, work: Any, number: int, samples: Sequence[Any], run: int) -> None:
        """Hand a piece to the worker, which has started; arguments are those of `RayWorker.give`."""
        self._worker.give(work, number, samples, run)

    def stop(self, run: int) -> None:
        """Have whatever was begun for a run come back soon, with skips for the rest."""
        self._worker.stop(run)


def visible_gpus(assigned: Sequence[str] | None, current: str | None) -> str:
    """Return what CUDA_VISIBLE_DEVICES has to be in a process.

    Ray hides other GPUs from a process that has some, unless it is told not to; one that has none may see all of them.

    Args:
        assigned: GPUs that Ray has assigned to the process; None if it is to use none.
        current: Value of the variable.
    """
    if assigned is None:
        return ""
    if current is not None and len(current.split(",")) == len(assigned):
        return current
    return ",".join(assigned)


def _has_gpu() -> bool:
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        return False  # no avmeter either, which says more
    import torch

    return torch.cuda.is_available()


def _assigned_gpus() -> list[str]:
    ray = sys.modules["ray"]  # it has started this process
    return [str(gpu) for gpu in ray.get_runtime_context().get_accelerator_ids().get("GPU", [])]
