"""Rebuilds the golden data of UTMOS by running the published code. See README.md for versions.

    python make.py SPEECHMOS

SPEECHMOS is a checkout of tarepan/SpeechMOS. torchaudio is replaced by a module whose `resample` returns what it gets:
waveforms are handed in at 16 kHz, at which the published one does the same.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), sys.argv[1]]
torchaudio = types.ModuleType("torchaudio")
torchaudio.functional = types.SimpleNamespace(resample=lambda wave, orig_freq, new_freq: wave)
sys.modules["torchaudio"] = torchaudio

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from speechmos.utmos22 import fairseq_alt  # noqa: E402
from speechmos.utmos22.strong.model import UTMOS22Strong  # noqa: E402
from torch import nn  # noqa: E402

RATE = 16_000
LIMIT = 512
NOTES = "Layout of utmos22_strong_step7459_v1.pt, by the published class."


def small_network():
    """The published layers at a width of 32, put together as the published classes do."""
    net = UTMOS22Strong()
    encoder = net.wav2vec2
    encoder.feature_extractor = fairseq_alt.ConvFeatureExtractionModel(
        [(16, 10, 5)] + [(16, 3, 2)] * 4 + [(16, 2, 2)] * 2
    )
    encoder.layer_norm = nn.LayerNorm(16)
    encoder.post_extract_proj = nn.Linear(16, 32)
    encoder.mask_emb = nn.Parameter(torch.zeros(32))
    transformer = encoder.encoder
    transformer.pos_conv[0] = nn.utils.weight_norm(nn.Conv1d(32, 32, 128, padding=64, groups=4), dim=2)
    transformer.layer_norm = nn.LayerNorm(32)
    transformer.layers = nn.ModuleList(
        fairseq_alt.TransformerSentenceEncoderLayer(32, 64, 4, "gelu", 0.1, 0.1, 0.0, False) for _ in range(2)
    )
    net.domain_emb = nn.Parameter(torch.zeros(1, 8))
    net.judge_emb = nn.Parameter(torch.zeros(1, 8))
    net.blstm = nn.LSTM(48, 12, batch_first=True, bidirectional=True)
    net.projection = nn.Sequential(nn.Linear(24, 20), nn.ReLU(), nn.Linear(20, 1))
    return net.eval()


def stages(net):
    """Stage -> module whose output is recorded."""
    encoder = net.wav2vec2
    return {
        "conv": encoder.feature_extractor,
        "projected": encoder.post_extract_proj,
        "positioned": encoder.encoder.layer_norm,
        "layer0": encoder.encoder.layers[0],
        "encoder": encoder.encoder,
        "lstm": net.blstm,
        "ratings": net.projection,
    }


@torch.no_grad()
def run(net, wave):
    """Outputs of every stage, and the score."""
    seen = {}

    def keep(stage, output):
        value = output[0] if isinstance(output, tuple) else output
        # Layers have time first, and a frame more where their number is odd: it is masked and cut off.
        seen[stage] = value.transpose(0, 1)[:, : seen["projected"].shape[1]] if stage == "layer0" else value

    hooks = [
        module.register_forward_hook(lambda _m, _i, output, stage=stage: keep(stage, output))
        for stage, module in stages(net).items()
    ]
    seen["mos"] = net(torch.from_numpy(wave)[None].to(net.domain_emb.dtype), RATE)
    for hook in hooks:
        hook.remove()
    return {stage: value.numpy().copy() for stage, value in seen.items()}


def write_fill(case, net, durations):
    """Stages under the fill; says how far float32 is from float64."""
    fill.fill_state_dict(net)
    waves = {f"{duration:g}s": synth.chirp_noise(RATE, duration, seed=3) for duration in durations}
    published = {name: run(net, wave) for name, wave in waves.items()}
    net.double()
    out = {}
    for name, wave in waves.items():
        goldenio.put(out, f"{name}/wave", wave, limit=LIMIT)
        exact = run(net, wave)
        for stage, value in published[name].items():
            goldenio.put(out, f"{name}/{stage}", value, limit=LIMIT)
            deviation = np.abs(value - exact[stage]).max() / np.abs(exact[stage]).max()
            print(case, name, stage, value.shape, f"{deviation:.1e}")
    np.savez_compressed(HERE / f"{case}.npz", **out)


write_fill("small", small_network(), (0.5, 1.0))
base = UTMOS22Strong().eval()
goldenio.write_keys("utmos", NOTES, base.state_dict())
write_fill("base", base, (1.0, 2.02))
