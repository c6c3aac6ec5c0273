"""Small files that say, or unfold to, far more than they hold: written byte by byte, without a media library."""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

_FLAC_BLOCK = 65_535
_WAVE_PCM, _WAVE_FLOAT = 1, 3


def write_wave(path: Path, samples: np.ndarray, sample_rate: int, *, num_channels: int = 1) -> Path:
    """Write a WAV file with any rate in its header; int16 samples are PCM, float32 and float64 are floats."""
    width = samples.dtype.itemsize
    kind = _WAVE_FLOAT if samples.dtype.kind == "f" else _WAVE_PCM
    align = width * num_channels
    byte_rate = min(sample_rate * align, 2**32 - 1)
    head = struct.pack("<HHIIHH", kind, num_channels, sample_rate, byte_rate, align, 8 * width)
    data = samples.tobytes()
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def write_au(path: Path, samples: np.ndarray, sample_rate: int) -> Path:
    """Write a mono .au file of int16 samples with any rate in its header."""
    data = samples.astype(">i2").tobytes()
    path.write_bytes(struct.pack(">4sIIIII", b".snd", 24, len(data), 3, sample_rate, 1) + data)
    return path


def write_constant_flac(path: Path, duration_s: float, *, sample_rate: int = 48_000, value: int = 1000) -> Path:
    """Write mono FLAC whose blocks of 65,535 samples are one number each: five hours in 200 KB."""
    num_blocks = int(duration_s * sample_rate) // _FLAC_BLOCK
    num_samples = num_blocks * _FLAC_BLOCK
    packed = sample_rate << 44 | 0 << 41 | 15 << 36 | num_samples
    info = struct.pack(">HH", _FLAC_BLOCK, _FLAC_BLOCK) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    with path.open("wb") as out:
        out.write(b"fLaC\x80" + len(info).to_bytes(3, "big") + info)
        for number in range(num_blocks):
            # Fixed block size in 16 bits, the rate and the 16 bits of STREAMINFO's; mono; one constant subframe.
            head = b"\xff\xf8\x70\x00" + _utf8_number(number) + struct.pack(">H", _FLAC_BLOCK - 1)
            block = head + bytes([_crc(head, 0x07, 8)]) + b"\x00" + struct.pack(">h", value)
            out.write(block + _crc(block, 0x8005, 16).to_bytes(2, "big"))
    return path


def write_png(path: Path, width: int, height: int) -> Path:
    """Write a black PNG of one bit a pixel: 256 million pixels in 32 KB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes((1 + (width + 7) // 8) * height), 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def write_webp(path: Path, width: int, height: int) -> Path:
    """Write a lossless WebP of one colour, whose pixels take no bits at all: 268 million in 40 bytes."""
    bits = [(0x2F, 8), (width - 1, 14), (height - 1, 14), (0, 1), (0, 3), (0, 1), (0, 1), (0, 1)]
    bits += [(1, 1), (0, 1), (0, 1), (0, 1)] * 5  # five prefix codes of one symbol
    number = position = 0
    for value, size in bits:
        number |= value << position
        position += size
    data = number.to_bytes(position // 8 + 2, "little")
    data += bytes(len(data) % 2)
    body = b"WEBPVP8L" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def write_gif(path: Path, width: int, height: int, *, num_frames: int = 3) -> Path:
    """Write a GIF with any screen, whose frames change one pixel each."""
    frame = b"\x21\xf9\x04\x00\x04\x00\x00\x00\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    path.write_bytes(b"GIF89a" + screen + frame * num_frames + b"\x3b")
    return path


def write_y4m(path: Path, fps: str, *, num_frames: int = 30, side: int = 64) -> Path:
    """Write raw video (YUV4MPEG2) with any rate, such as "1000000:1", in its header."""
    frames: Iterable[bytes] = (bytes([16 + n % 200]) * (side * side * 3 // 2) for n in range(num_frames))
    head = f"YUV4MPEG2 W{side} H{side} F{fps} Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + b"".join(b"FRAME\n" + frame for frame in frames))
    return path


def _utf8_number(number: int) -> bytes:
    """Return a frame number as FLAC writes it: UTF-8, surrogates too."""
    return chr(number).encode("utf-8", "surrogatepass")


def _crc(data: bytes, polynomial: int, num_bits: int) -> int:
    table = _crc_table(polynomial, num_bits)
    crc, mask = 0, (1 << num_bits) - 1
    for byte in data:
        crc = (crc << 8 ^ table[crc >> (num_bits - 8) ^ byte]) & mask
    return crc


@functools.cache
def _crc_table(polynomial: int, num_bits: int) -> list[int]:
    mask, table = (1 << num_bits) - 1, []
    for byte in range(256):
        crc = byte << (num_bits - 8)
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc >> (num_bits - 1) else 0)) & mask
        table.append(crc)
    return table
