"""The contract between the engine and everything that turns media into features.

    media item --windows()--> windows --run()--> outputs, one per window --pool()--> Features

The engine decodes each item once, mixes windows of all clips in batches, and keeps the result under
(media key, fingerprint). An extractor owns preprocessing and pooling; it never opens a file.
"""

from __future__ import annotations

import abc
import functools
import hashlib
import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from avmeter.registry import EXTRACTORS
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network

if TYPE_CHECKING:
    from avmeter.media import FrameRequest, MediaItem
    from avmeter.nets.keys import KeyMap


@dataclass(frozen=True, kw_only=True)
class Window:
    """Arrays of fixed shape that one network accepts, and where they came from.

    Attributes:
        inputs: Name -> array, without batch axis.
        start_s: Where the window begins in its media item, seconds.
        duration_s: How much of it is real content, seconds; the rest is padding.
    """

    inputs: Mapping[str, np.ndarray]
    start_s: float = 0.0
    duration_s: float = 0.0

    @property
    def size_bytes(self) -> int:
        """Memory held by the arrays."""
        return sum(a.nbytes for a in self.inputs.values())

    def place(self) -> Window:
        """The same window without its arrays: only where it came from."""
        return Window(inputs={}, start_s=self.start_s, duration_s=self.duration_s)


@dataclass(frozen=True, kw_only=True)
class Features:
    """What an extractor makes of one media item.

    Attributes:
        arrays: Name -> array, small enough to keep.
        facts: Name -> JSON value (text, counts, seconds used, flags).
        dummy: True if made with dummy weights.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    dummy: bool = False

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]


class Extractor(abc.ABC):
    """Turns one media item (or text) into `Features`.

    Options are the keyword arguments of the constructor; `options()` returns all that change the output.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    takes: ClassVar[str]  # "audio", "video", "text", or "features" (see `DerivedExtractor`)
    dependencies: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = "all"
    batch_size: ClassVar[int] = 16
    gpu_batch_size: ClassVar[int] = 64

    def options(self) -> Mapping[str, Any]:
        """Every option that changes the output; JSON values."""
        return {}

    def weights(self) -> tuple[str, ...]:
        """Catalog names of the checkpoints that the network needs."""
        return ()

    def parents(self) -> Mapping[str, Extractor]:
        """Extractors whose features this one reads; only a `DerivedExtractor` has any."""
        return {}

    def identity(self) -> str:
        """Name, version and options; two extractors with equal identity are interchangeable."""
        return json.dumps([self.name, self.version, self.options()], sort_keys=True)

    def fingerprint(self, runtime: Runtime) -> str:
        """Hash of everything that can change the output: identity, weights, precision."""
        weights = {w: runtime.weights.fingerprint(w) for w in self.weights()}
        text = json.dumps([self.identity(), weights, runtime.precision if weights else "float32"])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def load(self, runtime: Runtime) -> None:  # noqa: B027 - extractors without weights have nothing to load
        """Build the network on the device. Called once, before the first `run`.

        Raises:
            WeightsError, MissingDependencyError: The engine turns them into skips of the samples concerned.
        """

    def unload(self) -> None:  # noqa: B027 - as above
        """Drop the network."""

    def decoding_state(self) -> Mapping[str, Any]:
        """Attributes set by `load` that the cutting of windows reads; they go along to decoding processes."""
        return {}


class ClipExtractor(Extractor):
    """An extractor of signal statistics: no network, the whole clip at once, in a decoding thread."""

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        """Frames that `extract` will read, so that one decoding pass serves everybody."""
        return ()

    @abc.abstractmethod
    def extract(self, media: MediaItem) -> Features:
        """Features of one clip.

        Raises:
            SkipError: The clip cannot be measured.
        """


