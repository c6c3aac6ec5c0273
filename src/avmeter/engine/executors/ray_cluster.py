"""A connection to a Ray cluster: its nodes, and one process on each of them for every device."""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import os
import re
import secrets
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.errors import UsageError
from avmeter.telemetry import TELEMETRY_OFF, import_without_telemetry

_ACTOR_MODULE = "avmeter.engine.executors.ray_actor"
_CPUS_PER_WORKER = 8
_CALLS_AT_ONCE = 4  # of an actor: one waits for news
_CONNECT_TIMEOUT_S = 10.0
_HOST_AND_PORT = re.compile(r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<host>[^:/\s]+)):(?P<port>\d+)")
_LOOPBACK_ONLY = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # its name is historical: 0 means that no other machine takes part
_PASSED_ON = re.compile(r"AVMETER_\w+|HF_HUB_OFFLINE|HF_HOME|TRANSFORMERS_OFFLINE|OMP_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Node:
    """A machine of the cluster, with what it has for workers."""

    id: str
    address: str
    num_cpus: int
    num_gpus: int

    def num_workers(self, *, on_gpu: bool) -> int:
        """Return how many workers fit: one for each GPU, or one for some cores."""
        return self.num_gpus if on_gpu else min(self.num_cpus, max(1, self.num_cpus // _CPUS_PER_WORKER))


class RayCluster:
    """A connection to a cluster; it lasts until `disconnect`, unless the caller has connected before.

    Args:
        address: As `EvaluatorConfig.ray_address`.

    Raises:
        UsageError: There is no such cluster, or it would be open to others.
    """

    def __init__(self, address: str) -> None:
        if address == "local" and _is_loaded_for_many_machines() and not self._is_connected():
            raise UsageError(
                'ray_address="local": this process has imported Ray before, so other machines could join',
                hint=f"set {_LOOPBACK_ONLY}=0 before the first import of ray, or call ray.init() yourself",
            )
        with _closed_to_others(is_local=address == "local"):
            self.ray = import_without_telemetry("ray")
            self._is_ours = not self.ray.is_initialized()
            if self._is_ours:
                _check_address(address, own_host=self.ray.util.get_node_ip_address())
                self._connect(address)
        actor_module = importlib.import_module(_ACTOR_MODULE)
        import_without_telemetry("ray.cloudpickle").register_pickle_by_value(actor_module)
        self._actor_class = self.ray.remote(actor_module.NodeActor)

    @staticmethod
    def _is_connected() -> bool:
        return bool(sys.modules["ray"].is_initialized())

    def _connect(self, address: str) -> None:
        options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": logging.ERROR}
        if address == "local":
            options |= {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        try:
            with _own_signal_handlers(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.ray.init(**options)
        except (ConnectionError, RuntimeError, ValueError, OSError, self.ray.exceptions.RayError) as error:
            hint = '`ray start --head` starts one, `ray_address="local"` one of this machine alone'
            if type(error).__name__ == "AuthenticationError":  # which older versions do not have
                hint = "set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to the token of the cluster"
            raise UsageError(f"no Ray cluster at {address!r}: {first_line(error)}", hint=hint) from error

    def disconnect(self) -> None:
        """End the connection, if it was made here."""
        if self._is_ours:
            self.ray.shutdown()

    def nodes(self) -> list[Node]:
        """Return the nodes that are alive."""
        found = []
        for node in self.ray.nodes():
            resources = node["Resources"]
            if node["Alive"]:
                cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
                found.append(Node(id=node["NodeID"], address=_address(node), num_cpus=cpus, num_gpus=gpus))
        return found

    def start_actor(self, node: Node, *, on_gpu: bool) -> Any:
        """Return the handle of a new `NodeActor` on a node; it starts as soon as its resources are free there."""
        strategies = import_without_telemetry("ray.util.scheduling_strategies")
        num_workers = node.num_workers(on_gpu=on_gpu)
        cpus = min(1, node.num_cpus) if on_gpu else node.num_cpus // num_workers
        options = self._actor_class.options(
            num_cpus=cpus,
            num_gpus=1 if on_gpu else 0,
            max_restarts=0,
            max_concurrency=_CALLS_AT_ONCE,
            scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(node.id, soft=False),
        )
        threads = {"OMP_NUM_THREADS": str(max(1, node.num_cpus // num_workers))}
        return options.remote(
            environment={**threads, **_environment()},
            folder=str(Path.cwd()),
            import_path=[entry for entry in sys.path if entry],
            on_gpu=on_gpu,
            num_workers=num_workers,
        )

    def wait(self, references: Sequence[Any], timeout_s: float) -> list[Any]:
        """Return those of the references, at least one if in time, that have an answer or a failure."""
        ready, _ = self.ray.wait(list(references), num_returns=1, timeout=timeout_s)
        return list(ready)


@contextlib.contextmanager
def _closed_to_others(*, is_local: bool) -> Iterator[None]:
    """Within the block, have a cluster of this machine alone listen to no other machine and to no other user.

    Ray must not be loaded yet, or have been loaded in such a block. By itself it would make up a token for such
    clusters, too, but write it into the home folder, where it changes clusters that are started later.
    """
    settings = {_LOOPBACK_ONLY: "0"}
    if "RAY_AUTH_MODE" not in os.environ:
        settings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _token()}
    if not is_local or _is_loaded_for_many_machines():
        settings = {}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _is_loaded_for_many_machines() -> bool:
    constants = sys.modules.get("ray._private.ray_constants")
    return constants is not None and bool(getattr(constants, "ENABLE_RAY_CLUSTER", True))


@functools.cache
def _token() -> str:
    """Return the token of this process, which Ray reads once."""
    return secrets.token_hex()


def _check_address(address: str, *, own_host: str) -> None:
    """Refuse an address where nothing answers: Ray itself would try for minutes.

    Args:
        address: As `EvaluatorConfig.ray_address`.
        own_host: Where Ray looks for a cluster of this machine, whichever name of it the address has.
    """
    if address in ("auto", "local") or address.startswith("ray://"):
        return
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None:
        raise UsageError(f"{address!r} is no address of a Ray cluster", hint="auto, local, or host:port of its head")
    host = match["ipv6"] or match["host"]
    if host in ("localhost", "127.0.0.1", "::1"):
        host = own_host
    try:
        socket.create_connection((host, int(match["port"])), _CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"no Ray cluster at {address}: {error}", hint="`ray status` on its head shows whether it runs"
        ) from error


def first_line(error: BaseException) -> str:
    """Return the first line of a message that may be a whole log."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _address(node: dict[str, Any]) -> str:
    return str(node["NodeManagerAddress"])


def _environment() -> dict[str, str]:
    """Return the variables of this process that hold for a run wherever it is computed."""
    return {**{k: v for k, v in os.environ.items() if _PASSED_ON.fullmatch(k)}, **TELEMETRY_OFF}


@contextlib.contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Put back what handles signals after the block: Ray ends the process on SIGTERM, where a run saves what it has."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
