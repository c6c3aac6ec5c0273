"""Writes `tiny.npz` and `layout.json`: a small PE-AV of transformers, with timm's vision transformer.

    python tests/golden/pe_av/make.py OUT

Needs transformers (5.0 to 5.24 were read; made with the version in the file), timm and torchvision.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[2]))
from golden import fill, goldenio, synth
from safetensors import safe_open
from transformers import PeAudioFeatureExtractor, PeAudioVideoConfig, PeAudioVideoModel, PeVideoVideoProcessor

TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "head_dim": 16}
CONFIG = {
    "text_config": {"model_type": "modernbert", "vocab_size": 400, "hidden_size": 32, "intermediate_size": 48,
                    "num_hidden_layers": 4, "num_attention_heads": 4, "cls_token_id": 1, "sep_token_id": 2,
                    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3},
    "audio_video_config": {
        **TOWER, "num_hidden_layers": 2,
        "audio_config": {"model_type": "pe_audio_encoder", **TOWER, "num_hidden_layers": 3,
                         "dac_config": {"model_type": "dac", "encoder_hidden_size": 4, "codebook_dim": 8,
                                        "downsampling_ratios": [2, 8, 10, 12]}},
        "video_config": {"model_type": "pe_video_encoder", **TOWER, "num_hidden_layers": 1,
                         "vision_config": {"model_type": "timm_wrapper", "do_pooling": True, "global_pool": "map",
                                           "architecture": "vit_pe_core_large_patch14_336", "num_labels": 24,
                                           "model_args": {"embed_dim": 64, "depth": 2, "num_heads": 4,
                                                          "img_size": [56, 56]}}},
    },
}  # fmt: skip
ALIASES = ((r"^(audio|video)_model\.text_model\.", "text_model."),
           (r"^audio_video_encoder\.embedder\.audio_encoder\.", "audio_model.audio_encoder."),
           (r"^audio_video_encoder\.embedder\.video_encoder\.", "video_model.video_encoder."))  # fmt: skip
SIZES = {"small": (40, 72), "tall": (150, 90), "wide": (270, 480)}
OPTIONS = {"do_sample_frames": False, "do_normalize": True, "do_resize": True, "do_rescale": True,
           "do_convert_rgb": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}  # fmt: skip


def canonical(key: str) -> str:
    for pattern, name in ALIASES:
        key = re.sub(pattern, name, key)
    return key


def frames(num_frames: int, height: int, width: int, seed: int) -> np.ndarray:
    """(T, 3, H, W) uint8: blurred noise, so that resizing has something to get right."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (num_frames, 3, height // 4 + 2, width // 4 + 2)).astype(np.float32)
    fine = coarse.repeat(4, axis=2).repeat(4, axis=3)[..., :height, :width]
    return np.clip(fine + rng.integers(-20, 21, fine.shape), 0, 255).astype(np.uint8)


@torch.no_grad()
def main(out: Path) -> None:
    model = PeAudioVideoModel(PeAudioVideoConfig(**CONFIG)).eval()
    fill.fill_state_dict(model, rename=canonical)
    model.save_pretrained(out / "checkpoint")
    with safe_open(out / "checkpoint" / "model.safetensors", "pt") as file:
        keys = {key: list(file.get_slice(key).get_shape()) for key in sorted(file.keys())}
    saved = json.loads((out / "checkpoint" / "config.json").read_text())
    (out / "layout.json").write_text(json.dumps({"keys": keys, "config": saved}, indent=1))

    made: dict[str, np.ndarray] = {"versions": np.array([transformers.__version__, torch.__version__])}
    for name, size in SIZES.items():
        video = frames(3, *size, seed=7)
        pixels = PeVideoVideoProcessor(size={"height": 336, "width": 336}, **OPTIONS)(
            torch.from_numpy(video), return_tensors="pt")["pixel_values_videos"][0]  # fmt: skip
        made[f"pixels/{name}"] = (pixels[1].double() * 127.5 + 127.5).round().byte().numpy()
        exact = (torch.from_numpy(made[f"pixels/{name}"]).double() - 127.5) / 127.5
        assert (pixels[1].double() - exact).abs().max() < 1e-6
    sampled = PeVideoVideoProcessor(size={"height": 56, "width": 56}, **{**OPTIONS, "do_sample_frames": True},
                                    num_frames=16)
    for total in (16, 17, 37, 250):
        metadata = type("Metadata", (), {"total_num_frames": total, "fps": 25})()
        made[f"sampled/{total}"] = np.array(sampled.sample_frames(metadata, num_frames=16))

    processor = PeVideoVideoProcessor(size={"height": 56, "width": 56}, **OPTIONS)
    listen = PeAudioFeatureExtractor()
    texts = {"short": [1, 17, 30, 41, 2], "long": [1, *range(4, 160), 2]}
    cases = {"a": (1.23, 9), "b": (2.0, 31), "c": (0.31, 3)}
    for name, (duration_s, num_frames) in cases.items():
        wave = synth.chirp_noise(48_000, duration_s, seed=num_frames)
        values = listen(wave, sampling_rate=48_000, return_tensors="pt")["input_values"]
        made[f"{name}/input_values"] = values[0, 0].numpy()
        pixels = processor(torch.from_numpy(frames(num_frames, 56, 56, seed=num_frames)),
                           return_tensors="pt")["pixel_values_videos"]  # fmt: skip
        codec = model.audio_model.audio_encoder.embedder
        made[f"{name}/codec"] = codec.bottleneck(codec.dac_encoder(values))[0].T.numpy()
        vision = model.video_model.video_encoder.embedder.vision_model
        made[f"{name}/frame"] = vision(pixels[0]).logits.numpy()
        for tied in (True, False):
            if not tied:
                kept, model.text_model.final_norm = model.text_model.final_norm, torch.nn.Identity()
            for text, ids in texts.items():
                found = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)).long(),
                              input_values=values, pixel_values_videos=pixels)  # fmt: skip
                state = "normed" if tied else "state"
                for key in ("text_audio_embeds", "text_video_embeds", "text_audio_video_embeds"):
                    made[f"{text}/{state}/{key}"] = found[key][0].numpy()
            if not tied:
                model.text_model.final_norm = kept
        for key in ("audio_embeds", "video_embeds", "audio_video_embeds"):
            made[f"{name}/{key}"] = found[key][0].numpy()
    stored: dict[str, np.ndarray] = {}
    for name, value in made.items():
        goldenio.put(stored, name, value, limit=20_000)
    np.savez_compressed(out / "tiny.npz", **stored)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
