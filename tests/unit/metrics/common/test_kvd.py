"""The kernel video distance."""

from __future__ import annotations

from avmeter.metrics.common.kvd import KernelVideoDistance


def test_the_kernel_is_that_of_kid_over_i3d_unless_asked_otherwise() -> None:
    """Polynomial, over the features of the Fréchet distance, of videos and their references."""
    metric = KernelVideoDistance(num_frames=16)
    assert metric.options()["kernel"] == "polynomial"
    assert [(n.field, n.extractor) for n in metric.needs] == [("video", "i3d"), ("reference", "i3d")]
    assert KernelVideoDistance(kernel="gaussian").options()["kernel"] == "gaussian"
