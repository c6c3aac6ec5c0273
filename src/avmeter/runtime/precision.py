"""Numeric precision of networks, decided once: what a name stands for in types, in TF32 and in autocast."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import torch

from avmeter.errors import UnknownNameError
from avmeter.runtime.shared_settings import SharedSettings

_Settings = tuple[bool, bool, torch.dtype]


def _read_settings() -> _Settings:
    """Return whether TF32 is allowed for matrix products and for convolutions, and the default type of tensors."""
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.get_default_dtype()


def _write_settings(settings: _Settings) -> None:
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, dtype = settings
    if dtype != torch.get_default_dtype():
        torch.set_default_dtype(dtype)


# Settings of the process: runs with the same ones go side by side. Autocast is of a thread.
_settings = SharedSettings(_read_settings, _write_settings)


class Precision(StrEnum):
    """How exactly networks compute; scores of the faster three differ by what `docs/performance.md` states."""

    FLOAT32 = "float32"  # strict: TF32 is off
    TF32 = "tf32"
    BF16 = "bf16"
    FP16 = "fp16"

    @classmethod
    def parse(cls, name: str) -> Precision:
        """Return the precision called `name`.

        Raises:
            UnknownNameError: No such precision.
        """
        try:
            return cls(name)
        except ValueError:
            raise UnknownNameError.among("precision", str(name), [p.value for p in cls]) from None

    @property
    def half_dtype(self) -> torch.dtype | None:
        """float16 or bfloat16 in the half precisions, else None."""
        return {Precision.FP16: torch.float16, Precision.BF16: torch.bfloat16}.get(self)

    def operand_dtype(self, device: torch.device) -> torch.dtype | None:
        """Half precision for the operands of products on a GPU, but of none in strict float32.

        In TF32 mode that is float16: its operands have 10 bits of mantissa too.
        """
        if device.type != "cuda" or self is Precision.FLOAT32:
            return None
        return self.half_dtype or torch.float16

    def attention_dtype(self, device: torch.device) -> torch.dtype | None:
        """float16 for attention in TF32 mode on a GPU, which holds as many digits of its operands; else None."""
        return torch.float16 if self is Precision.TF32 and device.type == "cuda" else None

    @contextlib.contextmanager
    def applied(self, device: torch.device) -> Iterator[None]:
        """Set TF32, and autocast in half precision, within the block; the process's own settings return afterwards.

        The default type of tensors is float32 within, where a training has set another.

        Other threads with the same TF32 run side by side, those with the other wait.
        """
        with self.settings(), self.autocast(device):
            yield

    def settings(self) -> contextlib.AbstractContextManager[Any]:
        """Return what `applied` does but for autocast: the settings of the process, for threads that run networks."""
        is_allowed = self is not Precision.FLOAT32
        return _settings.held((is_allowed, is_allowed, torch.float32))

    def autocast(self, device: torch.device) -> contextlib.AbstractContextManager[Any]:
        """Return autocast to the half precision within the block, in the calling thread; nothing in the others."""
        if self.half_dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(device.type, dtype=self.half_dtype)