class WindowExtractor(Extractor):
    """An extractor around a network that eats windows of fixed shape.

    With `half_weights` the precisions "fp16" and "bf16" convert the network itself, which is faster than autocast;
    `load_network` does it.
    """

    half_weights: ClassVar[bool] = False

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        """Frames that `windows` will read, so that one decoding pass serves everybody."""
        return ()

    @abc.abstractmethod
    def windows(self, media: Any) -> Iterator[Window]:
        """Windows of one item (a `MediaItem`, a str for text, a mapping of parents' features when derived).

        Raises:
            SkipError: The item cannot be measured.
        """

    def facts(self, media: Any) -> Mapping[str, Any]:
        """What is worth telling about the item beside the network's outputs."""
        return {}

    def batch_key(self, window: Window) -> Hashable:
        """Windows of equal key may share a batch."""
        return tuple((k, a.shape, a.dtype.str) for k, a in window.inputs.items())

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        """Outputs for each window, waited for. Override this where there is no batch of tensors.

        Args:
            windows: Windows of equal `batch_key`.
            runtime: Device and precision.
        """
        return self.collect(self.launch(self.upload(windows, runtime), runtime))

    def launch(self, batch: Mapping[str, Tensor], runtime: Runtime) -> Mapping[str, Tensor]:
        """Start the network on what `upload` made; on a GPU this returns before the outputs exist."""
        half = runtime.half_dtype if self.half_weights else None
        if half is None:
            return self.forward(batch)
        batch = {k: v.to(half) if v.is_floating_point() else v for k, v in batch.items()}
        with torch.autocast(runtime.device.type, enabled=False):
            return self.forward(batch)

    def upload(self, windows: Sequence[Window], runtime: Runtime) -> dict[str, Tensor]:
        """The windows' arrays as one batch on the device."""
        return {name: runtime.stack([w.inputs[name] for w in windows]) for name in windows[0].inputs}

    def collect(self, outputs: Mapping[str, Tensor]) -> list[dict[str, Any]]:
        """Wait for a launched batch; one mapping of arrays per window."""
        arrays = {k: v.float().cpu().numpy() for k, v in outputs.items()}
        return [{k: v[i] for k, v in arrays.items()} for i in range(len(next(iter(arrays.values()))))]

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The network on the device; the leading axis of every tensor is the batch."""
        raise NotImplementedError(f"{type(self).__name__} overrides neither run nor forward")

    @abc.abstractmethod
    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        """Features of one item from the outputs of all its windows, in order.

        Args:
            outputs: One mapping per window.
            windows: Their places (without arrays).
            facts: What `facts` said.
        """


class DerivedExtractor(WindowExtractor):
    """An extractor over the features of other extractors (Synchformer's comparison of sound and video).

    Whatever changes a parent's features changes these, so identity and fingerprint contain the parents' own.
    """

    takes = "features"

    @abc.abstractmethod
    def parents(self) -> Mapping[str, Extractor]:
        """Name -> extractor whose features `windows` receives under that name, in order of the need's fields."""

    @functools.cached_property
    def _parents(self) -> Mapping[str, Extractor]:
        return self.parents()

    def identity(self) -> str:
        """Name, version, options, and the identities of the parents."""
        parents = {name: json.loads(parent.identity()) for name, parent in self._parents.items()}
        return json.dumps([*json.loads(super().identity()), parents], sort_keys=True)

    def fingerprint(self, runtime: Runtime) -> str:
        """Hash of everything that can change the output, the fingerprints of the parents included."""
        parents = {name: parent.fingerprint(runtime) for name, parent in self._parents.items()}
        text = json.dumps([super().fingerprint(runtime), parents])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def get_extractor(name: str, **options: Any) -> Extractor:
    """Instance of the extractor registered as `name`.

    Raises:
        UnknownNameError: No such extractor.
    """
    extractor: Extractor = EXTRACTORS.get(name)(**options)
    return extractor


def load_network(
    net: nn.Module, keys: KeyMap, entry: str, runtime: Runtime, *, half_weights: bool = False
) -> nn.Module:
    """Fill `net` with a checkpoint of the catalog (or the dummy fill) and move it to the device, in eval mode.

    Args:
        net: The network, built on the CPU.
        keys: Its key table.
        entry: Catalog name.
        runtime: Device, precision, weights.
        half_weights: Convert the weights in half precision.
    """
    if runtime.weights.is_dummy:
        fill_network(net, keys.official)
    else:
        keys.load(net, runtime.weights.state_dict(entry), source=entry)
    dtype = runtime.half_dtype if half_weights else None
    return net.to(runtime.device, dtype).eval().requires_grad_(False)
