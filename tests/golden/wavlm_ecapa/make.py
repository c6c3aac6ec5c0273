"""Rebuilds the golden data of WavLM with ECAPA-TDNN by running the published code. See README.md for versions.

    python make.py SEED_TTS_EVAL S3PRL

Both are checkouts. torchaudio is replaced by an empty module, as only spectrogram inputs use it; of s3prl, its WavLM and
the base class with the hooks that collect hidden states run. `torch.hub.load`, by which the published head gets its
WavLM, is given a checkpoint of nothing in place of a download: the fill replaces every number.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
SEED_TTS, S3PRL = map(Path, sys.argv[1:3])
sys.path[:0] = [
    str(HERE.parent),
    str(SEED_TTS / "thirdparty/UniSpeech/downstreams/speaker_verification"),
]

RATE = 16_000
LIMIT = 512
LARGE = {
    "extractor_mode": "layer_norm", "layer_norm_first": True, "normalize": True, "conv_bias": False,
    "encoder_layers": 24, "encoder_embed_dim": 1024, "encoder_ffn_embed_dim": 4096, "encoder_attention_heads": 16,
    "relative_position_embedding": True, "num_buckets": 320, "max_distance": 800, "gru_rel_pos": True,
}  # fmt: skip
SMALL = {
    **LARGE, "encoder_layers": 3, "encoder_embed_dim": 32, "encoder_ffn_embed_dim": 64, "encoder_attention_heads": 4,
    "conv_feature_layers": "[(16,10,5)] + [(16,3,2)] * 4 + [(16,2,2)] * 2", "conv_pos": 8, "conv_pos_groups": 4,
    "num_buckets": 16, "max_distance": 20,
}  # fmt: skip
CASES = {"small": (SMALL, 32, 24, (2.0,)), "large": (LARGE, 512, 256, (1.0, 3.1))}
NOTES = "Layout of wavlm_large_finetune.pth, member `model`, without `loss_calculator.projection.weight`."


def _empty(name: str, path: Path | None = None, **members: object) -> None:
    """A module with these members only; with `path`, a package whose other modules lie there."""
    module = types.ModuleType(name)
    module.__dict__.update(members)
    if path is not None:
        module.__path__ = [str(path)]
    sys.modules[name] = module


_empty("torchaudio", HERE)
_empty("torchaudio.transforms")
_empty("s3prl", S3PRL / "s3prl")
_empty("s3prl.upstream", S3PRL / "s3prl/upstream")
_empty("s3prl.upstream.wavlm", S3PRL / "s3prl/upstream/wavlm")
_empty("s3prl.utility", HERE)
_empty("s3prl.utility.helper", show=print)

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from models.ecapa_tdnn import ECAPA_TDNN  # noqa: E402

wavlm = importlib.import_module("s3prl.upstream.wavlm.WavLM")
expert = importlib.import_module("s3prl.upstream.wavlm.expert")


def build(cfg: dict[str, object], channels: int, embedding: int):
    """The published network, its WavLM of these sizes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wavlm.pt"
        torch.save({"cfg": cfg, "model": wavlm.WavLM(wavlm.WavLMConfig(cfg)).state_dict()}, path)
        torch.hub.load = lambda *_: expert.UpstreamExpert(str(path))
        net = ECAPA_TDNN(
            feat_dim=cfg["encoder_embed_dim"], channels=channels, emb_dim=embedding, feat_type="wavlm_large"
        )
    return net.eval()


def stages(net):
    """Stage -> module whose output is recorded."""
    encoder = net.feature_extract.model
    return {
        "conv": encoder.feature_extractor,
        "projected": encoder.post_extract_proj,
        "layer0": encoder.encoder.layers[0],
        "encoder": encoder.encoder,
        "tdnn": net.layer1,
        "block0": net.layer2,
        "block2": net.layer4,
        "pooled": net.pooling,
    }


@torch.no_grad()
def run(net, wave):
    """Outputs of every stage, and the embedding."""
    seen = {}

    def keep(stage, output):
        value = output[0] if isinstance(output, tuple) else output
        seen[stage] = value.transpose(0, 1) if stage == "layer0" else value

    hooks = [net.instance_norm.register_forward_pre_hook(lambda _m, inputs: keep("mixed", inputs[0]))]
    hooks += [
        module.register_forward_hook(lambda _m, _i, output, stage=stage: keep(stage, output))
        for stage, module in stages(net).items()
    ]
    seen["embedding"] = net(torch.from_numpy(wave)[None].to(net.feature_weight.dtype))
    for hook in hooks:
        hook.remove()
    return {stage: value.numpy().copy() for stage, value in seen.items()}


def write_fill(case):
    """Stages under the fill; says how far float32 is from float64."""
    cfg, channels, embedding, durations = CASES[case]
    net = build(cfg, channels, embedding)
    if case == "large":
        goldenio.write_keys("wavlm_ecapa", NOTES, net.state_dict())
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


for case in CASES:
    write_fill(case)
