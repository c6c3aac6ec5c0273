"""Tensors of TensorFlow Lite files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from avmeter.errors import WeightsError
from avmeter.weights import WeightsSource
from avmeter.weights.tflite_tensors import read_tflite_tensors
from support import require


@pytest.fixture
def content() -> bytes:
    require.weights("blazeface-short-range")
    return WeightsSource().path("blazeface-short-range").read_bytes()


def test_kernels_have_the_axes_of_pytorch(tmp_path: Path, content: bytes) -> None:
    """Of convolutions, of depthwise ones, and of biases; float16 in the file, float32 here."""
    path = tmp_path / "net.tflite"
    path.write_bytes(content)
    found = read_tflite_tensors(path)
    assert found["conv2d.weight"].shape == (24, 3, 5, 5)
    assert found["depthwise_conv2d_2.weight"].shape == (28, 1, 3, 3)
    assert found["regressor_16.bias"].shape == (96,)
    assert found["conv2d.weight"].dtype == torch.float32


def test_slopes_have_one_axis() -> None:
    """Those of PReLU, which the file has for every row and column."""
    require.weights("face-mesh")
    found = read_tflite_tensors(WeightsSource().path("face-mesh"))
    assert found["p_re_lu_3.weight"].shape == (32,)


@pytest.mark.parametrize("kept", [30, 9_000, 200_000])
def test_file_that_is_cut_off_is_damaged(tmp_path: Path, content: bytes, kept: int) -> None:
    """In its header, in its tables, in its numbers."""
    path = tmp_path / "net.tflite"
    path.write_bytes(content[:kept])
    with pytest.raises(WeightsError, match="damaged"):
        read_tflite_tensors(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    """What does not say that it is one."""
    path = tmp_path / "net.tflite"
    path.write_bytes(bytes(64))
    with pytest.raises(WeightsError, match="no TensorFlow Lite file"):
        read_tflite_tensors(path)
