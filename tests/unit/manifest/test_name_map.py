"""Names that differ are brought together on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.manifest import PairingWarning, samples_from
from support.files import touch


@pytest.mark.parametrize("kind", ["function", "regex", "csv"])
def test_names_are_mapped_only_on_request(tmp_path: Path, kind: str) -> None:
    """A function, an expression or a table brings names together that differ."""
    gen, ref = touch(tmp_path / "gen", "gen_01.wav"), touch(tmp_path / "ref", "real_01.wav")
    (tmp_path / "map.csv").write_text("generated,reference\ngen_01.wav,real_01.wav\n")
    name_map = {
        "function": lambda key: key.replace("gen", "real"),
        "regex": ("^gen_", "real_"),
        "csv": tmp_path / "map.csv",
    }[kind]
    (sample,) = samples_from(audio=gen, reference_audio=ref, name_map=name_map)
    assert sample["reference_audio"] == str(ref / "real_01.wav")
    with pytest.warns(PairingWarning):
        samples_from(audio=gen, reference_audio=ref)
