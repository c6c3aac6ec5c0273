"""Stand-in weights: a pure function of the official checkpoint key and the tensor's shape.

The real architecture with these numbers has the real cost in time and memory, and two implementations of one
network can be compared without its trained checkpoint. The scores mean nothing as quality.

For a key whose last dotted part is `last`, with n drawn from `RandomState(crc32(key)).standard_normal`
(C order, float64; NumPy freezes these legacy streams), the first line that applies is rounded to float32:

    kept as computed      integer and bool tensors; filterbanks, windows, masks and indices (`is_computed`)
    ln(1 / 0.07)          "logit_scale" in last
    -30 + 3 n             running_mean of a norm over decibels (called bn0 or batch_norm)
    400 (1 + 0.1 |n|)     running_var of the same
    1 + 0.1 |n|           last is running_var
    0.1 n                 last is running_mean
    2 + 0.2 n             last is weight_g
    1 + 0.1 n             last is grep_a
    0.5 n                 relative attention or position bias, layer_weights
    0.2 n                 tokens, position tables, embedding tables
    0.1 n                 last ends in "bias"
    1 + 0.1 n             under 2 dimensions, last ends in "weight"
    0.02 n                under 2 dimensions
    n / sqrt(fan_in)      2 dimensions
    n sqrt(2 / fan_in)    3 or more; fan_in = product of shape[1:]
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avmeter.runtime.device import num_cores

_COMPUTED = re.compile(
    r"(^|\.)stft\.conv_(real|imag)\.weight$"
    r"|(^|\.)melW$"
    r"|relative_position_index$"
    r"|(^|\.)attn_mask$"
    r"|(^|\.)(position_ids|token_type_ids)$"
    r"|modality_preprocessors\.text\.mask$"
    r"|(^|\.)num_batches_tracked$"
    r"|(^|\.)(window|mel_fb|fb|preemphasis_coefficient)$"
)
_DECIBEL_NORM = re.compile(r"(^|\.)(bn0|batch_norm)\.running_(mean|var)$")
_RELATIVE = re.compile(r"relative_attention_bias|relative_position_bias|layer_weights")
_TOKENS = re.compile(
    r"cls_token|dist_token|distillation_token|(OFF|MOD)_tok$|mask_emb$"
    r"|pos_embed|pos_emb|position_embeddings|temp_embed|st_embed"
    r"|token_embedding|word_embeddings|token_type_embeddings|bias_k$|bias_v$"
)
_BY_LAST = {"running_mean": (0.0, 0.1), "weight_g": (2.0, 0.2), "grep_a": (1.0, 0.1)}

# Draws are scaled and rounded while still in the cache: 2 MiB of float64 at a time.
_CHUNK = 1 << 18

_Draws = NDArray[np.float64]
_Formula = Callable[[_Draws], _Draws]


def is_computed(key: str) -> bool:
    """Return True for tensors that the implementation computes itself (filterbanks, masks): never filled."""
    return _COMPUTED.search(key) is not None


def fill_value(key: str, shape: Sequence[int]) -> NDArray[np.float32]:
    """Return the stand-in for one tensor of a checkpoint, float32, C order.

    Args:
        key: Name in the official checkpoint.
        shape: Its shape there; () for a scalar.
    """
    shape = tuple(int(size) for size in shape)
    values = np.empty(shape, dtype=np.float32)
    _write(key, shape, values.reshape(-1))
    return values


def fill_network(net: nn.Module, official: Callable[[str], str | None]) -> None:
    """Give every floating-point tensor of `net` its stand-in value, in place.

    Args:
        net: Any module; a tensor of another precision gets the float32 value rounded.
        official: Own state-dict key -> official checkpoint key, or None to leave a tensor as it is.
            Of several keys that share one tensor the last counts.
    """
    jobs: dict[tuple[int, int], tuple[str, Tensor]] = {}
    for own, tensor in net.state_dict().items():
        key = official(own)
        if key is not None and tensor.is_floating_point() and tensor.numel() and not is_computed(key):
            jobs[tensor.data_ptr(), tensor.numel()] = (key, tensor)
    # The draws release the interpreter lock. Largest first, so that no thread ends up alone with a big one.
    ordered = sorted(jobs.values(), key=lambda job: -job[1].numel())
    with ThreadPoolExecutor(max_workers=num_cores()) as threads:
        for _ in threads.map(lambda job: _fill_tensor(*job), ordered):
            pass


def _fill_tensor(key: str, tensor: Tensor) -> None:
    shape = tuple(tensor.shape)
    if tensor.device.type == "cpu" and tensor.dtype == torch.float32 and tensor.is_contiguous():
        _write(key, shape, tensor.detach().view(-1).numpy())
        return
    with torch.no_grad():
        tensor.copy_(torch.from_numpy(fill_value(key, shape)))


def _write(key: str, shape: tuple[int, ...], flat: NDArray[np.float32]) -> None:
    """Write the values of (key, shape) into the flat array `flat`, chunk by chunk."""
    if "logit_scale" in key.rsplit(".", 1)[-1]:
        flat[:] = math.log(1 / 0.07)
        return
    formula = _formula(key, shape)
    random = np.random.RandomState(zlib.crc32(key.encode("utf-8")))
    for start in range(0, flat.size, _CHUNK):
        chunk = flat[start : start + _CHUNK]
        chunk[:] = formula(random.standard_normal(chunk.size))


def _formula(key: str, shape: tuple[int, ...]) -> _Formula:
    """Return what is done to the normal draws of this key; works in place."""
    last = key.rsplit(".", 1)[-1]
    if _DECIBEL_NORM.search(key):
        return _decibel_variance if last == "running_var" else _affine(-30.0, 3.0)
    if last == "running_var":
        return _variance
    if last in _BY_LAST:
        return _affine(*_BY_LAST[last])
    if _RELATIVE.search(key):
        return _affine(0.0, 0.5)
    if _TOKENS.search(key):
        return _affine(0.0, 0.2)
    if last.endswith("bias"):
        return _affine(0.0, 0.1)
    if len(shape) < 2:
        return _affine(1.0, 0.1) if last.endswith("weight") else _affine(0.0, 0.02)
    fan_in = math.prod(shape[1:])
    if len(shape) == 2:
        return lambda n: np.divide(n, math.sqrt(fan_in), out=n)
    return _affine(0.0, math.sqrt(2.0 / fan_in))


def _affine(offset: float, scale: float) -> _Formula:
    def apply(n: _Draws) -> _Draws:
        np.multiply(n, scale, out=n)
        return np.add(n, offset, out=n) if offset else n

    return apply


def _variance(n: _Draws) -> _Draws:
    return _affine(1.0, 0.1)(np.abs(n, out=n))


def _decibel_variance(n: _Draws) -> _Draws:
    return np.multiply(_variance(n), 400.0, out=n)
