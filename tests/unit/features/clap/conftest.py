"""A runtime with small CLAPs."""

from __future__ import annotations

import pytest
import torch

from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support.clap import put_small_networks


@pytest.fixture
def runtime() -> Runtime:
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource(is_dummy=True))
    put_small_networks(runtime)
    return runtime
