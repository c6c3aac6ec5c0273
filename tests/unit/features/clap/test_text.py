"""CLAP embeddings of texts on a small network: what is read, cut and noted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import WeightsError
from avmeter.features.base import get_extractor
from avmeter.nets import clap
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource, locate
from support import require
from support.clap import MICROSOFT, MODEL, SMALL, SMALL_MICROSOFT, small_network
from support.extractors import extract

require.package("transformers")


@pytest.mark.parametrize(("model", "limit"), [(MODEL, 512), ("laion-clap-630k-fused", 77), (MICROSOFT, 77)])
def test_text_beyond_the_limit_is_cut_and_noted(runtime: Runtime, model: str, limit: int) -> None:
    """The facts hold how many tokens there were and how many were not read; what is cut has no influence."""
    extractor: Any = get_extractor("clap_text", model=model)
    long, longer = (extract(extractor, "a" * n, runtime) for n in (600, 700))
    assert long.facts == {"model": model, "num_tokens": 602, "num_dropped": 602 - limit, "truncated": True}
    assert np.array_equal(long["embedding"], longer["embedding"])
    exact = extract(extractor, "a" * (limit - 2), runtime)
    assert (exact.facts["num_tokens"], exact.facts["truncated"]) == (limit, False)


@pytest.mark.parametrize(("model", "config"), [(MODEL, SMALL), (MICROSOFT, SMALL_MICROSOFT)])
def test_padding_to_a_common_length_does_not_change_a_text(runtime: Runtime, model: str, config: Any) -> None:
    """Prompts of similar length share batches; each embedding is that of the bare tokens."""
    extractor: Any = get_extractor("clap_text", model=model)
    features = extract(extractor, "a dog", runtime)
    tokens = clap.DummyTokens(scheme=clap.CHECKPOINTS[model].scheme)(["a dog"])
    bare = clap.text_features(small_network(config), tokens.ids, tokens.mask)[0].detach().numpy()
    np.testing.assert_allclose(features["embedding"], bare, rtol=0, atol=1e-6)
    shapes = {extractor.batch_key(w) for text in ("a dog", "rain on a tin roof") for w in extractor.windows(text)}
    assert len(shapes) == 1


@pytest.mark.parametrize("model", [MODEL, MICROSOFT])
def test_any_script_and_half_characters_are_text(runtime: Runtime, model: str) -> None:
    """A prompt in another script is embedded; half of a surrogate pair, as JSON may hold, does no harm."""
    for text in ("дождь по крыше", "雨の音", "\ud83d rain", "!", "<|endoftext|>"):
        assert np.isfinite(extract(get_extractor("clap_text", model=model), text, runtime)["embedding"]).all()


@pytest.mark.parametrize("model", [MODEL, MICROSOFT])
def test_stand_in_tokens_come_with_stand_in_weights_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: str
) -> None:
    """Real weights ask for the real vocabulary, and its absence is named."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(locate, "find_in_package", lambda *_: None)
    real = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse(tmp_path))
    with pytest.raises(WeightsError, match=r"vocab\.json"):
        get_extractor("clap_text", model=model).load(real)
