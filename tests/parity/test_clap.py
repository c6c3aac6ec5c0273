"""CLAP against the published extractor and network under the deterministic fill (golden page: clap)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.dsp import clap as dsp
from avmeter.nets import clap
from golden import fill, goldenio, synth
from support import require
from support.paths import PORTABLE

transformers = require.package("transformers")

PUBLISHED = PORTABLE / "clap.npz"

# Relative to the largest golden value, but for features, which are absolute (published code: 7e-8).
INPUT_TOLERANCE = 1e-5
STAGE_TOLERANCE = 1e-4
FEATURE_TOLERANCE = 2e-6

WAVES = {
    "synth_10s": lambda: synth.chirp_noise(48000, 10),
    "synth_13s_npseed0": lambda: synth.chirp_noise(48000, 13, seed=4),
    "zeros_5s": lambda: np.zeros(240000, dtype=np.float32),
}


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(PUBLISHED))


@pytest.fixture(scope="module")
def net() -> Any:
    net = clap.build()
    fill.fill_state_dict(net, rename=clap.KEY_MAP.official)
    return net


@pytest.fixture
def fused(net: Any) -> Any:
    """The network, and what its stages gave last."""
    encoder = net.audio_model.audio_encoder
    seen: dict[str, Tensor] = {}

    def keep(stage: str, output: Any) -> None:
        seen[stage] = output[0] if isinstance(output, tuple) else output

    modules = {
        "batch_norm": encoder.batch_norm,
        "patch_embed": encoder.patch_embed,
        "block0": encoder.layers[0].blocks[0],
        "layer3": encoder.layers[3],
    }
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, stage=stage: keep(stage, output))
        for stage, module in modules.items()
    ]
    yield net, seen
    for hook in hooks:
        hook.remove()


@torch.no_grad()
@pytest.mark.parametrize(
    "case", ["synth_10s", *(pytest.param(c, marks=pytest.mark.full) for c in ("synth_13s_npseed0", "zeros_5s"))]
)
def test_sound_agrees_with_the_published_network_stage_by_stage(
    golden: dict[str, np.ndarray], fused: Any, case: str
) -> None:
    """Input, norm, patches, blocks and embedding agree, for a full, a long and a silent short clip."""
    net, seen = fused
    wave = WAVES[case]()
    assert goldenio.check(golden, f"{case}/wave48k", wave)[1] == 0
    made = dsp.fused_input(torch.from_numpy(wave))
    assert made.is_longer == golden[f"{case}/is_longer"].item()
    features = made.input_features[None]
    assert goldenio.check(golden, f"{case}/input_features", features.numpy())[1] < INPUT_TOLERANCE

    embedding = clap.audio_features(net, features, torch.tensor([made.is_longer]))
    # The norm has mel bands where images have channels.
    seen["batch_norm"] = seen["batch_norm"].transpose(1, 3)
    deviations = {stage: goldenio.check(golden, f"{case}/{stage}", value.numpy())[1] for stage, value in seen.items()}
    assert deviations.keys() == {"batch_norm", "patch_embed", "block0", "layer3"}
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations
    np.testing.assert_allclose(embedding[0].numpy(), golden[f"{case}/audio_features"], rtol=0, atol=FEATURE_TOLERANCE)


@torch.no_grad()
def test_text_agrees_with_the_published_network(golden: dict[str, np.ndarray], net: Any) -> None:
    """Token ids give the published embedding."""
    ids = torch.from_numpy(golden["ids_a/input_ids"])[None]
    embedding = clap.text_features(net, ids, torch.ones_like(ids))
    np.testing.assert_allclose(embedding[0].numpy(), golden["ids_a/text_features"], rtol=0, atol=FEATURE_TOLERANCE)


@torch.no_grad()
@pytest.mark.full
def test_embeddings_do_not_depend_on_the_batch_and_draw_nothing(net: Any) -> None:
    """Fused and plain clips in one batch are as each alone; a padded text is as it is without padding."""
    made = [
        dsp.fused_input(torch.from_numpy(WAVES["synth_13s_npseed0"]())),
        dsp.fused_input(torch.from_numpy(WAVES["synth_10s"]())),
        dsp.fused_input(torch.from_numpy(WAVES["synth_10s"]()), short_clips=dsp.ShortClips.PLAIN),
    ]
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    longer = torch.tensor([m.is_longer for m in made])
    together = clap.audio_features(net, torch.stack([m.input_features for m in made]), longer)
    for i, m in enumerate(made):
        alone = clap.audio_features(net, m.input_features[None], longer[i : i + 1])
        torch.testing.assert_close(alone[0], together[i], rtol=0, atol=FEATURE_TOLERANCE)
    assert torch.cosine_similarity(together[1], together[2], dim=0) < 0.9

    tokens = clap.DummyTokens()(["a dog barks", "rain on a tin roof, far away"])
    texts = clap.text_features(net, tokens.ids, tokens.mask)
    alone = clap.text_features(net, tokens.ids[:1, :13], tokens.mask[:1, :13])
    torch.testing.assert_close(alone[0], texts[0], rtol=0, atol=FEATURE_TOLERANCE)
    assert torch.equal(torch_state, torch.get_rng_state())
    assert np.array_equal(numpy_state, np.random.get_state()[1])


@pytest.mark.parametrize("seconds", [0.5, 3.3, 10, 10.005, 10.012, 13, 25])
@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("truncation", ["fusion", "rand_trunc"])
def test_input_is_that_of_the_published_extractor_with_a_seed(truncation: str, seed: int, seconds: float) -> None:
    """Any length and both kinds of models: the same padding, shrinking and crops as after `np.random.seed`."""
    extractor = transformers.ClapFeatureExtractor(frequency_min=50, truncation=truncation)
    wave = synth.chirp_noise(48000, seconds, seed=4)
    before = np.random.get_state()
    try:
        np.random.seed(seed)
        published = extractor(wave, sampling_rate=48000, return_tensors="np")
    finally:
        np.random.set_state(before)
    make = dsp.fused_input if truncation == "fusion" else dsp.unfused_input
    made = make(torch.from_numpy(wave), seed=seed)
    # dB; the published code rounds its spectrum to complex64.
    np.testing.assert_allclose(made.input_features.numpy(), published["input_features"][0], rtol=0, atol=1e-4)
    assert made.is_longer == published["is_longer"].item()
