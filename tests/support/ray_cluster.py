"""A Ray cluster of several nodes on this machine, which listens to this machine alone."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from avmeter.telemetry import import_without_telemetry, turn_off_telemetry

_NODE = {"object_store_memory": 80 * 2**20, "node_ip_address": "127.0.0.1"}
_LOOPBACK_ONLY = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


class Machines:
    """Nodes that can be added and killed; the head has no resources, as one that only coordinates."""

    def __init__(self) -> None:
        cluster_utils = import_without_telemetry("ray.cluster_utils")
        head = {**_NODE, "num_cpus": 0, "include_dashboard": False}
        self._cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=head)

    @property
    def address(self) -> str:
        """Address of the head."""
        return str(self._cluster.address)

    def add(self, num_cpus: int = 1, num_gpus: int = 0) -> Any:
        """Start a node, and wait until it has joined; it may say to have GPUs."""
        return self._cluster.add_node(num_cpus=num_cpus, num_gpus=num_gpus, **_NODE)

    def kill(self, node: Any) -> None:
        """End a node and everything that runs on it at once."""
        self._cluster.remove_node(node, allow_graceful=False)

    def shutdown(self) -> None:
        """End all nodes."""
        self._cluster.shutdown()


@contextmanager
def machines() -> Iterator[Machines]:
    """A cluster without workers yet."""
    turn_off_telemetry()
    os.environ[_LOOPBACK_ONLY] = "0"
    import_without_telemetry("ray._private.ray_constants").ENABLE_RAY_CLUSTER = False  # if Ray was loaded before
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = Machines()
        try:
            yield cluster
        finally:
            cluster.shutdown()
            del os.environ[_LOOPBACK_ONLY]
