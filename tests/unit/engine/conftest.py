"""Extractors without networks, known while a test of the engine runs."""

import pytest

from avmeter.registry import EXTRACTORS
from support.engine import Blocks, Difference


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """`test_blocks` and `test_difference`."""
    monkeypatch.setitem(EXTRACTORS._classes, "test_blocks", Blocks)
    monkeypatch.setitem(EXTRACTORS._classes, "test_difference", Difference)
