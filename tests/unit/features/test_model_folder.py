"""A model is a folder of the user's or an entry of the catalog; both are told apart once, and named in fingerprints."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avmeter.features.base import Features, Window
from avmeter.features.model_folder import ModelFolderExtractor


class Model(ModelFolderExtractor):
    """Any model that may be a folder."""

    name = "model"
    takes = "audio"

    def entry(self) -> str:
        return "entry"

    def windows(self, media: Any) -> Iterator[Window]:
        raise NotImplementedError

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        raise NotImplementedError


def runtime(precision: str = "float32") -> Any:
    weights = SimpleNamespace(fingerprint=lambda entry: f"hash of {entry}", folder=lambda entry: Path("/cache", entry))
    return SimpleNamespace(precision=precision, weights=weights)


def test_name_that_is_no_folder_is_an_entry_of_the_catalog() -> None:
    """Its files lie where the catalog puts them."""
    model = Model("base")
    assert model.weights() == ("entry",)
    assert model.model_folder(runtime()) == Path("/cache/entry")


def test_folder_needs_no_checkpoint_of_the_catalog(tmp_path: Path) -> None:
    """Its files are the model, and its network is not shared with that of another folder."""
    model = Model(str(tmp_path))
    assert model.weights() == ()
    assert model.model_folder(runtime()) == tmp_path
    assert model.network_key() not in (Model("base").network_key(), Model(str(tmp_path.parent)).network_key())


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "", "\ud800"])
def test_any_text_is_a_name_and_never_an_error(name: str) -> None:
    """What cannot be a path on this system is no folder."""
    assert Model(name).user_folder is None


def test_folder_that_changed_is_another_model(tmp_path: Path) -> None:
    """Size, date or name of any file, and the precision, make another fingerprint; nothing else does."""
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"1")
    os.utime(file, (1, 1))
    model = Model(str(tmp_path))
    prints = [model.fingerprint(runtime()), model.fingerprint(runtime("bf16"))]
    assert model.fingerprint(runtime()) == prints[0]
    file.write_bytes(b"22")
    os.utime(file, (1, 1))
    prints.append(model.fingerprint(runtime()))
    os.utime(file, (2, 2))
    prints.append(model.fingerprint(runtime()))
    file.rename(tmp_path / "other.safetensors")
    prints.append(model.fingerprint(runtime()))
    assert len(set(prints)) == 5
