"""Arrays from files of strangers: nothing runs, nothing is unpacked that should not be, everything has one sentence."""

from __future__ import annotations

import io
import resource
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import UsageError
from avmeter.metrics.reference_file import read_reference_file

ROWS = np.arange(20, dtype=np.float32).reshape(5, 4)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def header(text: str, version: int = 1) -> bytes:
    """An array in NumPy's format without values."""
    body = text.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(body)) + body


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as content:
        for name, body in members.items():
            content.writestr(name, body)
    return stream.getvalue()


def saved(content: object, *, old: bool = False) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=not old)
    return stream.getvalue()


class Malicious:
    """Unpickling it would end the process."""

    def __reduce__(self):
        return exit, (3,)


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 768)}"
HOSTILE = {
    "empty": b"",
    "text": b"0.1 0.2 0.3\n",
    "JSON": b'{"features": [[1, 2]]}',
    "number": b"3",
    "short list": npy(np.array([1, 2, {}], dtype=object)),
    "objects": npy(np.array([{}, {}], dtype=object)),
    "header of a billion rows": header(HUGE),
    "header of a billion rows in an archive": archive({"features.npy": header(HUGE)}),
    "negative shape": header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 768)}"),
    "no type": header("{'descr': 'x', 'fortran_order': False, 'shape': (1, 768)}"),
    "no header": header("nothing"),
    "deep header": header("(" * 5000),
    "unknown version": header(HUGE, version=3),
    "cut array": npy(ROWS)[:-4],
    "longer array": npy(ROWS) + b"rest",
    "cut archive": archive({"features.npy": npy(ROWS)})[:-30],
    "archive of others": archive({"readme.txt": b"hello"}),
    "empty archive": archive({}),
    "half of the statistics": archive({"mu.npy": npy(ROWS[0])}),
    "archive of text": archive({"features.npy": b"text"}),
    "archive of objects": archive({"features.npy": npy(np.array([{}], dtype=object))}),
    "damaged values": archive({"features.npy": npy(ROWS)}).replace(npy(ROWS)[-8:], b"12345678"),
    "pickle": saved(Malicious()),
    "old pickle": saved(Malicious(), old=True),
    "dict": saved({"features": torch.zeros(3, 4)}),
    "number of torch": saved(3),
    "sparse": saved(torch.zeros(3, 4).to_sparse()),
    "repeated": saved(torch.zeros(1, 4).expand(1_000_000_000, 4)),
    "cut tensor": saved(torch.zeros(300, 4))[:-900],
    "cut old tensor": saved(torch.zeros(300, 4), old=True)[:-900],
    "pickle of nothing": b"\x80\x04.",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("suffix", ["pt", "npy", "npz", "bin"])
def test_what_is_not_understood_is_one_sentence(tmp_path: Path, name: str, suffix: str) -> None:
    """It names the file, and recommends nobody to let it run code."""
    path = tmp_path / f"reference.{suffix}"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(UsageError, match=f"reference.{suffix}: not a file of reference features: ") as caught:
        read_reference_file(path)
    assert "\n" not in caught.value.message
    assert "weights_only" not in str(caught.value)
    assert "allow_pickle" not in str(caught.value)
    assert len(caught.value.message) < 400 + len(str(path))


def test_archive_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path) -> None:
    """Zeros of half a gigabyte in half a megabyte are refused by their size, before anything is allocated."""
    path = tmp_path / "zeros.npz"
    start = header("{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 128)}")
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content,
        content.open("features.npy", "w", force_zip64=True) as member,
    ):
        member.write(start)
        for _ in range(512):
            member.write(bytes(1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match="MB would unpack to 537"):
        read_reference_file(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


@pytest.mark.parametrize("suffix", ["pt", "npy", "npz", "bin"])
@pytest.mark.parametrize(
    "body",
    [
        npy(ROWS),
        npy(np.asfortranarray(ROWS)),
        archive({"features.npy": npy(ROWS), "ids.npy": npy(np.array(["a"], dtype=object))}),
        archive({"features.npy": npy(ROWS)}, zipfile.ZIP_DEFLATED),
        saved(torch.from_numpy(ROWS)),
        saved(torch.from_numpy(ROWS), old=True),
        saved(torch.nn.Parameter(torch.from_numpy(ROWS))),
        saved(torch.from_numpy(ROWS).bfloat16()),
        saved(torch.from_numpy(np.ascontiguousarray(ROWS.T)).T),
    ],
    ids=["array", "columns", "archive", "packed", "tensor", "old tensor", "parameter", "bfloat16", "transposed"],
)
def test_arrays_and_tensors_are_read_by_what_they_are(tmp_path: Path, body: bytes, suffix: str) -> None:
    """Whatever the suffix says."""
    path = tmp_path / f"reference.{suffix}"
    path.write_bytes(body)
    np.testing.assert_array_equal(read_reference_file(path)["features"], ROWS)


@pytest.mark.parametrize("name", ["gone.npz", "x" * 300, "nul\0.npz", "folder"])
def test_path_of_no_file_is_named(tmp_path: Path, name: str) -> None:
    """Absent, too long, impossible, or a folder."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="file of reference features"):
        read_reference_file(tmp_path / name)
