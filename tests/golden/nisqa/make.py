"""Rebuilds the golden data of NISQA by running the published code. See README.md for versions.

    python make.py NISQA MEDIA

NISQA is a checkout of gabrielmittag/NISQA, MEDIA a folder with the real clips. Empty modules stand in for the drawing
programs that its library imports. Spectrograms are of its own function, whose reader of files is given waveforms.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np
import torch

from avmeter.media import AudioSpec, MediaItem

HERE = Path(__file__).parent
NISQA, MEDIA = map(Path, sys.argv[1:3])
sys.path[:0] = [str(HERE.parent), str(NISQA)]
for name in ("matplotlib", "matplotlib.pyplot", "seaborn"):
    sys.modules.setdefault(name, types.ModuleType(name))

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from nisqa import NISQA_lib  # noqa: E402

LIMIT = 1024
CLIPS = ("ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4")
WAVES = {
    "48000": lambda: synth.chirp_noise(48_000, 3),
    "16000": lambda: synth.chirp_noise(16_000, 3, seed=3),
    "22050": lambda: synth.chirp_noise(22_050, 1, seed=2),
    "8000_short": lambda: synth.chirp_noise(8_000, 0.14),
    "zeros_44100": lambda: np.zeros(44_100, np.float32),
}
NOTES = "Layout of nisqa.tar, member `model_state_dict`."


def rate_of(case):
    return int(next(part for part in case.split("_") if part.isdigit()))


def published_input(args, wave, rate):
    """The spectrogram, and its segments as a batch of one."""
    NISQA_lib.lb.load = lambda *_args, **_options: (wave, rate)
    mel = NISQA_lib.get_librosa_melspec(
        "array", sr=args["ms_sr"], n_fft=args["ms_n_fft"], hop_length=args["ms_hop_length"],
        win_length=args["ms_win_length"], n_mels=args["ms_n_mels"], fmax=args["ms_fmax"],
    )  # fmt: skip
    cut, count = NISQA_lib.segment_specs(
        "array", mel, args["ms_seg_length"], args["ms_seg_hop_length"], args["ms_max_segments"]
    )
    return mel, cut[None], torch.tensor([int(count)])


@torch.no_grad()
def run(net, args, wave, rate):
    """Outputs of every stage, and the five opinions."""
    mel, cut, count = published_input(args, wave, rate)
    seen = {"mel": mel}
    stages = {
        "segments": net.cnn,
        "layer0": net.time_dependency.model.layers[0],
        "encoder": net.time_dependency,
    }

    def keep(stage, output):
        value = output[0] if isinstance(output, tuple) else output
        value = value.transpose(0, 1) if stage == "layer0" else value
        seen[stage] = value[:, : int(count)].numpy().copy()

    hooks = [
        module.register_forward_hook(lambda _m, _i, output, stage=stage: keep(stage, output))
        for stage, module in stages.items()
    ]
    seen["opinions"] = net(cut.to(next(net.parameters()).dtype), count).numpy()
    for hook in hooks:
        hook.remove()
    return seen


def write_scores(net, args):
    """Opinions of the real weights."""
    clips = {case: (make(), rate_of(case)) for case, make in WAVES.items()}
    for name in CLIPS:
        item = MediaItem.open(MEDIA / name)
        clips[name] = (np.array(item.audio(AudioSpec(sample_rate=None))[:]), item.audio_facts.sample_rate)
    scores = {name: run(net, args, wave, rate)["opinions"][0].tolist() for name, (wave, rate) in clips.items()}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(score)}" for name, score in scores.items())
    (HERE / "scores.json").write_text(f"{{\n{lines}\n}}\n")


def write_fill(net, args):
    """Stages under the fill; says how far float32 is from float64."""
    fill.fill_state_dict(net)
    waves = {case: make() for case, make in WAVES.items()}
    published = {case: run(net, args, wave, rate_of(case)) for case, wave in waves.items()}
    net.double()
    out = {}
    for case, wave in waves.items():
        goldenio.put(out, f"{case}/wave", wave, limit=LIMIT)
        exact = run(net, args, wave, rate_of(case))
        for stage, value in published[case].items():
            goldenio.put(out, f"{case}/{stage}", value, limit=LIMIT)
            deviation = np.abs(value - exact[stage]).max() / (np.abs(exact[stage]).max() or 1.0)
            print(case, stage, value.shape, f"{deviation:.1e}")
    np.savez_compressed(HERE / "fill.npz", **out)


def main():
    checkpoint = torch.load(NISQA / "weights" / "nisqa.tar", weights_only=True, map_location="cpu")
    args = checkpoint["args"]
    own = ("ms_seg_length", "ms_n_mels", "cnn_model", "cnn_kernel_size", "cnn_dropout", "cnn_fc_out_h", "td", "pool")
    sizes = {k: v for k, v in args.items() if k.startswith(("cnn_c_out", "cnn_pool", "td_sa", "td_2", "pool_att"))}
    sizes = {k: v for k, v in sizes.items() if not k.endswith("pool_size")}
    net = NISQA_lib.NISQA_DIM(**{k: args[k] for k in own}, **sizes)
    net.load_state_dict(checkpoint["model_state_dict"], strict=True)
    net.eval()
    goldenio.write_keys("nisqa", NOTES, checkpoint["model_state_dict"])
    write_scores(net, args)
    write_fill(net, args)


main()
