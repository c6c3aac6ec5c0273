"""UTMOSv2 against the published program, stage by stage; see golden/utmosv2/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.dsp.utmosv2 import without_pauses
from avmeter.features.quality.utmosv2 import drawn
from avmeter.nets import utmosv2
from avmeter.nets.efficientnet_v2 import EfficientNetConfig, Stage
from avmeter.nets.utmosv2 import Utmosv2, Utmosv2Config
from avmeter.nets.wavlm import WavLMConfig
from golden import fill, goldenio, synth
from support.paths import GOLDEN

RATE = utmosv2.SAMPLE_RATE
PUBLISHED = EfficientNetConfig()
SMALL = Utmosv2Config(
    encoder=WavLMConfig(conv_channels=16, dim=32, hidden_dim=64, num_layers=2, num_heads=4, position_groups=4),
    pictures=EfficientNetConfig(
        stages=tuple(
            Stage(kind=s.kind, count=min(s.count, 1 if i == 0 else 2), stride=s.stride, expansion=s.expansion,
                  channels=s.channels)
            for i, s in enumerate(PUBLISHED.stages)
        ),
        head=32,
    ),
)  # fmt: skip
TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(GOLDEN / "utmosv2" / "stages.npz"))


def stages(net: Utmosv2) -> dict[str, nn.Module]:
    encoder, pictures = net.speech.encoder, net.spectra.networks[1]
    return {
        "conv": encoder.convs,
        "positioned": encoder.position_norm,
        "layer0": encoder.layers[0],
        "speech": net.speech,
        "stem": pictures.stem,
        **{f"stage{number}": stage for number, stage in enumerate(pictures.stages)},
        "head": pictures.head,
        "bands": net.spectra.attention,
        "spectra": net.spectra,
    }


@torch.no_grad()
def test_every_stage_agrees_with_the_published_network(golden: dict[str, np.ndarray]) -> None:
    """Under the fill, with fewer blocks: the waveform's half, the pictures' half, and the score."""
    net = utmosv2.build(SMALL)
    fill.fill_state_dict(net, rename=utmosv2.KEY_MAP.official)
    wave = torch.from_numpy(synth.chirp_noise(RATE, 1.0, seed=3))[None]
    pictures = torch.from_numpy(np.random.RandomState(0).rand(1, 8, 3, 64, 64).astype(np.float32))
    seen: dict[str, Tensor] = {}
    for stage, module in stages(net).items():
        module.register_forward_hook(
            lambda _m, _i, o, stage=stage: seen.update({stage: o[0] if isinstance(o, tuple) else o})
        )
    spread, mean = torch.var_mean(wave, dim=1, unbiased=False, keepdim=True)
    mos = net((wave - mean) / (spread + 1e-7).sqrt(), pictures.unflatten(1, (2, 4)), torch.tensor([1]))
    # Both halves of the published network end with the zeros of the listening test.
    seen = {s: functional.pad(v, (0, 10)) if s in ("speech", "spectra") else v for s, v in seen.items()} | {"mos": mos}
    deviations = {s: goldenio.check(golden, f"small/{s}", value.numpy())[1] for s, value in seen.items()}
    assert len(deviations) == 15
    assert max(deviations.values()) < TOLERANCE, deviations


@pytest.mark.parametrize("seconds", [1.0, pytest.param(5.0, marks=pytest.mark.endurance)])
def test_what_is_drawn_is_what_the_published_program_draws(golden: dict[str, np.ndarray], seconds: float) -> None:
    """After the same seed: pauses, the waveform to the bit, mixed spectra of four windows; of 1 s the sound repeats."""
    wave = synth.chirp_noise(RATE, seconds, seed=3)
    wave[8000:14000] *= 0.05
    found = drawn(without_pauses(wave), np.random.RandomState(0))
    assert goldenio.check(golden, f"drawn/{seconds:g}s/waveform", found["waveform"])[1] == 0
    small = functional.interpolate(
        torch.from_numpy(found["spectra"]), size=(512, 512), mode="bilinear", antialias=True
    ).flatten(0, 1)
    assert goldenio.check(golden, f"drawn/{seconds:g}s/pictures", small.numpy())[1] < 1e-6
