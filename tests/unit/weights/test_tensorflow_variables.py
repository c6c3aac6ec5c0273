"""Variables of a SavedModel, read without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import WeightsError
from avmeter.weights import WeightsSource
from avmeter.weights.tensorflow_variables import read_tensorflow_variables
from support import require


@pytest.fixture(scope="module")
def files() -> tuple[bytes, bytes]:
    """Numbers and index of YAMNet."""
    require.weights("yamnet")
    source = WeightsSource.parse("auto")
    return source.path("yamnet").read_bytes(), source.path("yamnet", "variables.index").read_bytes()


def read(folder: Path, data: bytes, index: bytes) -> dict:
    (folder / "data").write_bytes(data)
    (folder / "index").write_bytes(index)
    return read_tensorflow_variables(folder / "data", folder / "index")


def test_all_variables_are_read_with_their_checksums(files, tmp_path) -> None:
    """110 tensors of the network and two counters, with PyTorch's axes."""
    tensors = read(tmp_path, *files)
    assert len(tensors) == 112
    assert tensors["layer-1.layer._func._yamnet.layer_with_weights-54.weight"].shape == (521, 1024)


def test_a_changed_number_is_found(files, tmp_path) -> None:
    """One bit of one weight."""
    data, index = files
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    with pytest.raises(WeightsError, match=r"the checksum of .* differs"):
        read(tmp_path, bytes(changed), index)


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "page"])
def test_a_damaged_index_is_named(files, tmp_path, damage) -> None:
    """Never a crash in the middle of a parser."""
    data, index = files
    flipped = bytearray(index)
    flipped[100] ^= 1
    bodies = {"cut": index[:3000], "bit": bytes(flipped), "empty": b"", "page": b"<html>" * 100}
    with pytest.raises(WeightsError, match="not the variables of a SavedModel"):
        read(tmp_path, data, bodies[damage])
