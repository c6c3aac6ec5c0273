"""CRC-32C."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.weights.crc32c import crc32c, unmasked


def bit_by_bit(data: bytes) -> int:
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum ^= byte
        for _ in range(8):
            checksum = checksum >> 1 ^ (0x82F63B78 if checksum & 1 else 0)
    return checksum ^ 0xFFFFFFFF


def test_published_check_values_come_out() -> None:
    """Of the digits (the catalogue of CRC algorithms), and of 32 zeros (RFC 3720)."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 255, 256, 257, 1000, 4097])
def test_lengths_around_lanes_are_the_plain_definition(length: int) -> None:
    """Lanes that are not full, and data shorter than the initial value."""
    data = np.random.default_rng(length).bytes(length)
    assert crc32c(data) == bit_by_bit(data)


def test_mask_of_stored_checksums_is_undone() -> None:
    """TensorFlow stores rotate-right by 15, plus 0xa282ead8."""
    checksum = 0xE3069283
    stored = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert unmasked(stored) == checksum
