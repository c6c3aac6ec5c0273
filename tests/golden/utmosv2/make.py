"""Rebuilds the golden data of UTMOSv2 by running the published code. See README.md for versions.

    python make.py UTMOSV2

UTMOSV2 is a checkout of sarulab-speech/UTMOSv2. Backbones are built without their own weights, which the checkpoint
replaces; torchaudio, which only resamples, is an empty module.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), sys.argv[1]]

# A torchvision that was built for another PyTorch: what it registers has to be there, and is not called.
operators = torch.library.Library("torchvision", "DEF")
for name in (
    *("nms", "qnms", "deform_conv2d", "_deform_conv2d_backward"),
    *("roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool"),
    *(f"_{kind}_backward" for kind in ("roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool")),
    "qroi_align",
):
    operators.define(f"{name}(Tensor x) -> Tensor")

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
import timm  # noqa: E402
import transformers  # noqa: E402
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model  # noqa: E402

assert transformers.Wav2Vec2Model
sys.modules["torchaudio"] = types.ModuleType("torchaudio")
create = timm.create_model
timm.create_model = lambda name, pretrained=False, **options: create(name, pretrained=False, **options)

import utmosv2.model.ssl as published  # noqa: E402
from utmosv2._core.create import create_model  # noqa: E402
from utmosv2.dataset._schema import InMemoryData  # noqa: E402
from utmosv2.utils import get_dataset  # noqa: E402

LIMIT = 512
RATE = 16_000
NAMES = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
NOTES = "Layout of fold0_s42_best_model.pth, by the published class; weight norms by their older names."


def official(name):
    for saved, older in NAMES.items():
        name = name.replace(saved, older)
    return name


def network(encoder=None):
    config = encoder or Wav2Vec2Config()
    published.AutoModel = types.SimpleNamespace(from_pretrained=lambda _: Wav2Vec2Model(config))
    published.AutoFeatureExtractor = types.SimpleNamespace(
        from_pretrained=lambda _: Wav2Vec2FeatureExtractor(
            feature_size=1, sampling_rate=RATE, padding_value=0.0, do_normalize=True, return_attention_mask=False
        )
    )
    return create_model(pretrained=False)


def small_network():
    """The published classes with 2 layers of 32, 1 or 2 blocks a stage, and 32 channels of the map."""
    config = Wav2Vec2Config(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, conv_dim=[16] * 7,
        num_conv_pos_embedding_groups=4,
    )  # fmt: skip
    model = network(config)
    net = model._model
    net.ssl.weights = nn.Parameter(torch.zeros(3))
    net.ssl.attn[0] = nn.MultiheadAttention(32, 8, batch_first=True)
    for backbone in net.spec_long.backbones:
        for number, stage in enumerate(backbone.blocks):
            backbone.blocks[number] = stage[: 1 if number == 0 else 2]
        backbone.conv_head = nn.Conv2d(256, 32, 1, bias=False)
        old = backbone.bn2
        backbone.bn2 = type(old)(32, eps=old.eps, act_layer=nn.SiLU)
    net.spec_long.attn = nn.MultiheadAttention(64, 8, batch_first=True)
    net.fc = nn.Linear(64 + 128 + 30, 1)
    return net.eval()


def stages(net):
    encoder, backbone = net.ssl.encoder.model, net.spec_long.backbones[1]
    return {
        "conv": encoder.feature_extractor.conv_layers[6],
        "positioned": encoder.encoder.layer_norm,
        "layer0": encoder.encoder.layers[0],
        "speech": net.ssl,
        "stem": backbone.bn1,
        **{f"stage{number}": stage for number, stage in enumerate(backbone.blocks)},
        "head": backbone.bn2,
        "bands": net.spec_long.attn,
        "spectra": net.spec_long,
    }


@torch.no_grad()
def run(net, wave, pictures):
    seen = {}

    def keep(stage, output):
        seen[stage] = (output[0] if isinstance(output, tuple) else output).clone()

    hooks = [
        module.register_forward_hook(lambda _m, _i, output, stage=stage: keep(stage, output))
        for stage, module in stages(net).items()
    ]
    kind = net.fc.weight.dtype
    seen["mos"] = net(wave, pictures.to(kind), torch.eye(10, dtype=kind)[1][None])[:, 0]
    for hook in hooks:
        hook.remove()
    return {stage: value.numpy() for stage, value in seen.items()}


def inputs(side):
    random = np.random.RandomState(0)
    wave = torch.from_numpy(synth.chirp_noise(RATE, 1.0, seed=3))[None]
    return wave, torch.from_numpy(random.rand(1, 8, 3, side, side).astype(np.float32))


def main():
    torch.set_num_threads(1)
    out = {}
    net = small_network()
    fill.fill_state_dict(net, rename=official)
    found = run(net, *inputs(64))
    for stage, value in found.items():
        goldenio.put(out, f"small/{stage}", value, limit=LIMIT)
    model = network()
    cfg = model._cfg
    cfg.dataset.remove_silent_section = True
    for seconds in (5.0, 1.0):
        wave = synth.chirp_noise(RATE, seconds, seed=3)
        wave[8000:14000] *= 0.05
        np.random.seed(0)
        speech, pictures, _, _ = get_dataset(cfg, InMemoryData(data=wave[None], dataset_name="sarulab"), cfg.phase)[0]
        goldenio.put(out, f"drawn/{seconds:g}s/waveform", speech.numpy(), limit=LIMIT)
        goldenio.put(out, f"drawn/{seconds:g}s/pictures", pictures[:, 0].numpy(), limit=4 * LIMIT)
    state = {official(name): value for name, value in model.state_dict().items()}
    goldenio.write_keys("utmosv2", NOTES, state)
    np.savez_compressed(HERE / "stages.npz", **out)


main()
