"""Everything that shapes a run, as one value: what users pass, workers are sent, and provenance reads."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.compute.decoders import DECODERS, LIBAV, NVDEC, default_threads
from avmeter.engine.decode.worker_pool import max_decode_workers
from avmeter.engine.option_types import check_option_types
from avmeter.engine.store import open_store
from avmeter.errors import UnknownNameError, UsageError
from avmeter.media import MediaLimits
from avmeter.metrics.base import Metric
from avmeter.metrics.resolve import resolve_metrics
from avmeter.protocols import FASTVIDEO, check_protocol
from avmeter.runtime import Precision, Runtime
from avmeter.runtime.device import device_named, require_gpus
from avmeter.sample import RemoteAccess
from avmeter.weights import WeightsSource

LOCAL, PROCESS, RAY = "local", "process", "ray"
EXECUTORS = (LOCAL, PROCESS, RAY)
_CLUSTER_DEVICES = ("auto", "cuda", "cpu")
_WITHOUT_EFFECT = {
    "compile": 'use `precision="tf32"` or `precision="bf16"` where speed counts',
    "pre_upload": "windows of all clips are uploaded batch by batch",
    "prefetch_factor": "the queue between decoding and networks is bounded in bytes",
}
"""Options of FastVideo that mean nothing here -> what there is in their place."""
_MOST_WORKERS = 1024
"""Threads, or processes, of one kind: more are a slip of the keyboard, and none of them would have a core."""


@dataclass(frozen=True, kw_only=True)
class EvaluatorConfig:
    """Options of a run. A new option is a field here, and its use.

    Attributes:
        device: "auto" (first GPU, else CPU), or a torch device; afterwards the device that was found.
        num_gpus: How many GPUs of this machine to use, one process per GPU. Metrics that another process cannot
            import are computed in this one, on the first.
        weights: "auto", "dummy" (deterministic stand-ins: scores mean nothing and say so), or a folder.
        protocol: Published harness whose numbers are to be met: "fastvideo" or "av-benchmark", which reads the first
            8 s of a clip; "av-benchmark@10s" reads the first 10.
        options: Metric name -> options of that metric.
        store: Where features are stored for later runs: a folder, True for the user's cache folder (`AVMETER_CACHE`,
            else the platform's cache folder), None or False for nowhere, which is the default here (the command line's
            is True). Features of arrays in memory are never stored.
        precision: "float32" (strict), "tf32", "bf16" or "fp16".
        batch_size: Overrides the networks' own batch sizes.
        loader_threads: Decoding threads; default is one per core, at most 8.
        loader_processes: Processes that decode in place of threads. Default is the number of cores minus 2, at most
            14, when a GPU waits for 32 files or more; else threads decode, and each has files read by a process, so
            that a file which crashes or hangs libav ends that. 0: all is decoded in this process. Where none can be
            started, so it is by default.
        scoring_processes: Processes that score samples whose features are all in the store, in place of this one; what
            is missing is computed here. Default is the number of cores, at most 8, for a set of 5,000 samples or more
            that seems to be stored (of 64 samples from all over it nine of ten features are), on 4 cores or more; else
            none, nor for a part of a set. 0: all is scored here. With several GPUs each has a process that scores.
        decoder: What decodes the video of files: "libav"; or "nvdec", the decoders of an NVIDIA card (extra `nvdec`),
            with the same pixels, where they can and there are `loader_processes`; libav decodes all else.
        decode_timeout_s: How long decoding a file may take, seconds, from one window or feature of it to the next, and
            from one packet to the next; past it the clip is a skip, and the process that reads it is ended.
        decode_timeout_per_s: Seconds added to the former for every second of sound and video decoded of the file.
        skip_missing_deps: Leave out named metrics whose packages are missing, with a warning.
        limits: What a clip may unfold to, where it differs from the defaults: `{"max_duration_s": 36000}`.
        remote: How URLs may be fetched, where it differs from the defaults: `{"allow_private_hosts": True}`.
        executor: "local" (this machine); "process": networks run in a process of their own beside this one, which has
            nothing of its torch settings, streams or interpreter, and whose end (`unload`) frees all device memory
            (with several GPUs that is always so); or "ray": one worker for each GPU of a Ray cluster, or CPU workers
            where it has none. `device` is then "auto", "cuda" or "cpu", and stays as it is.
        ray_address: Cluster of `executor="ray"`: "auto" (`RAY_ADDRESS`, else one on this machine), "local" (a new one
            on this machine, for this run), or the address of its head, `host:port`.

    Raises:
        UnknownNameError: Unknown protocol or precision.
        UsageError: A value is of another kind or out of range, or there is no such device or folder of weights.
    """

    device: str = "auto"
    num_gpus: int = 1
    weights: str | Path | WeightsSource = "auto"
    protocol: str = FASTVIDEO
    options: Mapping[str, Mapping[str, Any]] | None = None
    store: str | Path | bool | None = None
    precision: str = Precision.FLOAT32
    batch_size: int | None = None
    loader_threads: int | None = None
    loader_processes: int | None = None
    decoder: str = LIBAV
    scoring_processes: int | None = None
    decode_timeout_s: float = 300.0
    decode_timeout_per_s: float = 10.0
    skip_missing_deps: bool = False
    limits: MediaLimits | Mapping[str, float] | None = None
    remote: RemoteAccess | Mapping[str, Any] | None = None
    executor: str = LOCAL
    ray_address: str = "auto"

    def __post_init__(self) -> None:
        check_option_types({field.name: getattr(self, field.name) for field in dataclasses.fields(self)})
        for name in ("num_gpus", "batch_size", "loader_threads"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise UsageError(f"{name}={count}: needs at least 1", hint='without a GPU: `device="cpu"`')
        if self.loader_processes is not None and self.loader_processes < 0:
            raise UsageError(f"loader_processes={self.loader_processes}: needs at least 0", hint="0 decodes in threads")
        if self.scoring_processes is not None:
            self._check_scoring_processes(self.scoring_processes)
        for name in ("loader_threads", "loader_processes", "scoring_processes"):
            count = getattr(self, name)
            if count is not None and count > _MOST_WORKERS:
                raise UsageError(f"{name}={count}: needs at most {_MOST_WORKERS}", hint="one for each core")
        if self.decoder not in DECODERS:
            raise UnknownNameError.among("decoder", self.decoder, DECODERS)
        if not self.decode_timeout_s > 0:
            raise UsageError(f"decode_timeout_s={self.decode_timeout_s}: needs more than 0", hint="the default is 300")
        if not self.decode_timeout_per_s >= 0:
            raise UsageError(f"decode_timeout_per_s={self.decode_timeout_per_s}: needs 0 or more")
        if self.executor not in EXECUTORS:
            raise UnknownNameError.among("executor", self.executor, EXECUTORS)
        if self.executor == RAY:
            _check_for_cluster(self.device, self.num_gpus)
        if self.num_gpus > 1:
            require_gpus(self.num_gpus, self.device)
        object.__setattr__(self, "protocol", check_protocol(self.protocol))
        # Found once, here: names that depend on the machine are the same for all that read this value.
        if self.executor != RAY:  # the workers of a cluster have devices of their own
            object.__setattr__(self, "device", str(device_named(self.device)))
        if self.decoder == NVDEC:
            self._check_nvdec()
        object.__setattr__(self, "precision", Precision.parse(self.precision))
        object.__setattr__(self, "limits", MediaLimits.parse(self.limits))
        object.__setattr__(self, "remote", RemoteAccess.parse(self.remote))
        object.__setattr__(self, "weights", WeightsSource.parse(self.weights))

    def _check_scoring_processes(self, count: int) -> None:
        if count < 0:
            raise UsageError(f"scoring_processes={count}: needs at least 0", hint="0 scores in this process")
        if count and (self.executor != LOCAL or self.num_gpus > 1):
            raise UsageError(
                f"scoring_processes={count} with several GPUs or `executor={self.executor!r}`: their processes score",
                hint="leave it out",
            )
        if count and not self.store:
            raise UsageError(
                f"scoring_processes={count} without a store: they score what is stored", hint="give `store=`"
            )

    def _check_nvdec(self) -> None:
        if self.device == "cpu" or (self.executor != RAY and self.torch_device.type != "cuda"):
            raise UsageError(
                f'decoder="{NVDEC}" on {self.device}: needs an NVIDIA GPU', hint=f'leave it out: "{LIBAV}" decodes'
            )
        if self.loader_processes == 0:
            raise UsageError(
                f'decoder="{NVDEC}" with loader_processes=0: decoding processes send it what it decodes',
                hint="leave one of both out",
            )

    @classmethod
    def from_keywords(
        cls, options: Mapping[str, Any], *, caller: str, also: Collection[str] = (), without: Collection[str] = ()
    ) -> EvaluatorConfig:
        """Build a configuration from the keyword arguments of a public call.

        Args:
            options: The arguments.
            caller: Name of what was called, for messages.
            also: Other arguments it takes, which a misspelt one may have meant.
            without: Options that mean nothing to it.

        Raises:
            UnknownNameError: One of them is none.

        Options of FastVideo that mean nothing here are passed over with one warning.
        """
        known = [name for name in OPTION_NAMES if name not in without]
        ignored = [f"{name}= ({_WITHOUT_EFFECT[name]})" for name in options if name in _WITHOUT_EFFECT]
        if ignored:
            warnings.warn(f"without effect here: {', '.join(ignored)}", stacklevel=3)
        for name in options:
            if name not in known and name not in _WITHOUT_EFFECT:
                raise UnknownNameError.among(f"argument of {caller}", name, [*also, *known])
        return cls(**{name: value for name, value in options.items() if name in known})

    @property
    def weights_source(self) -> WeightsSource:
        """Where checkpoints come from."""
        return WeightsSource.parse(self.weights)

    @property
    def remote_access(self) -> RemoteAccess:
        """How URLs may be fetched."""
        return RemoteAccess.parse(self.remote)

    @property
    def torch_device(self) -> torch.device:
        """Device of this process."""
        if self.executor == RAY:
            return torch.device("cpu") if self.device == "cpu" else device_named("auto")
        return torch.device(self.device)

    @property
    def num_devices(self) -> int:
        """Number of devices that compute."""
        return self.num_gpus if self.torch_device.type == "cuda" else 1

    def resolve_metrics(self, selectors: Sequence[str] | str) -> dict[str, Metric]:
        """Return the metrics behind names, groups or "all", with their options.

        Raises:
            UnknownNameError: Unknown metric or option.
            MissingDependencyError: A named metric lacks a package.
            UsageError: No metric was named.
        """
        metrics = resolve_metrics(
            selectors, protocol=self.protocol, options=self.options, skip_missing_deps=self.skip_missing_deps
        )
        if not metrics:
            raise UsageError("no metric was chosen", hint="list_metrics() or `avmeter list` shows names and groups")
        return metrics

    def build_computer(self) -> FeatureComputer:
        """Build the computer of features; networks are loaded when first needed.

        Raises:
            UsageError: The feature store cannot be opened.
        """
        return FeatureComputer(
            Runtime(device=self.torch_device, precision=self.precision, weights=self.weights_source),
            open_store(self.store),
            num_threads=self.loader_threads,
            num_processes=self.loader_processes,
            decoder=self.decoder,
            decode_timeout_s=self.decode_timeout_s,
            decode_timeout_per_s=self.decode_timeout_per_s,
            batch_size=self.batch_size,
            limits=MediaLimits.parse(self.limits),
        )

    def for_worker(self, device: str, *, num_workers: int) -> EvaluatorConfig:
        """Return the configuration of one of several workers, which share the cores of this machine."""
        processes = self.loader_processes
        if processes is None and self.torch_device.type == "cuda":
            processes = max_decode_workers(num_workers)
        return dataclasses.replace(self, device=device, num_gpus=1, loader_processes=processes, executor=LOCAL)

    def for_scoring(self, *, num_workers: int) -> EvaluatorConfig:
        """Return the configuration of one of several workers that compute no features: they need no GPU.

        They hash files in as many threads as one process would, together.
        """
        changes: dict[str, Any] = {"loader_processes": 0, "decoder": LIBAV, "scoring_processes": None}
        changes["loader_threads"] = max(1, (self.loader_threads or default_threads()) // num_workers)
        return dataclasses.replace(self, device="cpu", **changes)


def _check_for_cluster(device: str, num_gpus: int) -> None:
    if device not in _CLUSTER_DEVICES:
        raise UsageError(
            f"device={device!r} with executor={RAY!r}: each worker has a device of its own",
            hint=f"give one of {', '.join(_CLUSTER_DEVICES)}",
        )
    if num_gpus != 1:
        raise UsageError(
            f"num_gpus={num_gpus} with executor={RAY!r}: these are GPUs of this machine",
            hint="leave it out: all GPUs that the cluster has free are used",
        )


OPTION_NAMES = tuple(field.name for field in dataclasses.fields(EvaluatorConfig))
"""Names of all options."""
