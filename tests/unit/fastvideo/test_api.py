"""The module of the one-shot call."""

import avmeter.fastvideo
from avmeter.fastvideo.api import evaluate


def test_module_has_the_function_of_the_package() -> None:
    """Under FastVideo's name."""
    assert evaluate is avmeter.fastvideo.evaluate
