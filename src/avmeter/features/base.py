"""The contract between the engine and everything that turns media into features.

    media item --windows()--> windows --run()--> outputs, one per window --pool()--> Features
                                        |
                     upload() -> launch(): forward() -> collect()

The engine decodes each item once, mixes windows of all clips in batches, and stores the result under
(media key, fingerprint). An extractor owns preprocessing and pooling; it never opens a file. Methods stand in the order
in which the engine calls them.
"""

from __future__ import annotations

import abc
import copy
import functools
import hashlib
import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from avmeter.plain import kind_of
from avmeter.registry import EXTRACTORS
from avmeter.runtime import Runtime

if TYPE_CHECKING:
    from avmeter.media import FrameRequest, MediaItem
    from avmeter.runtime.runtime import CheckpointSource


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

    def without_inputs(self) -> Window:
        """Return the same window without its arrays: only where it came from."""
        return Window(inputs={}, start_s=self.start_s, duration_s=self.duration_s)


@dataclass(frozen=True, kw_only=True)
class Features:
    """What an extractor makes of one media item.

    Attributes:
        arrays: Name -> array, small enough to store.
        facts: Name -> JSON value (text, counts, seconds used, flags).
        dummy: True if made with dummy weights.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    dummy: bool = False

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    @classmethod
    def owned(cls, made: Any) -> Features:
        """Return what an extractor made with arrays and facts of its own: it may fill the same for the next clip.

        Raises:
            TypeError: It is something else.
        """
        if not isinstance(made, Features):
            raise TypeError(f"an extractor made a {kind_of(made)} in place of Features")
        arrays = {name: np.array(array) for name, array in made.arrays.items()}
        return replace(made, arrays=arrays, facts=copy.deepcopy(made.facts))


class Extractor(abc.ABC):
    """Turns one media item (or text) into `Features`.

    Options are keyword arguments of the constructor, stored as attributes of the same names.

    Attributes:
        name: Name in the registry; set by `register_extractor`.
        version: Raised whenever the same input gives other features.
        takes: "audio", "video", "text", or "features" (see `DerivedExtractor`).
        needs_rate: Of one that takes video: time counts. Else it reads frames by number; those in memory need no rate.
        option_names: The options that change the output.
        entries: Catalog names of the checkpoints, the network's own before those of its vocabulary.
        dependencies: Importable packages without which it cannot run.
        extra: Extra of this package that installs them.
        needs_real_weights: Another program runs the checkpoints (ONNX, CTranslate2, transformers), which cannot be
            filled: those on this machine are used beside stand-in weights, too.
        batch_size: Windows of a batch on the CPU.
        gpu_batch_size: Windows of a batch on a GPU.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    takes: ClassVar[str]
    needs_rate: ClassVar[bool] = True
    option_names: ClassVar[tuple[str, ...]] = ()
    entries: ClassVar[tuple[str, ...]] = ()
    dependencies: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = "all"
    needs_real_weights: ClassVar[bool] = False
    batch_size: ClassVar[int] = 16
    gpu_batch_size: ClassVar[int] = 64

    def options(self) -> Mapping[str, Any]:
        """Return every option that changes the output; JSON values."""
        return {name: getattr(self, name) for name in self.option_names}

    def weights(self) -> tuple[str, ...]:
        """Return the catalog names of the checkpoints; overridden where an option chooses among them."""
        return self.entries

    def weights_from(self, source: CheckpointSource) -> CheckpointSource:
        """Return where the checkpoints come from in a run with this source."""
        return source.without_stand_ins if self.needs_real_weights else source

    def has_dummy_weights(self, runtime: Runtime) -> bool:
        """Return True if stand-in values take the place of the checkpoints: the features are marked then."""
        return bool(self.weights()) and self.weights_from(runtime.weights).is_dummy

    def parents(self) -> Mapping[str, Extractor]:
        """Return the extractors whose features this one reads; only a `DerivedExtractor` has any."""
        return {}

    def note_reader(self, reader: Extractor | None) -> None:  # noqa: B027 - most make the same for everybody
        """Note that an extractor derives features from those of this one, or that a metric reads them (None).

        An extractor may so refuse a clip at once that every one of its readers would refuse.
        """

    def identity(self) -> str:
        """Return name, version and options; two extractors with equal identity are interchangeable."""
        return json.dumps([self.name, self.version, self.options()], sort_keys=True)

    def fingerprint(self, runtime: Runtime) -> str:
        """Return a hash of everything that can change the output: identity, weights, precision."""
        source = self.weights_from(runtime.weights)
        weights = {w: source.fingerprint(w) for w in self.weights()}
        text = json.dumps([self.identity(), weights, runtime.precision if weights else "float32"])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def load(self, runtime: Runtime) -> None:  # noqa: B027 - extractors without a network have nothing to load
        """Build the network on the device. Called once, before the first window is cut.

        Raises:
            WeightsError, MissingDependencyError: The engine turns them into skips of the samples concerned.
        """

    def unload(self) -> None:  # noqa: B027 - as above
        """Drop the network."""

    def decoding_state(self) -> Mapping[str, Any]:
        """Return attributes set by `load` that the cutting of windows reads; decode workers get them too."""
        return {}


class ClipExtractor(Extractor):
    """An extractor of signal statistics: no network, the whole clip at once, in a decoding thread."""

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        """Return the frames that `extract` will read, so that one decoding pass serves all extractors."""
        return ()

    @abc.abstractmethod
    def extract(self, media: MediaItem) -> Features:
        """Compute the features of one clip.

        Raises:
            SkipError: The clip cannot be measured.
        """


