"""Names that differ are brought together on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest import PairingWarning, samples_from
from avmeter.manifest.name_map import name_mapping
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


def test_clip_with_two_references_is_refused(tmp_path: Path) -> None:
    """The last one does not win in silence; the same one twice does no harm."""
    (tmp_path / "map.csv").write_text("generated;reference\na.wav;x.wav\na;x.wav\nb;y.wav\n")
    assert name_mapping(tmp_path / "map.csv")("a") == "x.wav"
    (tmp_path / "map.csv").write_text("generated,reference\na.wav,x.wav\na.wav,y.wav\n")
    with pytest.raises(ManifestError, match=r"line 3: `a\.wav` has another reference before"):
        name_mapping(tmp_path / "map.csv")
    (tmp_path / "map.csv").write_text("from,to\na.wav,x.wav\n")
    with pytest.raises(ManifestError, match="columns are from, to"):
        name_mapping(tmp_path / "map.csv")
