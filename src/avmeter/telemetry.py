"""Usage reports of other packages: off in this process and in its workers, with or without a network.

onnxruntime 1.32 writes a device id into the home folder and asks for the address of its vendor's server as soon as it
is loaded, and a library reads its variables only then. So these are the only environment variables that this package
writes, and it writes them immediately before the import. Importing avmeter sets none.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

TELEMETRY_OFF: Mapping[str, str] = MappingProxyType(
    {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "RAY_USAGE_STATS_ENABLED": "0"}
)
"""Variable -> the value with which onnxruntime, huggingface_hub and Ray report nothing."""

REPORTING_PACKAGES = frozenset(
    {"onnxruntime", "faster_whisper", "sherpa_onnx", "huggingface_hub", "transformers", "ray"}
)
"""Packages that can report their use, and those that import them or carry a copy inside."""


def turn_off_telemetry() -> None:
    """Turn reports off for packages that this process imports from now on."""
    os.environ.update(TELEMETRY_OFF)


def import_without_telemetry(module: str) -> Any:
    """Import a module of `REPORTING_PACKAGES` (or below) with its usage reports turned off.

    Raises:
        ImportError: It is not installed, or broken.
    """
    turn_off_telemetry()
    return importlib.import_module(module)
