"""The decoders of an NVIDIA card, through PyNvVideoCodec (extra `nvdec`).

Frames come as they were coded, 4:2:0, so that colours are converted where and as those of libav are. Each session has
a stream of highest priority: else its few small kernels would wait behind those of networks, frame by frame.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from avmeter.errors import MissingDependencyError
from avmeter.media.hardware import CodedStream

PACKAGE = "PyNvVideoCodec"
_HIGHEST = -5  # beyond what a card has, it is the highest that it has


class Nvdec:
    """Opens decoding sessions on a card; a `Hardware`.

    Args:
        device: The card.

    Raises:
        MissingDependencyError: The package is not there, or cannot be loaded: it needs the driver's video libraries.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._module = load_package()

    def open(self, stream: CodedStream) -> NvdecSession:
        """Open a session."""
        return NvdecSession(self._module, stream, self._device)


class NvdecSession:
    """Decodes streams of one form.

    Args:
        module: PyNvVideoCodec.
        stream: Their form.
        device: The card.
    """

    def __init__(self, module: Any, stream: CodedStream, device: torch.device) -> None:
        self._module = module
        self._size = stream.width, stream.height
        self._shape = stream.height * 3 // 2, stream.width
        self._queue = torch.cuda.Stream(device, priority=_HIGHEST)  # type: ignore[no-untyped-call]
        self._is_used = False
        with self.guard():
            torch.empty(1, device=device)  # so that the card has a context, which is this thread's
            self._decoder = module.CreateDecoder(
                gpuid=torch.cuda.current_device(),
                codec=getattr(module.cudaVideoCodec, stream.codec.upper()),
                cudacontext=_current_context(),
                cudastream=self._queue.cuda_stream,
                usedevicememory=True,
                maxwidth=stream.width,
                maxheight=stream.height,
            )

    def guard(self) -> AbstractContextManager[Any]:
        """Make its stream, and its card, the current ones of a thread."""
        return torch.cuda.stream(self._queue)

    def begin(self) -> None:
        """Begin a stream."""
        if self._is_used:
            self._decoder.setReconfigParams(*self._size)
        self._is_used = True

    def decode(self, data: bytes, token: int) -> list[tuple[int, Tensor]]:
        """Return what comes out of the decoder for packets; the token is a time stamp to it."""
        coded = self._module.PacketData()
        if data:
            coded.bsl, coded.bsl_data, coded.pts = len(data), np.frombuffer(data, np.uint8).ctypes.data, token
        found = [(int(frame.timestamp), from_dlpack(frame)) for frame in self._decoder.Decode(coded)]
        for _, pixels in found:
            if tuple(pixels.shape) != self._shape or pixels.dtype != torch.uint8:
                raise ValueError(f"a frame of {tuple(pixels.shape)} in place of {self._shape}")
        return found


@functools.cache
def load_package() -> Any:
    """Import PyNvVideoCodec.

    Raises:
        MissingDependencyError: It is not there, or cannot be loaded.
    """
    try:
        return importlib.import_module(PACKAGE)
    except Exception as error:  # the package raises what it likes where the driver lacks a library
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MissingDependencyError(
            f'decoder="nvdec" needs {PACKAGE}: {reason}',
            hint="pip install 'avmeter[nvdec]'; a container needs NVIDIA_DRIVER_CAPABILITIES=compute,utility,video",
        ) from error


def _current_context() -> int:
    """Return the handle of this thread's CUDA context."""
    context = ctypes.c_void_p()
    ctypes.CDLL("libcuda.so.1").cuCtxGetCurrent(ctypes.byref(context))
    return context.value or 0
