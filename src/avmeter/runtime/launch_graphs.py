"""CUDA graphs: the kernels of a network are recorded once for each shape of its inputs, and then launched together.

A network is hundreds of launches, each some microseconds of one thread; beside processes that decode these are several
times as many, and the card waits. Replaying a graph is one launch.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import torch
from torch import Tensor

logger = logging.getLogger("avmeter")

Launch = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]

_WORTH_IT = 8  # batches of the same shapes: recording takes as long as a few of them
_MOST_OF_ONE = 4  # graphs of one network, each of which keeps its inputs and outputs in memory


class LaunchGraphs:
    """Launches networks on one GPU, from one thread at a time; those that come often as graphs.

    A graph is used if its first outputs are those of the network itself to the last bit. All of them share their
    intermediate memory, since they run one after the other.
    """

    def __init__(self) -> None:
        self._graphs: dict[Hashable, _Graph | None] = {}  # None: was tried, and is not used
        self._num_seen: Counter[Hashable] = Counter()
        self._num_of: Counter[str] = Counter()
        self._pool: Any = None

    def run(self, name: str, launch: Launch, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return what `launch` returns for a batch.

        Args:
            name: Of the network: equal names launch alike.
            launch: Starts it; for inputs of equal shapes the same kernels, without waiting for any.
            batch: Its inputs, on the GPU; the leading axis of every tensor is the batch.
        """
        key = (name, *((n, x.shape, x.dtype) for n, x in sorted(batch.items())))
        graph = self._graphs.get(key)
        if graph is not None:
            return graph.replay(batch)
        outputs = launch(batch)
        self._num_seen[key] += 1
        if self._num_seen[key] == _WORTH_IT and self._num_of[name] < _MOST_OF_ONE:
            self._num_of[name] += 1
            self._graphs[key] = self._recorded(name, launch, batch, outputs)
        return outputs

    def _recorded(
        self, name: str, launch: Launch, batch: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
    ) -> _Graph | None:
        """Return a graph that makes these outputs; None where it cannot be had."""
        try:
            if not _are_equal(launch(batch), outputs):
                reason = "its outputs differ from launch to launch"
            else:
                self._pool = self._pool or torch.cuda.graph_pool_handle()
                graph = _Graph(launch, batch, self._pool)
                if _are_equal(graph.replay(batch), outputs):
                    return graph
                reason = "the outputs of the graph differ"
        except Exception as error:  # noqa: BLE001 - whatever a driver refuses, or memory: it runs as it did before
            reason = f"{type(error).__name__}: {error}"
            self._pool = None
        logger.debug("%s is not launched as a CUDA graph: %s", name, reason)
        return None

    def clear(self) -> None:
        """Drop all graphs: they hold addresses in the networks' memory."""
        self._graphs.clear()
        self._num_seen.clear()
        self._num_of.clear()
        self._pool = None


def _are_equal(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in b)


class _Graph:
    """A recorded network, with the memory that it reads and writes.

    Args:
        launch: Starts the network.
        batch: Inputs of the shapes that it is recorded for.
        pool: Intermediate memory.
    """

    def __init__(self, launch: Launch, batch: Mapping[str, Tensor], pool: Any) -> None:
        self._inputs = {name: x.clone() for name, x in batch.items()}
        device = next(iter(self._inputs.values())).device
        current = torch.cuda.current_stream(device)
        recording = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        recording.wait_stream(current)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.stream(recording):
            # Relaxed: neither does recording forbid other threads anything, nor they the recording.
            self._graph.capture_begin(pool=pool, capture_error_mode="relaxed")
            try:
                try:
                    self._outputs = dict(launch(self._inputs))
                finally:
                    self._graph.capture_end()
            except Exception:
                _renew_generator(device)
                raise
        current.wait_stream(recording)
        # The stream belongs to a small set that is handed out again: nobody else's products may use a workspace that
        # the graph writes.
        torch._C._cuda_clearCublasWorkspaces()

    def replay(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the network's outputs for other inputs of these shapes."""
        for name, x in batch.items():
            self._inputs[name].copy_(x)
        self._graph.replay()
        return {name: x.clone() for name, x in self._outputs.items()}


def _renew_generator(device: torch.device) -> None:
    """Give a GPU's random numbers a state equal to theirs: one that a failed recording held can draw none."""
    generator = torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
    generator.graphsafe_set_state(generator.clone_state())
