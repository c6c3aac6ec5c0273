"""A tiny random WavLM for speaker verification, in the folder layout of transformers."""

from __future__ import annotations

from pathlib import Path


def write_wavlm_folder(folder: Path, *, normalises: bool = False, pickled: bool = False) -> Path:
    """Write configuration, front end and weights: `model.safetensors`, or else the older `pytorch_model.bin`."""
    import torch
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMForXVector

    torch.manual_seed(0)
    config = WavLMConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, num_buckets=16,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, xvector_output_dim=12,
        tdnn_dim=(12, 12, 12, 12, 24), use_weighted_layer_sum=True,
    )  # fmt: skip
    net = WavLMForXVector(config)
    net.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=normalises).save_pretrained(folder)
    if pickled:
        (folder / "model.safetensors").unlink()
        torch.save(net.state_dict(), folder / "pytorch_model.bin")
    return folder
