"""The base class of metrics with the defaults of FastVideo's: they are handed decoded frames."""

from __future__ import annotations

import torch

from avmeter.metrics import simple_form


class BaseMetric(simple_form.BaseMetric):
    """A metric whose `sample["video"]` and `sample["reference"]` are float tensors (T, C, H, W) in [0, 1].

    A metric that reads paths says `needs_frames = False`.
    """

    needs_frames = True

    def __init__(self) -> None:
        self._device = torch.device("cpu")

    def to(self, device: str | torch.device) -> BaseMetric:
        """Move to a device; return self."""
        self._device = torch.device(device)
        return self
