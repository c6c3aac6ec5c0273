"""Paraformer: recognises Mandarin, with English words in it, all characters at once.

Papers: Gao et al., "Paraformer: Fast and Accurate Parallel Transformer for Non-autoregressive End-to-End Speech
Recognition" (Interspeech 2022, arXiv 2206.08317); Gao et al., "SAN-M" (arXiv 2006.01713). Published code:
github.com/modelscope/FunASR, MIT; weights `funasr/paraformer-zh`, FunASR model licence. What that checkpoint has beside
these 220 million parameters, for words that a user expects and for times of characters, is left out: without such words
the published program does not use it for its text.

    log mel of 7 frames, every 60 ms (B=1, L, 560)
      | times sqrt(512), + sines of the position
      | 50 layers: attention + a convolution over 11 frames of its values; feed-forward
    (L, 512)
      | predictor: a convolution over 3 frames, a number 0 to 1 for each frame
      | wherever these sum up to a further whole number a character ends: its frames, weighted, are its vector
    (K, 512)
      | 16 layers: feed-forward, a convolution over 11 characters, attention to the frames; one more feed-forward
    logits (K, 8404)

Letters: `L` frames, `K` characters. One clip at a time: how many characters it has is only known on the way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

_NORM_EPS = 1e-12
_TAIL = 0.45  # what a frame of zeros behind the end adds, so that a last character is not lost
SPECIAL_TOKENS = frozenset((0, 1, 2))  # blank, begin, end


@dataclass(frozen=True, kw_only=True)
class ParaformerConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        features: Numbers of a frame.
        dim: Width.
        hidden_dim: Inner width of the feed-forward parts.
        num_heads: Attention heads.
        encoder_layers: Layers over frames.
        decoder_layers: Layers over characters.
        kernel: Frames or characters under a convolution; odd.
        vocabulary: Tokens.
    """

    features: int = 560
    dim: int = 512
    hidden_dim: int = 2048
    num_heads: int = 4
    encoder_layers: int = 50
    decoder_layers: int = 16
    kernel: int = 11
    vocabulary: int = 8404


def _norm(dim: int) -> nn.LayerNorm:
    return nn.LayerNorm(dim, eps=_NORM_EPS)


