"""CLAP of small sizes, and the names and shapes of LAION's own checkpoints."""

from __future__ import annotations

from typing import Any

import torch

from avmeter.nets.clap import AudioTowerConfig, ClapConfig, GptTowerConfig, MsClapConfig, TextTowerConfig

SMALL = ClapConfig(
    audio=AudioTowerConfig(dim=8, depths=(2, 2), num_heads=(2, 4), num_mels=16, image_size=64, window_size=4),
    text=TextTowerConfig(vocabulary=300, dim=16, hidden_dim=32, num_layers=2, num_heads=2, num_positions=42),
    embedding_dim=12,
)

SMALL_MS = MsClapConfig(
    audio=AudioTowerConfig(
        fusion=False, dim=8, depths=(2, 2), num_heads=(2, 4), num_mels=16, image_size=64, window_size=4
    ),
    text=GptTowerConfig(vocabulary=300, dim=16, num_layers=2, num_heads=2, num_positions=42),
    embedding_dim=12,
)


def filled(net: Any) -> Any:
    """Fill a network in place with small numbers that are the same every time."""
    generator = torch.Generator().manual_seed(0)
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator)
            value.copy_(noise.abs() + 0.5 if name.endswith("running_var") else 0.3 * noise)
    return net


def laion_shapes(
    audio: AudioTowerConfig, text: TextTowerConfig, embedding_dim: int = 512
) -> dict[str, tuple[int, ...]]:
    """Key -> shape of a checkpoint as LAION-AI/CLAP's modules name their tensors (commit 1fd4c37)."""
    shapes: dict[str, tuple[int, ...]] = {"logit_scale_a": (), "logit_scale_t": ()}

    def tensors(prefix: str, *shape: int, bias: bool = True) -> None:
        shapes[f"{prefix}.weight"] = shape
        if bias:
            shapes[f"{prefix}.bias"] = shape[:1]

    def batch_norm(prefix: str, size: int) -> None:
        tensors(prefix, size)
        shapes.update({f"{prefix}.running_mean": (size,), f"{prefix}.running_var": (size,)})
        shapes[f"{prefix}.num_batches_tracked"] = ()

    shapes.update(
        {f"audio_branch.spectrogram_extractor.stft.conv_{p}.weight": (513, 1, 1024) for p in ("real", "imag")}
    )
    shapes["audio_branch.logmel_extractor.melW"] = (513, 64)
    batch_norm("audio_branch.bn0", audio.num_mels)
    patch = "audio_branch.patch_embed"
    tensors(f"{patch}.proj", audio.dim, 1, audio.patch_size, audio.patch_size)
    tensors(f"{patch}.norm", audio.dim)
    if audio.fusion:
        tensors(f"{patch}.mel_conv2d", audio.dim, 1, audio.patch_size, 3 * audio.patch_size)
        for branch, first in (("local_att", 0), ("global_att", 1)):
            tensors(f"{patch}.fusion_model.{branch}.{first}", audio.dim // 4, audio.dim, 1, 1)
            batch_norm(f"{patch}.fusion_model.{branch}.{first + 1}", audio.dim // 4)
            tensors(f"{patch}.fusion_model.{branch}.{first + 3}", audio.dim, audio.dim // 4, 1, 1)
            batch_norm(f"{patch}.fusion_model.{branch}.{first + 4}", audio.dim)
    side = audio.image_size // audio.patch_size
    for i, (depth, heads) in enumerate(zip(audio.depths, audio.num_heads, strict=True)):
        dim, places = audio.dim << i, audio.window_size**2
        for j in range(depth):
            block = f"audio_branch.layers.{i}.blocks.{j}"
            tensors(f"{block}.norm1", dim)
            shapes[f"{block}.attn.relative_position_bias_table"] = ((2 * audio.window_size - 1) ** 2, heads)
            shapes[f"{block}.attn.relative_position_index"] = (places, places)
            tensors(f"{block}.attn.qkv", 3 * dim, dim)
            tensors(f"{block}.attn.proj", dim, dim)
            tensors(f"{block}.norm2", dim)
            tensors(f"{block}.mlp.fc1", 4 * dim, dim)
            tensors(f"{block}.mlp.fc2", dim, 4 * dim)
            if j % 2 and side >> i > audio.window_size:
                shapes[f"{block}.attn_mask"] = ((side >> i) ** 2 // places, places, places)
        if i < len(audio.depths) - 1:
            tensors(f"audio_branch.layers.{i}.downsample.reduction", 2 * dim, 4 * dim, bias=False)
            tensors(f"audio_branch.layers.{i}.downsample.norm", 4 * dim)
    tensors("audio_branch.norm", audio.output_dim)
    tensors("audio_branch.tscam_conv", 527, audio.output_dim, 2, 3)
    tensors("audio_branch.head", 527, 527)

    words = "text_branch.embeddings"
    shapes[f"{words}.position_ids"] = (1, text.num_positions)
    shapes[f"{words}.word_embeddings.weight"] = (text.vocabulary, text.dim)
    shapes[f"{words}.position_embeddings.weight"] = (text.num_positions, text.dim)
    shapes[f"{words}.token_type_embeddings.weight"] = (1, text.dim)
    tensors(f"{words}.LayerNorm", text.dim)
    for i in range(text.num_layers):
        layer = f"text_branch.encoder.layer.{i}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            tensors(f"{layer}.attention.{part}", text.dim, text.dim)
        tensors(f"{layer}.attention.output.LayerNorm", text.dim)
        tensors(f"{layer}.intermediate.dense", text.hidden_dim, text.dim)
        tensors(f"{layer}.output.dense", text.dim, text.hidden_dim)
        tensors(f"{layer}.output.LayerNorm", text.dim)
    tensors("text_branch.pooler.dense", text.dim, text.dim)
    for tower, dim in (("audio", audio.output_dim), ("text", text.dim)):
        tensors(f"{tower}_projection.0", embedding_dim, dim)
        tensors(f"{tower}_projection.2", embedding_dim, embedding_dim)
        for i in (0, 3):
            tensors(f"{tower}_transform.sequential.{i}", embedding_dim, embedding_dim)
    return {f"module.{key}": shape for key, shape in shapes.items()}
