"""Kernel inception distance of frames."""

from __future__ import annotations

from avmeter.metrics.common.kid import KernelInceptionDistance


def test_kernel_is_the_published_one() -> None:
    """Polynomial, over subsets of a thousand frames."""
    options = KernelInceptionDistance().options()
    assert (options["kernel"], options["subset_size"], options["num_frames"]) == ("polynomial", 1000, 8)