class Memory(nn.Module):
    """What neighbours add to each position: its own value and a convolution over each channel."""

    def __init__(self, config: ParaformerConfig) -> None:
        super().__init__()
        half = config.kernel // 2
        self.conv = nn.Conv1d(config.dim, config.dim, config.kernel, padding=half, groups=config.dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(1, L, D) to the same shape."""
        convolved: Tensor = self.conv(x.transpose(1, 2)).transpose(1, 2)
        return x + convolved


def _attend(query: Tensor, key: Tensor, value: Tensor, num_heads: int) -> Tensor:
    q, k, v = (torch.unflatten(x, -1, (num_heads, -1)).transpose(1, 2) for x in (query, key, value))
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


class EncoderLayer(nn.Module):
    """Attention with memory, then a feed-forward part; the first layer changes the width and adds nothing before it."""

    def __init__(self, config: ParaformerConfig, before: int) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.is_residual = before == config.dim
        self.attention_norm = _norm(before)
        self.qkv = nn.Linear(before, 3 * config.dim)
        self.memory = Memory(config)
        self.out = nn.Linear(config.dim, config.dim)
        self.norm = _norm(config.dim)
        self.fc1 = nn.Linear(config.dim, config.hidden_dim)
        self.fc2 = nn.Linear(config.hidden_dim, config.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(1, L, before) to (1, L, D)."""
        query, key, value = self.qkv(self.attention_norm(x)).chunk(3, dim=-1)
        attended = self.out(_attend(query, key, value, self.num_heads)) + self.memory(value)
        x = x + attended if self.is_residual else attended
        out: Tensor = x + self.fc2(functional.relu(self.fc1(self.norm(x))))
        return out


class Encoder(nn.Module):
    """Frames of sound to those that the decoder reads."""

    def __init__(self, config: ParaformerConfig) -> None:
        super().__init__()
        self.scale = config.dim**0.5
        widths = (config.features, *[config.dim] * (config.encoder_layers - 1))
        self.layers = nn.ModuleList(EncoderLayer(config, before) for before in widths)
        self.norm = _norm(config.dim)

    def forward(self, features: Tensor) -> Tensor:
        """(1, L, F) to (1, L, D)."""
        x = features * self.scale + positions(features.shape[1], features.shape[2]).to(features)
        for layer in self.layers:
            x = layer(x)
        out: Tensor = self.norm(x)
        return out


class Predictor(nn.Module):
    """How much of a character each frame is."""

    def __init__(self, config: ParaformerConfig) -> None:
        super().__init__()
        self.conv = nn.Conv1d(config.dim, config.dim, 3, padding=1)
        self.out = nn.Linear(config.dim, 1)

    def forward(self, encoded: Tensor) -> Tensor:
        """(1, L, D) to shares (L,), 0 to 1."""
        convolved = functional.relu(self.conv(encoded.transpose(1, 2))).transpose(1, 2)
        shares: Tensor = torch.sigmoid(self.out(convolved))
        return shares.flatten()


class FeedForward(nn.Module):
    """A feed-forward part with a norm inside, of normalised input."""

    def __init__(self, config: ParaformerConfig) -> None:
        super().__init__()
        self.norm = _norm(config.dim)
        self.fc1 = nn.Linear(config.dim, config.hidden_dim)
        self.inner_norm = _norm(config.hidden_dim)
        self.fc2 = nn.Linear(config.hidden_dim, config.dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(1, K, D) to the same shape."""
        out: Tensor = self.fc2(self.inner_norm(functional.relu(self.fc1(self.norm(x)))))
        return out


class DecoderLayer(nn.Module):
    """Feed-forward part, memory, attention to the frames."""

    def __init__(self, config: ParaformerConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.feed_forward = FeedForward(config)
        self.memory_norm = _norm(config.dim)
        self.memory = Memory(config)
        self.attention_norm = _norm(config.dim)
        self.query = nn.Linear(config.dim, config.dim)
        self.key_value = nn.Linear(config.dim, 2 * config.dim)
        self.out = nn.Linear(config.dim, config.dim)

    def forward(self, x: Tensor, encoded: Tensor) -> Tensor:
        """Characters (1, K, D) and frames (1, L, D) to characters."""
        x = x + self.memory(self.memory_norm(self.feed_forward(x)))
        key, value = self.key_value(encoded).chunk(2, dim=-1)
        query = self.query(self.attention_norm(x))
        out: Tensor = x + self.out(_attend(query, key, value, self.num_heads))
        return out


class Decoder(nn.Module):
    """Vectors of characters to their logits."""

    def __init__(self, config: ParaformerConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.last = FeedForward(config)
        self.norm = _norm(config.dim)
        self.out = nn.Linear(config.dim, config.vocabulary)

    def forward(self, x: Tensor, encoded: Tensor) -> Tensor:
        """Characters (1, K, D) and frames (1, L, D) to logits (1, K, V)."""
        for layer in self.layers:
            x = layer(x, encoded)
        logits: Tensor = self.out(self.norm(self.last(x)))
        return logits


class Paraformer(nn.Module):
    """Frames of one clip to the logits of its characters."""

    def __init__(self, config: ParaformerConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.predictor = Predictor(config)
        self.decoder = Decoder(config)

    def forward(self, features: Tensor) -> Tensor:
        """(1, L, F), L >= 1, to (K, V); K may be 0."""
        encoded = self.encoder(features)
        weights = character_weights(self.predictor(encoded).float().cpu().numpy())
        vectors = torch.from_numpy(weights).to(encoded) @ encoded
        logits: Tensor = encoded.new_zeros(0, self.decoder.out.out_features)
        if vectors.shape[1]:
            logits = self.decoder(vectors, encoded)[0]
        return logits


def positions(length: int, dim: int) -> Tensor:
    """Return sines, then cosines (L, F) of positions counted from 1, with periods from 2 pi to 20,000 pi."""
    steps = torch.arange(dim // 2, dtype=torch.float64) * (-np.log(10_000.0) / (dim / 2 - 1))
    angles: Tensor = torch.arange(1, length + 1, dtype=torch.float64)[:, None] * steps.exp()
    return torch.cat((angles.sin(), angles.cos()), dim=1)


def character_weights(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide frames among characters.

    Shares are summed up from frame to frame; where the sum reaches 1 a character ends, and what is beyond 1 of that
    frame begins the next. A frame of zeros with a share of 0.45 is thought behind the last one.

    Args:
        shares: (L,), how much of a character each frame is.

    Returns:
        (K, L): how much of each frame is in each character; K is the whole part of the sum of all shares.
    """
    one = np.float32(1)
    total, row, rows = np.float32(0), np.zeros(len(shares), np.float32), []
    for i, share in enumerate([*shares, np.float32(_TAIL)]):
        missing = one - total
        total = np.float32(total + share)
        ends = total >= one
        if i < len(shares):
            row[i] = missing if ends else share
        if ends:
            total = np.float32(total - one)
            rows.append(row)
            row = np.zeros(len(shares), np.float32)
            if i < len(shares):
                row[i] = share - missing
    count = int(np.floor(shares.sum(dtype=np.float32) + np.float32(_TAIL)))
    rows += [np.zeros(len(shares), np.float32)] * (count - len(rows))
    return np.stack(rows[:count]) if count else np.zeros((0, len(shares)), np.float32)


_SANM = r"\1.self_attn."
KEY_MAP = KeyMap(
    rules=(
        (r"^encoder\.layers\.0\.", "encoder.encoders0.0."),
        *((rf"^encoder\.layers\.{i}\.", f"encoder.encoders.{i - 1}.") for i in range(1, 50)),
        (r"(encoders0?\.\d+)\.(qkv|out)\.", _SANM + r"\2."),
        (r"\.qkv\.", ".linear_q_k_v."),
        (r"(encoders0?\.\d+)\.fc", r"\1.feed_forward.w_"),
        (r"(encoders0?\.\d+)\.attention_norm\.", r"\1.norm1."),
        (r"(encoders0?\.\d+)\.norm\.", r"\1.norm2."),
        (r"^decoder\.last\.", "decoder.decoders3.0.feed_forward."),
        (r"^decoder\.layers\.(\d+)\.", r"decoder.decoders.\1."),
        (r"\.feed_forward\.norm\.", ".norm1."),
        (r"\.feed_forward\.inner_norm\.", ".feed_forward.norm."),
        (r"\.feed_forward\.fc", ".feed_forward.w_"),
        (r"\.memory_norm\.", ".norm2."),
        (r"(decoders\.\d+)\.attention_norm\.", r"\1.norm3."),
        (r"\.query\.", ".src_attn.linear_q."),
        (r"\.key_value\.", ".src_attn.linear_k_v."),
        (r"(decoders\.\d+)\.out\.", r"\1.src_attn.linear_out."),
        (r"\.self_attn\.out\.", ".self_attn.linear_out."),
        (r"\.memory\.conv\.", ".self_attn.fsmn_block."),
        (r"^(encoder|decoder)\.norm\.", r"\1.after_norm."),
        (r"^decoder\.out\.", "decoder.output_layer."),
        (r"^predictor\.conv\.", "predictor.cif_conv1d."),
        (r"^predictor\.out\.", "predictor.cif_output."),
    ),
    unused=(
        r"(bias_encoder|seaco_decoder|hotword_output_layer|bias_embed|lstm_proj)\..*",  # words that a user expects
        r"predictor\.(upsample_cnn|blstm|cif_output2)\..*",  # times of characters
        r"decoder\.embed\..*",  # of training
    ),
)


def build(config: ParaformerConfig | None = None, *, device: torch.device | str = "cpu") -> Paraformer:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Paraformer(config or ParaformerConfig()), device=device)
