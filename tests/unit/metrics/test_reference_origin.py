"""A reference set made in one protocol is not compared with clips read in another."""

import numpy as np
import pytest

from avmeter.errors import UsageError
from avmeter.metrics.reference import load_reference


def written(path, identity: str):
    rows = np.random.default_rng(0).standard_normal((5, 4))
    np.savez(path, features=rows, extractor=np.str_(identity))
    return path


def test_features_of_another_protocol_or_network_are_refused(tmp_path):
    """What a file says of its origin must fit the metric that reads it."""
    path = written(tmp_path / "ref.npz", '["passt", "1", {"protocol": "av-benchmark"}]')
    assert load_reference(path, dim=4, extractor="passt", protocol="av-benchmark").moments.count == 5
    with pytest.raises(UsageError, match="protocol av-benchmark"):
        load_reference(path, dim=4, extractor="passt", protocol="fastvideo")
    with pytest.raises(UsageError, match="made by passt"):
        load_reference(path, dim=4, extractor="panns", protocol="av-benchmark")
