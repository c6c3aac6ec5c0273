"""A model is a folder of the user's or an entry of the catalog; both are told apart once, and named in fingerprints."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avmeter.errors import SkipCode, UnknownNameError, UsageError, WeightsError
from avmeter.evaluator import Evaluator
from avmeter.features.base import Features, Window
from avmeter.features.model_folder import ModelFolderExtractor, reading_model, require_files
from support.extractors import noise
from support.wavlm import write_wavlm_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))


class Model(ModelFolderExtractor):
    """Any model that may be a folder."""

    name = "model"
    takes = "audio"

    family = "whisper-"

    def __init__(self, model: str) -> None:
        self.model_name = model
        super().__init__(model)

    def entry(self) -> str:
        return f"whisper-{self.model_name}"

    def windows(self, media: Any) -> Iterator[Window]:
        raise NotImplementedError

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        raise NotImplementedError


def runtime(precision: str = "float32") -> Any:
    weights = SimpleNamespace(fingerprint=lambda entry: f"hash of {entry}", folder=lambda entry: Path("/cache", entry))
    return SimpleNamespace(precision=precision, weights=weights)


def test_folder_of_the_same_name_does_not_hide_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run folder called `base` is no Whisper; a path to it is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()
    assert Model("base").user_folder is None
    assert Model("./base").user_folder == Path("base")


def test_name_that_is_no_folder_is_an_entry_of_the_catalog() -> None:
    """Its files lie where the catalog puts them."""
    model = Model("base")
    assert model.weights() == ("whisper-base",)
    assert model.model_folder(runtime()) == Path("/cache/whisper-base")


def test_folder_needs_no_checkpoint_of_the_catalog(tmp_path: Path) -> None:
    """Its files are the model, and its network is not shared with that of another folder."""
    model = Model(str(tmp_path))
    assert model.weights() == ()
    assert model.model_folder(runtime()) == tmp_path
    assert model.network_key() not in (Model("base").network_key(), Model(str(tmp_path.parent)).network_key())


@pytest.mark.parametrize(
    "name", ["/no/such/folder", "./model", "~/model", "~nosuchuser/model", "models/", "a\0b", "x" * 5000, "", "\ud800"]
)
def test_name_of_no_folder_and_no_model_is_refused(name: str) -> None:
    """Whatever text it is: the default model does not stand in for it."""
    with pytest.raises(UsageError, match="whisper-base"):
        Model(name)


def test_model_of_another_family_is_refused() -> None:
    """An entry of the catalog is not a model of every extractor."""
    with pytest.raises(UnknownNameError, match="whisper-base"):
        Model("passt")


def test_file_is_no_folder(tmp_path: Path) -> None:
    """A checkpoint itself is not its folder."""
    file = tmp_path / "model.bin"
    file.touch()
    with pytest.raises(UsageError, match="there is no folder"):
        Model(str(file))


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the variables of the environment."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert Model("~/model").user_folder == tmp_path / "model"


def test_folder_that_changed_is_another_model(tmp_path: Path) -> None:
    """Content or name of any file, and the precision, make another fingerprint; a copy of the folder has the same."""
    folder = tmp_path / "model"
    folder.mkdir()
    file = folder / "model.safetensors"
    file.write_bytes(b"11")
    model = Model(str(folder))
    prints = [model.fingerprint(runtime()), model.fingerprint(runtime("bf16"))]
    assert model.fingerprint(runtime()) == prints[0]
    before = file.stat()
    file.write_bytes(b"22")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    prints.append(model.fingerprint(runtime()))
    file.rename(folder / "other.safetensors")
    prints.append(model.fingerprint(runtime()))
    assert len(set(prints)) == 4


def test_folder_that_is_gone_fails_when_it_is_loaded(tmp_path: Path) -> None:
    """Its fingerprint is no error: that would end the run."""
    folder = tmp_path / "model"
    folder.mkdir()
    model = Model(str(folder))
    folder.rmdir()
    assert model.fingerprint(runtime())
    with pytest.raises(WeightsError, match=r"no model\.bin"):
        require_files(model.model_folder(runtime()), ("model.bin",), "a model")


@pytest.mark.parametrize(
    "error",
    [pickle.UnpicklingError("use weights_only=False"), OSError("x"), KeyError("x"), RuntimeError("x"), Exception("x")],
)
def test_whatever_a_reader_raises_is_an_error_of_the_weights(tmp_path: Path, error: Exception) -> None:
    """With the folder's name, in one line, and without the advice to run what lies in it."""
    with pytest.raises(WeightsError) as caught, reading_model(tmp_path, "a model"):
        raise error
    assert caught.value.message.startswith(f"{tmp_path}: not a model (")
    assert "weights_only" not in str(caught.value)


def test_interrupt_is_no_damage(tmp_path: Path) -> None:
    """Ctrl-C while a model is read ends the run."""
    with pytest.raises(KeyboardInterrupt), reading_model(tmp_path, "a model"):
        raise KeyboardInterrupt


def test_damaged_folder_is_a_skip_of_its_metric_alone(tmp_path: Path) -> None:
    """The other metrics of the run have their scores."""
    folder = write_wavlm_folder(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"damaged")
    clip = (noise(48_000), 16_000)
    options = {"audio.speaker_similarity": {"encoder": "wavlm", "model_name": str(folder)}}
    evaluator = Evaluator(["audio.speaker_similarity", "audio.loudness"], "cpu", options=options)
    row = evaluator.evaluate(audio=clip, reference_audio=clip)
    evaluator.shutdown()
    assert row["audio.speaker_similarity"].skip.code == SkipCode.WEIGHTS_UNAVAILABLE
    assert row["audio.loudness"].score is not None


def test_absent_folder_is_refused_before_the_run() -> None:
    """By the evaluator, not by its first clip."""
    options = {"audio.speaker_similarity": {"encoder": "wavlm", "model_name": "/no/such/folder"}}
    with pytest.raises(UsageError, match="/no/such/folder"):
        Evaluator("audio.speaker_similarity", "cpu", options=options)
