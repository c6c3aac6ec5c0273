"""Arrays from a file that somebody else wrote: `.npy`, `.npz`, or a tensor that torch saved.

The content decides, not the suffix. No code of a file runs, and nothing is allocated that the file is too small for.
"""

from __future__ import annotations

import lzma
import math
import pickle
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import UsageError

ARRAYS = ("features", "mu", "sigma", "n", "dim", "extractor", "fingerprint", "dummy")
"""What an archive may hold; other members are left alone."""

_HINT = "it takes a tensor or array (N, D) as .pt or .npy, or what `avmeter features export` writes"
_NPY, _ZIP, _PICKLE = b"\x93NUMPY", b"PK\x03\x04", b"\x80"
_MAX_BYTES = 16 << 30
# Numbers that were measured hardly compress; an archive that does is made to fill the memory.
_MAX_RATIO, _SMALL_BYTES = 50, 64 << 20
# What readers of foreign bytes raise.
_UNREADABLE = (
    ArithmeticError, AssertionError, AttributeError, EOFError, ImportError, LookupError, MemoryError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError, lzma.LZMAError, pickle.PickleError, struct.error,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class _ForeignError(Exception):
    """The file holds something else; the message says what."""


def read_reference_file(path: Path) -> Mapping[str, npt.NDArray[Any]]:
    """Return the arrays of a file by name, those of `ARRAYS` only; a bare array or tensor is called "features".

    Raises:
        UsageError: It is absent, cannot be read, or is something else; one sentence names it and what it holds.
    """
    try:
        if path.is_file():
            with path.open("rb") as stream:
                return _read(stream, path.stat().st_size)
    except _ForeignError as error:
        raise UsageError(f"{path}: not a file of reference features: {error}", hint=_HINT) from error
    except _UNREADABLE as error:
        # Not the reader's own words: some of them recommend to let the file run code.
        what = error.strerror if isinstance(error, OSError) and error.strerror else "damaged, or of another kind"
        raise UsageError(f"{path}: not a file of reference features: {what}", hint=_HINT) from error
    raise UsageError(f"{path}: no such file of reference features", hint="`avmeter features export` writes one")


def _read(stream: IO[bytes], size: int) -> Mapping[str, npt.NDArray[Any]]:
    head = stream.read(len(_NPY))
    stream.seek(0)
    if head == _NPY:
        return {"features": _read_array(stream, size)}
    if head.startswith(_ZIP):
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            if not any(name.endswith("/data.pkl") for name in names):
                return _read_archive(archive)
            _check_sizes(archive.infolist())
        stream.seek(0)
        return {"features": _read_tensor(stream)}
    if head.startswith(_PICKLE):
        return {"features": _read_tensor(stream)}
    raise _ForeignError(f"it is empty or begins with {head!r}" if head else "it is empty")


def _read_archive(archive: zipfile.ZipFile) -> Mapping[str, npt.NDArray[Any]]:
    members = {name: archive.getinfo(f"{name}.npy") for name in ARRAYS if f"{name}.npy" in archive.namelist()}
    if "features" not in members and not {"mu", "sigma"} <= members.keys():
        found = ", ".join(name.removesuffix(".npy") for name in archive.namelist()[:5]) or "nothing"
        raise _ForeignError(f"it holds {found}, neither `features` nor `mu` and `sigma`")
    _check_sizes(list(members.values()))
    arrays = {}
    for name, member in members.items():
        with archive.open(member) as stream:
            try:
                arrays[name] = _read_array(stream, member.file_size)
            except _ForeignError as error:
                raise _ForeignError(f"`{name}`: {error}") from error
    return arrays


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive before anything of it is unpacked."""
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if unpacked > _MAX_BYTES or (unpacked > _SMALL_BYTES and unpacked > _MAX_RATIO * packed):
        raise _ForeignError(f"{packed / 1e6:.1f} MB would unpack to {unpacked / 1e6:.0f} MB")


def _read_array(stream: IO[bytes], size: int) -> npt.NDArray[Any]:
    """Read an array in NumPy's format from a stream of `size` bytes, which must be its header and its values."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise _ForeignError(f"an array in version {version} of NumPy's format")
    if dtype.hasobject:
        raise _ForeignError("an array of Python objects, which are never loaded")
    num_bytes, rest = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if num_bytes != rest or num_bytes > _MAX_BYTES:
        raise _ForeignError(f"its header announces {dtype} {shape}, {num_bytes} bytes, where there are {rest}")
    values = stream.read(num_bytes)
    return np.frombuffer(values, dtype).reshape(shape, order="F" if is_fortran else "C")


def _read_tensor(stream: IO[bytes]) -> npt.NDArray[Any]:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tensor = torch.load(stream, map_location="cpu", weights_only=True)
    if not isinstance(tensor, torch.Tensor):
        raise _ForeignError(f"it holds a {type(tensor).__name__}, not a tensor")
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
        raise _ForeignError(f"a tensor without plain values ({tensor.dtype}, {tensor.layout}, {tensor.device})")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise _ForeignError(f"a tensor {tuple(tensor.shape)} of {tensor.untyped_storage().nbytes()} bytes")
    plain = tensor.detach().float() if tensor.dtype == torch.bfloat16 else tensor.detach()
    array: npt.NDArray[Any] = plain.resolve_conj().resolve_neg().numpy()
    return array
