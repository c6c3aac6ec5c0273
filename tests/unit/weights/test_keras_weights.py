"""Files that Keras wrote."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from avmeter.errors import MissingDependencyError, WeightsError
from avmeter.weights.keras_weights import read_keras_weights
from support import require
from support.paths import GOLDEN

h5py = require.package("h5py")
WRITTEN = GOLDEN / "openl3" / "keras.h5"


def test_layers_are_counted_by_kind_and_have_axes_of_pytorch() -> None:
    """As the program set them, in its order: norm, convolution, norm, named layer."""
    golden = np.load(GOLDEN / "openl3" / "fill.npz")
    arrays = [golden[f"keras/{i}"] for i in range(12)]
    found = read_keras_weights(WRITTEN)
    norm = ["weight", "bias", "running_mean", "running_var"]
    names = [f"batch_normalization_1.{n}" for n in norm] + ["conv2d_1.weight", "conv2d_1.bias"]
    names += [f"batch_normalization_2.{n}" for n in norm]
    names += ["audio_embedding_layer.weight", "audio_embedding_layer.bias"]
    assert list(found) == names
    for array, tensor in zip(arrays, found.values(), strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array.transpose(3, 2, 0, 1) if array.ndim == 4 else array)


def test_names_do_not_depend_on_the_numbers_of_the_program(tmp_path) -> None:
    """An older Keras counts from 1, a program that built other networks before from where it stood."""
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["layer_names"] = [b"conv2d_7", b"activation_3", b"conv2d_9"]
        for name in ("conv2d_7", "conv2d_9"):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/bias:0".encode()]
            group[f"{name}/bias:0"] = np.ones(3, np.float32)
        file.create_group("activation_3").attrs["weight_names"] = []
    assert list(read_keras_weights(tmp_path / "net.h5")) == ["conv2d_1.bias", "conv2d_2.bias"]


def test_packed_file_is_read_as_it_is(tmp_path) -> None:
    """As the official ones are published."""
    (tmp_path / "net.h5.gz").write_bytes(gzip.compress(WRITTEN.read_bytes()))
    packed = read_keras_weights(tmp_path / "net.h5.gz")
    assert {k: v.tolist() for k, v in packed.items()} == {k: v.tolist() for k, v in read_keras_weights(WRITTEN).items()}


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", WRITTEN.read_bytes()[:900], gzip.compress(b"no HDF5")[:-4]],
    ids=["empty", "page", "cut off", "packed and cut off"],
)
def test_other_and_damaged_files_are_named(tmp_path, content: bytes) -> None:
    """Whatever the library says of them."""
    (tmp_path / "net.h5").write_bytes(content)
    with pytest.raises(WeightsError, match=r"net\.h5: not a file of weights that Keras wrote"):
        read_keras_weights(tmp_path / "net.h5")


def test_file_of_other_numbers_is_refused(tmp_path) -> None:
    """Nothing is rounded in silence."""
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        group = file.create_group("dense")
        group.attrs["weight_names"] = [b"dense/bias:0"]
        group["dense/bias:0"] = np.ones(3)
    with pytest.raises(WeightsError, match="dense/bias:0 is float64"):
        read_keras_weights(tmp_path / "net.h5")


def test_absent_package_is_named_with_the_way_to_install_it(monkeypatch) -> None:
    """The engine makes a skip of it."""
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingDependencyError) as error:
        read_keras_weights(WRITTEN)
    assert error.value.hint == "pip install 'avmeter[openl3]'"