class PairExtractor(Extractor):
    """An extractor of statistics of a whole clip against a whole reference, in a decoding thread."""

    @abc.abstractmethod
    def compare(self, generated: MediaItem, reference: MediaItem) -> Features:
        """Compute the features of a pair, the clips in the order of the need's fields.

        Raises:
            SkipError: The clips cannot be compared.
        """


class WindowExtractor(Extractor):
    """An extractor around a network that reads windows of fixed shape.

    Attributes:
        streams_frames: `windows` reads groups of frames as they are decoded, so that its pass serves those that read
            frames by request: the engine asks it before them.
        half_weights: In the precisions "fp16" and "bf16" the network itself is converted, which is faster than
            autocast: its weights where it is built, its inputs in `launch`.
        is_concurrent: `run` may be called from several threads at once: it changes nothing that they share.
        is_recordable: On a GPU, `forward` launches the same kernels for all inputs of equal shapes, and waits for none,
            so that they can be recorded: see `avmeter.runtime.launch_graphs`.
        is_sized_to_cores: The network has a fixed number of threads, which `build_network` takes from the runtime.
    """

    streams_frames: bool = False
    half_weights: ClassVar[bool] = False
    is_concurrent: ClassVar[bool] = False
    is_recordable: ClassVar[bool] = False
    is_sized_to_cores: ClassVar[bool] = False
    _net: Any = None  # from `load` to `unload`

    def network_key(self) -> Hashable:
        """Return the name under which the runtime shares the network: equal for extractors with the same one."""
        return (self.name, *self.weights())

    def build_network(self, runtime: Runtime) -> Any:
        """Build the network on the device, with its weights; None where there is none.

        Raises:
            WeightsError, MissingDependencyError: As of `load`.
        """

    def load(self, runtime: Runtime) -> None:
        self._net = runtime.network(self.network_key(), lambda: self.build_network(runtime))

    def unload(self) -> None:
        self._net = None

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        """Return the frames that `windows` will read, so that one decoding pass serves all extractors."""
        return ()

    @abc.abstractmethod
    def windows(self, media: Any) -> Iterator[Window]:
        """Cut one item into windows.

        Args:
            media: A `MediaItem`, a str for text, a mapping of parents' features when derived.

        Raises:
            SkipError: The item cannot be measured.
        """

    def facts(self, media: Any) -> Mapping[str, Any]:
        """Return facts about the item that the network's outputs do not hold; JSON values."""
        return {}

    def batch_key(self, window: Window) -> Hashable:
        """Return a key; windows of equal key may share a batch."""
        return tuple((k, a.shape, a.dtype.str) for k, a in window.inputs.items())

    def upload(self, windows: Sequence[Window], runtime: Runtime) -> dict[str, Tensor]:
        """Stack the windows' arrays to one batch on the device."""
        return {name: runtime.stack([w.inputs[name] for w in windows]) for name in windows[0].inputs}

    def launch(self, batch: Mapping[str, Tensor], runtime: Runtime) -> Mapping[str, Tensor]:
        """Start the network on what `upload` made; on a GPU this returns before the outputs exist."""
        half = runtime.half_dtype if self.half_weights else None
        if half is None:
            return self.forward(batch)
        batch = {k: v.to(half) if v.is_floating_point() else v for k, v in batch.items()}
        with torch.autocast(runtime.device.type, enabled=False):
            return self.forward(batch)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Run the network on the device; the leading axis of every tensor is the batch."""
        raise NotImplementedError(f"{type(self).__name__} overrides neither run nor forward")

    def collect(self, outputs: Mapping[str, Tensor]) -> list[dict[str, Any]]:
        """Wait for a launched batch; return one mapping of arrays per window."""
        arrays = {k: v.float().cpu().numpy() for k, v in outputs.items()}
        return [{k: v[i] for k, v in arrays.items()} for i in range(len(next(iter(arrays.values()))))]

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        """Compute the outputs of a batch and wait for them. Override this where there is no batch of tensors.

        Args:
            windows: Windows of equal `batch_key`.
            runtime: Device and precision.

        Returns:
            One mapping per window.
        """
        return self.collect(self.launch(self.upload(windows, runtime), runtime))

    @abc.abstractmethod
    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        """Combine the outputs of all windows of one item, in order, to its features.

        Args:
            outputs: One mapping per window.
            windows: The windows, without their arrays.
            facts: What `facts` returned.
        """


class DerivedExtractor(WindowExtractor):
    """An extractor over the features of other extractors (Synchformer's comparison of sound and video).

    Whatever changes a parent's features changes these, so identity and fingerprint contain the parents' own.
    """

    takes = "features"

    @abc.abstractmethod
    def parents(self) -> Mapping[str, Extractor]:
        """Return name -> extractor whose features `windows` gets under that name, in order of the need's fields."""

    @functools.cached_property
    def _parents(self) -> Mapping[str, Extractor]:
        return self.parents()

    def identity(self) -> str:
        """Return name, version, options, and the identities of the parents."""
        parents = {name: json.loads(parent.identity()) for name, parent in self._parents.items()}
        return json.dumps([*json.loads(super().identity()), parents], sort_keys=True)

    def fingerprint(self, runtime: Runtime) -> str:
        """Return a hash of everything that can change the output, the fingerprints of the parents included."""
        parents = {name: parent.fingerprint(runtime) for name, parent in self._parents.items()}
        text = json.dumps([super().fingerprint(runtime), parents])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def get_extractor(name: str, **options: Any) -> Extractor:
    """Create the extractor registered as `name`.

    Raises:
        UnknownNameError: No such extractor.
    """
    extractor: Extractor = EXTRACTORS.get(name)(**options)
    return extractor
