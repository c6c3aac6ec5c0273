"""From TensorFlow's order of axes to PyTorch's."""

from __future__ import annotations

import pytest
import torch

from avmeter.weights.channels_last import to_channels_first


@pytest.mark.parametrize(
    ("name", "shape", "own", "turned"),
    [
        ("a/kernel", (3, 5, 7, 11), "a.weight", (11, 7, 3, 5)),
        ("a/kernel", (2, 3, 5, 7, 11), "a.weight", (11, 7, 2, 3, 5)),
        ("a/kernel", (7, 11), "a.weight", (11, 7)),
        ("a/depthwise_kernel", (3, 5, 7, 1), "a.weight", (7, 1, 3, 5)),
        ("a/b/moving_variance", (7,), "a.b.running_var", (7,)),
    ],
)
def test_axes_and_names_are_those_of_pytorch(name, shape, own, turned) -> None:
    """Output channels, input channels, then space; a depthwise kernel has one input channel for each output."""
    found, tensor = to_channels_first(name, torch.zeros(shape))
    assert (found, tuple(tensor.shape)) == (own, turned)


def test_values_go_with_their_axes() -> None:
    """A kernel's entry [y, x, in, out] is the one at [out, in, y, x]."""
    kernel = torch.randn(3, 5, 7, 11)
    assert to_channels_first("kernel", kernel)[1][10, 6, 2, 4] == kernel[2, 4, 6, 10]
