"""Everything in torch, and beside it, that a trainer sets and that must be the same after scoring."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from avmeter.telemetry import TELEMETRY_OFF


def torch_state() -> dict[str, Any]:
    """The settings of this process and thread, and what a new thread would have."""
    found: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: found.append(_of_thread()))
    thread.start()
    thread.join()
    backends = torch.backends
    return {
        **_of_thread(),
        "new thread": found[0],
        "tf32": (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32),
        "reduced precision": (
            backends.cuda.matmul.allow_fp16_reduced_precision_reduction,
            backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        ),
        "matmul precision": torch.get_float32_matmul_precision(),
        "cudnn": (backends.cudnn.enabled, backends.cudnn.benchmark, backends.cudnn.deterministic),
        "sdp": (
            backends.cuda.flash_sdp_enabled(),
            backends.cuda.math_sdp_enabled(),
            backends.cuda.mem_efficient_sdp_enabled(),
        ),
        "mkldnn": backends.mkldnn.enabled,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "deterministic warns": torch.is_deterministic_algorithms_warn_only_enabled(),
        "default dtype": torch.get_default_dtype(),
        "interop threads": torch.get_num_interop_threads(),
        "random": (
            torch.get_rng_state().numpy().tobytes(),
            np.random.get_state()[1].tobytes(),
            hash(random.getstate()),
        ),
        "switch interval": sys.getswitchinterval(),
        "environment": {k: v for k, v in os.environ.items() if k not in (*TELEMETRY_OFF, "PYTEST_CURRENT_TEST")},
        "warnings": list(warnings.filters),
        "multiprocessing": torch.multiprocessing.get_sharing_strategy(),
        "numpy errors": np.geterr(),
    }


def _of_thread() -> dict[str, Any]:
    return {
        "threads": torch.get_num_threads(),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "anomaly": torch.is_anomaly_enabled(),
        "autocast": (
            torch.is_autocast_enabled("cpu"),
            torch.get_autocast_dtype("cpu"),
            torch.is_autocast_cache_enabled(),
        ),
        "default device": str(torch.get_default_device()),
    }


@contextlib.contextmanager
def unusual_torch_state() -> Iterator[None]:
    """Settings that a training may have and that are nobody's defaults."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = (torch.get_num_threads(), matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark)
    torch.set_num_threads(3)
    matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark = True, False, True
    torch.set_default_dtype(torch.bfloat16)
    torch.set_default_device("meta")
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
            yield
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(before[0])
        matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark = before[1:]
