"""Functions that `torch.compile` leaves alone: a compiled training step may call them, and they run as they are."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def untraced(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function to be run as it is where its caller is compiled.

    Otherwise torch takes its NumPy for tensors, and results change. The compiler is not imported for that: it takes
    seconds, and who compiles has it.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if "torch._dynamo" not in sys.modules:
            return function(*args, **kwargs)
        found: R = torch.compiler.disable(function)(*args, **kwargs)  # type: ignore[no-untyped-call]
        return found

    return call
