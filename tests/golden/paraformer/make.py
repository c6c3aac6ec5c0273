"""Rebuilds the golden data of Paraformer by running the published network. See README.md for versions.

    python make.py FUNASR TORCHAUDIO

FUNASR is a checkout of modelscope/FunASR, of which only the modules are loaded that the network is made of; TORCHAUDIO is
a folder with `torchaudio/compliance/kaldi.py`, loaded without its package.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))


def package(name, folder):
    """A package whose own `__init__` does not run."""
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module
    return module


for name in ("funasr", "funasr.models", "funasr.frontends", "funasr.models.seaco_paraformer"):
    package(name, Path(sys.argv[1]) / name.replace(".", "/"))
package("torchaudio", Path(sys.argv[2]) / "torchaudio").functional = None
sys.modules["funasr.frontends.eend_ola_feature"] = types.ModuleType("eend_ola_feature")
sys.modules["funasr.frontends"].eend_ola_feature = sys.modules["funasr.frontends.eend_ola_feature"]

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from funasr.frontends.wav_frontend import WavFrontend, load_cmvn  # noqa: E402
from funasr.models.bicif_paraformer.cif_predictor import CifPredictorV3  # noqa: E402
from funasr.models.paraformer.decoder import ParaformerSANMDecoder  # noqa: E402
from funasr.models.sanm.encoder import SANMEncoder  # noqa: E402

LIMIT = 512
NOTES = "Encoder, predictor and decoder of model.pt of funasr/paraformer-zh, from the published classes."
RATE = 16_000


def sizes(dim, hidden, layers, vocabulary, mels):
    shared = {"attention_heads": 4, "linear_units": hidden, "kernel_size": 11, "sanm_shfit": 0}
    encoder = {"output_size": dim, "num_blocks": layers[0], "input_layer": "pe", **shared}
    return {
        "encoder": lambda: SANMEncoder(7 * mels, **encoder),
        "predictor": lambda: CifPredictorV3(
            dim, 1, 1, tail_threshold=0.45, smooth_factor2=0.25, noise_threshold2=0.01, upsample_times=3,
            use_cif1_cnn=False, upsample_type="cnn_blstm",
        ),
        "decoder": lambda: ParaformerSANMDecoder(
            vocabulary, dim, num_blocks=layers[1], att_layer_num=layers[1], **shared
        ),
    }  # fmt: skip


SMALL = sizes(32, 48, (3, 2), 40, 80)
FULL = sizes(512, 2048, (50, 16), 8404, 80)


@torch.no_grad()
def run(net, features):
    lengths = torch.tensor([features.shape[1]])
    first = []
    hook = net["encoder"].encoders0[0].register_forward_hook(lambda _m, _i, output: first.append(output[0]))
    heard, _, _ = net["encoder"](features, lengths)
    hook.remove()
    mask = torch.ones(1, 1, features.shape[1], dtype=torch.bool)
    vectors, count, shares, _, _ = net["predictor"](heard, None, mask)
    logits, _ = net["decoder"](heard, lengths, vectors, count.round().long())
    found = {"layer0": first[0], "heard": heard, "shares": shares[:, :-1], "vectors": vectors, "logits": logits}
    return {name: value[0].numpy() for name, value in found.items()}


def write_cmvn():
    """A file of shifts and scales as the published one is written, of 560 numbers."""
    rng = np.random.default_rng(5)
    shift, scale = (-10 - rng.random(560)).round(4), (0.2 + 0.1 * rng.random(560)).round(4)
    lines = ["<Nnet>", "<Splice> 560 560", "[ 0 ]", "<AddShift> 560 560"]
    lines += [f"<LearnRateCoef> 0 [ {' '.join(map(str, shift))} ]", "<Rescale> 560 560"]
    lines += [f"<LearnRateCoef> 0 [ {' '.join(map(str, scale))} ]", "</Nnet>"]
    (HERE / "am.mvn").write_text("\n".join(lines) + "\n")


def main():
    write_cmvn()
    frontend = WavFrontend(str(HERE / "am.mvn"), lfr_m=7, lfr_n=6, dither=0.0)
    out = {}
    for name, num_samples in {"long": 32_000, "short": 1_000}.items():
        wave = torch.from_numpy(synth.chirp_noise(RATE, 2, seed=7)[:num_samples])[None]
        features, _ = frontend(wave, [num_samples])
        goldenio.put(out, f"features/{name}", features[0].numpy(), limit=LIMIT)
        if name == "long":
            long = features
    assert load_cmvn(str(HERE / "am.mvn")).shape == (2, 560)
    for name, makers in {"small": SMALL, "full": FULL}.items():
        net = torch.nn.ModuleDict({part: make() for part, make in makers.items()}).eval()
        if name == "full":
            goldenio.write_keys("paraformer", NOTES, net.state_dict())
        fill.fill_state_dict(net)
        found = run(net, long)
        exact = run(net.double(), long.double()) if name == "small" else found
        for stage, value in found.items():
            goldenio.put(out, f"{name}/{stage}", value, limit=LIMIT)
            distance = np.abs(value - exact[stage]).max() / np.abs(exact[stage]).max()
            print(name, stage, value.shape, f"{distance:.1e}")
    np.savez_compressed(HERE / "fill.npz", **out)


if __name__ == "__main__":
    main()
