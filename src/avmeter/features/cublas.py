"""cuBLAS 12, which CTranslate2 opens by its name; builds of torch for CUDA 13 bring another."""

from __future__ import annotations

import ctypes
import functools
import sys

from avmeter.weights.packages import find_in_package

_NAME = "libcublas.so.12"
PACKAGE = "nvidia-cublas-cu12"


@functools.cache
def is_available() -> bool:
    """Return True if CTranslate2 will find its cuBLAS; that of the package `nvidia-cublas-cu12` is loaded for it.

    On systems other than Linux CTranslate2 looks for itself.
    """
    if not sys.platform.startswith("linux"):
        return True
    packaged = find_in_package(f"nvidia/cublas/lib/{_NAME}")
    return any(_loads(name) for name in (_NAME, packaged) if name is not None)


def _loads(library: object) -> bool:
    try:
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True
