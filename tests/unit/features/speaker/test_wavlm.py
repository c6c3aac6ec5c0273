"""WavLM with an x-vector head: a tiny random model of the real class."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError, UsageError, WeightsError
from avmeter.features.base import get_extractor
from support.extractors import cpu_runtime, noise
from support.voices import RATE, embed
from support.wavlm import write_wavlm_folder


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "normalised"])
def wavlm_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wavlm_folder(tmp_path_factory.mktemp("wavlm"), normalises=request.param)


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_embeds_as_transformers_does(wavlm_folder: Path) -> None:
    """The folder's own front end and network, at unit length."""
    from transformers import Wav2Vec2FeatureExtractor, WavLMForXVector

    waveform = noise(2 * RATE)
    found = embed(get_extractor("speaker_wavlm", model_name=str(wavlm_folder)), waveform)["embedding"]
    front, net = (c.from_pretrained(wavlm_folder) for c in (Wav2Vec2FeatureExtractor, WavLMForXVector))
    with torch.no_grad():
        wanted = net.eval()(**front(waveform, sampling_rate=RATE, return_tensors="pt")).embeddings[0]
    np.testing.assert_allclose(found, wanted / wanted.norm(), atol=1e-5)


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_averages_the_pieces_of_a_long_clip(wavlm_folder: Path) -> None:
    """70 s are heard to their end; a rest of a few points is not a piece of its own."""
    extractor = get_extractor("speaker_wavlm", model_name=str(wavlm_folder))
    facts = embed(extractor, noise(70 * RATE)).facts
    assert (facts["num_windows"], facts["speech_s"]) == (3, 70.0)
    assert embed(extractor, noise(30 * RATE + 5)).facts["num_windows"] == 1


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_skips_what_is_too_short(wavlm_folder: Path) -> None:
    with pytest.raises(SkipError) as caught:
        embed(get_extractor("speaker_wavlm", model_name=str(wavlm_folder)), noise(1000))
    assert caught.value.code == SkipCode.NO_SPEECH


def test_folder_that_is_no_wavlm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not a WavLM"):
        get_extractor("speaker_wavlm", model_name=str(tmp_path)).load(cpu_runtime())


def _replace_weights(folder: Path, name: str, body: bytes) -> None:
    for file in (*folder.glob("*.safetensors"), *folder.glob("*.bin")):
        file.unlink()
    (folder / name).write_bytes(body)


def _pickled(content: object) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


class _Malicious:
    def __reduce__(self):
        return exit, (3,)


def _edit(folder: Path, edit) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def _without_layer(tensors: dict[str, torch.Tensor]) -> None:
    for name in [n for n in tensors if "layers.0.attention" in n]:
        del tensors[name]


DAMAGES = {
    "empty pickle": lambda f: _replace_weights(f, "pytorch_model.bin", b""),
    "text for a pickle": lambda f: _replace_weights(f, "pytorch_model.bin", b"not a pickle"),
    "hostile pickle": lambda f: _replace_weights(f, "pytorch_model.bin", _pickled(_Malicious())),
    "pickle of a list": lambda f: _replace_weights(f, "pytorch_model.bin", _pickled([1, 2])),
    "cut pickle": lambda f: _replace_weights(f, "pytorch_model.bin", _pickled({"w": torch.zeros(999)})[:-500]),
    "text for safetensors": lambda f: _replace_weights(f, "model.safetensors", b"not tensors"),
    "cut safetensors": lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-100]),
    "endless header": lambda f: _replace_weights(f, "model.safetensors", b"\xff" * 100),
    "no weights": lambda f: (f / "model.safetensors").unlink(),
    "no configuration": lambda f: (f / "config.json").unlink(),
    "damaged configuration": lambda f: (f / "config.json").write_text("{"),
    "configuration of a list": lambda f: (f / "config.json").write_text("[]"),
    "configuration of other types": lambda f: (f / "config.json").write_text(
        (f / "config.json").read_text().replace('"hidden_size": 16', '"hidden_size": "x"')
    ),
    "page for a front end": lambda f: (f / "preprocessor_config.json").write_text("<html>"),
    "tensors of another shape": lambda f: _edit(
        f, lambda t: t.update({"projector.weight": torch.zeros(3, 3), "projector.bias": torch.zeros(3)})
    ),
    "no tensors": lambda f: _edit(f, dict.clear),
    "tensors absent": lambda f: _edit(f, _without_layer),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_folder_is_an_error_of_the_weights(tmp_path: Path, damage: str) -> None:
    """Which the engine turns into a skip of the metric: nothing of the folder runs, nothing random stands in."""
    folder = write_wavlm_folder(tmp_path / "model")
    DAMAGES[damage](folder)
    with pytest.raises(WeightsError, match=re.escape(str(folder))) as caught:
        get_extractor("speaker_wavlm", model_name=str(folder)).load(cpu_runtime())
    assert "\n" not in caught.value.message
    assert "weights_only" not in str(caught.value)


def test_weights_under_older_names_are_all_found(tmp_path: Path) -> None:
    """Checkpoints from before torch's parametrisations name two tensors of the positions otherwise."""
    from safetensors.torch import load_file

    folder = write_wavlm_folder(tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    older = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in tensors.items()
        if "masked_spec_embed" not in name
    }
    assert set(older) != set(tensors)
    _replace_weights(folder, "pytorch_model.bin", _pickled(older))
    get_extractor("speaker_wavlm", model_name=str(folder)).load(cpu_runtime())


@pytest.mark.parametrize("name", ["/no/such/folder", "wavlm-base", ""])
def test_folder_that_is_not_there_is_refused(name: str) -> None:
    """The catalog's model does not stand in for it."""
    with pytest.raises(UsageError, match="wavlm-base-plus-sv"):
        get_extractor("speaker_wavlm", model_name=name)


@pytest.mark.parametrize("name", [None, "wavlm-base-plus-sv", "microsoft/wavlm-base-plus-sv"])
def test_model_of_the_catalog_has_three_names(name: str | None) -> None:
    """None, the catalog's and the hub's."""
    assert get_extractor("speaker_wavlm", model_name=name).weights() == ("wavlm-base-plus-sv",)
