"""Building CLAP from the parts of transformers without a hub, and asking it for embeddings."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from avmeter.errors import MissingDependencyError
from avmeter.nets.clap.config import AudioTowerConfig, ClapConfig, MsClapConfig
from avmeter.nets.clap.ms import MsClap
from avmeter.telemetry import import_without_telemetry

# torch insists on it when it loads a batch norm.
_IN_EVERY_FILE = "num_batches_tracked"


def build(config: ClapConfig | MsClapConfig | None = None, *, device: torch.device | str = "cpu") -> nn.Module:
    """Build a `transformers.ClapModel`, or an `MsClap`, in evaluation mode.

    Its parameters are uninitialised memory: load or fill them. Nothing is drawn at random and nothing is read from disk
    or network. Constants (indices, positions) are computed; those that only some published files hold stay out of
    `state_dict`.

    Raises:
        MissingDependencyError: transformers is not installed.
    """
    _require_transformers()
    config = config or ClapConfig()
    with torch.device("meta"):
        net = _ms_clap(config) if isinstance(config, MsClapConfig) else _clap(config)
    net = net.to_empty(device=device).eval()
    for module in net.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            if not buffer.is_floating_point():
                persistent = name == _IN_EVERY_FILE
                module.register_buffer(name, _constant(module, name, buffer), persistent=persistent)
    return net


def audio_features(model: nn.Module, input_features: Tensor, is_longer: Tensor) -> Tensor:
    """Embed sound.

    Args:
        model: From `build`.
        input_features: (B, 4, 1001, 64) for fused models, else (B, 1, 1001, 64), MS-CLAP (B, 1, 965, 64), from
            `avmeter.dsp.clap`.
        is_longer: (B,), bool: who goes through the fusion branch. Clip by clip: no other clip of the batch and
            no random choice matters. Models without fusion ignore it.

    Returns:
        (B, D), float, of length 1.
    """
    ask: Any = model.get_audio_features
    return _projected(ask(input_features=input_features, is_longer=is_longer.reshape(-1, 1)))


def text_features(model: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    """Embed text.

    Args:
        model: From `build`.
        ids: (B, L), token ids (see `avmeter.nets.clap.tokens`).
        mask: (B, L), 1 for tokens and 0 for padding.

    Returns:
        (B, D), float, of length 1.
    """
    ask: Any = model.get_text_features
    return _projected(ask(input_ids=ids, attention_mask=mask))


def _projected(output: Any) -> Tensor:
    """Normalise the embedding: transformers 5 returns an object around it, earlier ones the tensor."""
    embedding: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return nn.functional.normalize(embedding, dim=-1)


def _require_transformers() -> None:
    try:
        import_without_telemetry("transformers")
    except ImportError as error:
        raise MissingDependencyError(
            "CLAP needs the package transformers, which is not installed", hint="pip install 'avmeter[clap]'"
        ) from error


def _clap(config: ClapConfig) -> nn.Module:
    transformers = import_without_telemetry("transformers")
    text = config.text
    text_config = transformers.ClapTextConfig(
        vocab_size=text.vocabulary,
        hidden_size=text.dim,
        num_hidden_layers=text.num_layers,
        num_attention_heads=text.num_heads,
        intermediate_size=text.hidden_dim,
        max_position_embeddings=text.num_positions,
        layer_norm_eps=text.norm_eps,
        projection_dim=config.embedding_dim,
    )
    audio_config = _audio_config(config.audio, config.embedding_dim)
    net: nn.Module = transformers.ClapModel(
        transformers.ClapConfig(
            text_config=text_config.to_dict(), audio_config=audio_config.to_dict(), projection_dim=config.embedding_dim
        )
    )
    return net


def _ms_clap(config: MsClapConfig) -> nn.Module:
    transformers = import_without_telemetry("transformers")
    text = config.text
    text_config = transformers.GPT2Config(
        vocab_size=text.vocabulary,
        n_positions=text.num_positions,
        n_embd=text.dim,
        n_layer=text.num_layers,
        n_head=text.num_heads,
    )
    return MsClap(
        audio_model=transformers.ClapAudioModel(_audio_config(config.audio, config.embedding_dim)),
        text_model=transformers.GPT2Model(text_config),
        embedding_dim=config.embedding_dim,
    )


def _audio_config(audio: AudioTowerConfig, embedding_dim: int) -> Any:
    return import_without_telemetry("transformers").ClapAudioConfig(
        window_size=audio.window_size,
        num_mel_bins=audio.num_mels,
        spec_size=audio.image_size,
        patch_size=audio.patch_size,
        patch_stride=[audio.patch_size, audio.patch_size],
        hidden_size=audio.output_dim,
        projection_dim=embedding_dim,
        depths=list(audio.depths),
        num_attention_heads=list(audio.num_heads),
        enable_fusion=audio.fusion,
        patch_embeds_hidden_size=audio.dim,
        num_hidden_layers=len(audio.depths),
    )


def _constant(module: Any, name: str, buffer: Tensor) -> Tensor:
    """Compute an integer buffer, on its device."""
    if name == "relative_position_index":
        value = _relative_position_index(*module.window_size)
    elif name == "position_ids":
        value = torch.arange(buffer.shape[-1]).expand(buffer.shape)
    elif name in ("token_type_ids", _IN_EVERY_FILE):
        value = torch.zeros(buffer.shape, dtype=torch.long)
    elif name == "bias":
        # The causal mask of GPT-2, which not every version of transformers has.
        value = torch.ones(buffer.shape, dtype=buffer.dtype).tril()
    else:
        raise MissingDependencyError(
            f"the installed version of transformers gives CLAP a buffer `{name}` that is not known here",
            hint="pip install 'avmeter[clap]' 'transformers<=5.24'",
        )
    return value.to(buffer.device)


def _relative_position_index(height: int, width: int) -> Tensor:
    """Return the row of the bias table for each pair of places in a window: (height * width, height * width)."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    dy = y.flatten()[:, None] - y.flatten()[None, :] + height - 1
    dx = x.flatten()[:, None] - x.flatten()[None, :] + width - 1
    return dy * (2 * width - 1) + dx
