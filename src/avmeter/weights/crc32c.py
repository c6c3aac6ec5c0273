"""CRC-32C (Castagnoli), the checksum of TensorFlow's files, of megabytes in a fraction of a second.

A CRC without initial value is linear over bits: the bytes are cut into equal lanes whose checksums advance together,
one byte at a time, and two neighbours join by shifting the left one over as many zero bytes as the right one is long.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_LANE_BYTES = 256
_MASK_DELTA = 0xA282EAD8

_Words = NDArray[np.uint32]


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of some bytes."""
    content = np.frombuffer(b"\0" * max(4 - len(data), 0) + data, np.uint8)
    num_lanes = 1 << max(-(-len(content) // _LANE_BYTES) - 1, 0).bit_length()
    # Zeros in front change nothing; inverted first bytes stand for the initial value of ones.
    padded = np.zeros(num_lanes * _LANE_BYTES, np.uint8)
    padded[len(padded) - len(content) :] = content
    begin = len(padded) - len(data)
    padded[begin : begin + 4] ^= 0xFF
    lanes = padded.reshape(num_lanes, _LANE_BYTES)
    checksums, table = np.zeros(num_lanes, np.uint32), _table()
    for column in np.ascontiguousarray(lanes.T):
        checksums = table[(checksums ^ column) & 0xFF] ^ (checksums >> 8)
    shift = _shift_over(_LANE_BYTES)
    while len(checksums) > 1:
        checksums = _apply(shift, checksums[0::2]) ^ checksums[1::2]
        shift = _apply(shift, shift)
    return int(checksums[0]) ^ _tail_of_ones(len(data)) ^ 0xFFFFFFFF


def unmasked(stored: int) -> int:
    """Return the checksum that TensorFlow stores rotated and shifted by a constant."""
    rotated = (stored - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def _tail_of_ones(length: int) -> int:
    """Return what the initial value of ones leaves beyond data of fewer than four bytes: it only shifts out there."""
    return 0xFFFFFFFF >> 8 * length if length < 4 else 0


@cache
def _table() -> _Words:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return np.asarray(table, np.uint32)


def _shift_over(num_bytes: int) -> _Words:
    """Return where each of 32 bits goes while a power of two of zero bytes passes."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    shift: _Words = _table()[bits & 0xFF] ^ (bits >> 8)
    for _ in range(num_bytes.bit_length() - 1):
        shift = _apply(shift, shift)
    return shift


def _apply(shift: _Words, values: _Words) -> _Words:
    result: _Words = np.zeros_like(values)
    for bit in range(32):
        result ^= np.where(values >> np.uint32(bit) & 1, shift[bit], np.uint32(0)).astype(np.uint32)
    return result
