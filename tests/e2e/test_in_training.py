"""The examples of the page for training loops, as they are written there."""

from __future__ import annotations

import re

from support.paths import ROOT


def test_examples_run() -> None:
    """One after the other, on a CPU."""
    page = (ROOT / "docs" / "in-training.md").read_text("utf-8")
    names: dict[str, object] = {"__name__": "example"}
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(compile(block, "in-training.md", "exec"), names)
    numbers = names["numbers"]
    assert isinstance(numbers, dict)
    assert numbers["val/audio.loudness/scored"] == 2
    logged, later = names["logged"], names["later"]
    assert isinstance(logged, dict)
    assert isinstance(later, dict)
    assert list(logged) == [0, 2]
    assert later["val/audio.loudness/scored"] == 1
