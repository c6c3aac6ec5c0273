"""Paraformer over a folder as FunASR's is, with a small network in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import get_extractor
from avmeter.features.speech.paraformer import read_normalisation, spelled
from avmeter.nets import paraformer
from avmeter.nets.paraformer import ParaformerConfig
from avmeter.weights.dummy import fill_network
from support.extractors import cpu_runtime
from support.paths import GOLDEN
from support.recognisers import noise, window

TOKENS = ["<blank>", "<s>", "</s>", *"你好世界"]
SMALL = ParaformerConfig(dim=16, hidden_dim=8, encoder_layers=2, decoder_layers=1, vocabulary=len(TOKENS))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three files, of a network that is small instead of the published one."""
    build = paraformer.build
    monkeypatch.setattr(paraformer, "build", lambda: build(SMALL))
    net = build(SMALL)
    fill_network(net, paraformer.KEY_MAP.official)
    state = {paraformer.KEY_MAP.official(name): value for name, value in net.state_dict().items()}
    torch.save({**state, "bias_encoder.weight_ih_l0": torch.zeros(4)}, tmp_path / "model.pt")
    (tmp_path / "tokens.json").write_text(json.dumps(TOKENS), encoding="utf-8")
    shutil.copy(GOLDEN / "paraformer" / "am.mvn", tmp_path)
    return tmp_path


def test_every_window_is_transcribed_by_the_tokens_of_the_folder(folder: Path) -> None:
    """Without the special ones; less than a frame has no text."""
    extractor: Any = get_extractor("paraformer", model_name=str(folder), language="Chinese", vad=False)
    extractor.load(cpu_runtime())
    long, short = extractor.run([window(noise(1.0)), window(noise(0.02))], cpu_runtime())
    assert set(long["segments"][0]["text"]) <= set("你好世界")
    assert long["segments"][0]["text"]
    assert long["language"] == "zh"
    assert short["segments"][0]["text"] == ""


def test_folder_without_a_file_or_with_other_tokens_is_refused(folder: Path) -> None:
    """By name, before anything is heard."""
    (folder / "tokens.json").write_text('["a"]', encoding="utf-8")
    with pytest.raises(WeightsError, match="1 tokens, 7 outputs"):
        get_extractor("paraformer", model_name=str(folder)).load(cpu_runtime())
    (folder / "am.mvn").write_text("<Nnet>\n", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"am\.mvn has 0 shifts"):
        get_extractor("paraformer", model_name=str(folder)).load(cpu_runtime())
    (folder / "am.mvn").unlink()
    with pytest.raises(WeightsError, match=r"no am\.mvn"):
        get_extractor("paraformer", model_name=str(folder)).load(cpu_runtime())


def test_checkpoint_that_is_not_here_is_named_with_the_way_to_get_it() -> None:
    """Stand-in weights do not speak."""
    with pytest.raises(WeightsError, match="paraformer-zh") as error:
        get_extractor("paraformer").load(cpu_runtime(weights="dummy"))
    assert "avmeter weights fetch paraformer-zh" in error.value.hint


def test_other_languages_are_skipped() -> None:
    """It writes Mandarin characters whatever is said."""
    extractor: Any = get_extractor("paraformer", language="German")
    with pytest.raises(SkipError, match="`de`") as caught:
        next(extractor.windows(None))
    assert caught.value.code == SkipCode.UNSUPPORTED


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["你", "好"], "你好"),
        (["he@@", "llo", "world"], "hello world"),
        (["我", "用", "py@@", "thon", "写", "<unk>", "码"], "我用python写码"),
        ([], ""),
    ],
)
def test_tokens_are_spelled_as_people_write(tokens: list[str], text: str) -> None:
    """Parts of words are joined, words have spaces, characters have none."""
    assert spelled(iter(tokens)) == text


def test_normalisation_has_a_shift_and_a_factor_for_each_number() -> None:
    """In the order of the file."""
    shift, scale = read_normalisation(GOLDEN / "paraformer" / "am.mvn")
    assert shift.shape == scale.shape == (560,)
    assert shift.max() < 0 < scale.min()
