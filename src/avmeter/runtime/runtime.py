"""Where and how networks run, as one value that every extractor is passed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from avmeter.runtime.cores import CoreShare
from avmeter.runtime.environment import is_launching_graphs
from avmeter.runtime.launch_graphs import LaunchGraphs
from avmeter.runtime.pinned_upload import PinnedUpload
from avmeter.runtime.precision import Precision

T = TypeVar("T")


class CheckpointSource(Protocol):
    """Where checkpoints come from; `avmeter.weights.WeightsSource` is the one."""

    @property
    def is_dummy(self) -> bool:
        """Return True if networks get stand-in values."""

    @property
    def without_stand_ins(self) -> CheckpointSource:
        """Return the source for networks that cannot be filled: with stand-in values, what is on this machine."""

    def available(self, entry: str) -> bool:
        """Return True if the checkpoint is on this machine."""

    def fingerprint(self, entry: str) -> str:
        """Return a hash that names the checkpoint's content."""

    def state_dict(self, entry: str) -> dict[str, Tensor]:
        """Read the tensors of a checkpoint under their official keys, on the CPU."""

    def path(self, entry: str, file: str | None = None) -> Path:
        """Return the verified path of a file of a checkpoint."""

    def folder(self, entry: str) -> Path:
        """Return the folder that holds every file of a checkpoint, verified."""


class Runtime:
    """Device, precision, checkpoints, and the networks loaded so far.

    Args:
        device: Where networks run.
        precision: How exactly; a `Precision` or its name.
        weights: Where checkpoints come from.

    Attributes:
        networks: Key -> network, shared by all extractors that name the key.
        cores: Networks that run at once on the CPU, and the threads of each.
        graphs: Launches networks on a GPU, where that was asked for and takes long beside computing: not in float32.
    """

    def __init__(self, *, device: torch.device, precision: str, weights: CheckpointSource) -> None:
        self.device = device
        self.precision = Precision.parse(precision)
        self.weights = weights
        self.networks: dict[Hashable, Any] = {}
        self.cores = CoreShare()
        is_fast = device.type == "cuda" and self.precision is not Precision.FLOAT32
        self.graphs = LaunchGraphs() if is_fast and is_launching_graphs() else None
        self._pinned: PinnedUpload | None = None

    @property
    def half_dtype(self) -> torch.dtype | None:
        """float16 or bfloat16 in the half precisions, else None."""
        return self.precision.half_dtype

    @property
    def attention_dtype(self) -> torch.dtype | None:
        """Type of attention where it differs from that of the network, else None."""
        return self.precision.attention_dtype(self.device)

    @property
    def operand_dtype(self) -> torch.dtype | None:
        """Type of the operands of fused products where they are none of float32, else None."""
        return self.precision.operand_dtype(self.device)

    def stack(self, arrays: Sequence[np.ndarray]) -> Tensor:
        """Stack arrays of one shape to a batch on the device; through pinned memory when that is a GPU."""
        if self.device.type != "cuda":
            return torch.from_numpy(np.stack(arrays)).to(self.device)
        return self._pinned_upload().upload(arrays)

    def pin(self, memory: np.ndarray) -> None:
        """Have `stack` read arrays in this memory where they lie, on a GPU, until `unload`."""
        if self.device.type == "cuda":
            self._pinned_upload().pin(memory)

    def _pinned_upload(self) -> PinnedUpload:
        if self._pinned is None:
            self._pinned = PinnedUpload(self.device)
        return self._pinned

    def network(self, key: Hashable, build: Callable[[], T]) -> T:
        """Return the network loaded under `key`, built on first use: extractors with the same network share it."""
        if key not in self.networks:
            self.networks[key] = build()
        network: T = self.networks[key]
        return network

    def unload(self) -> None:
        """Drop all networks, and the pinned memory on the way to them."""
        if self.graphs is not None:
            self.graphs.clear()
        self.networks.clear()
        if self._pinned is not None:
            self._pinned.close()
            self._pinned = None
