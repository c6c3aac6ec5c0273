"""From codec vectors and frame vectors to embeddings in the joint space.

codec vectors (B, Ta, L) --linear, linear--> transformer --+--> audio (B, E)
                                                           | states (B, Ta, D)
                                                           +--> side by side --> transformer --> audio_video (B, E)
                                                           | states, nearest in time (B, Ta, D)
frame vectors (B, Tv, F) --linear, linear--> transformer --+--> video (B, E)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.nets.pe_av.config import PeAvConfig
from avmeter.nets.pe_av.layers import Head, Transformer


class AudioTower(nn.Module):
    """Codec vectors (B, T, L) -> embedding (B, E), states (B, T, D)."""

    def __init__(self, config: PeAvConfig) -> None:
        super().__init__()
        self.data_proj = nn.Linear(config.codec.latent_dim, config.audio.dim)
        self.transformer = Transformer(config.audio)
        self.head = Head(config.audio.dim, config.text.dim)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        with torch.autocast(vectors.device.type, enabled=False):
            tokens = self.data_proj(vectors)
        pooled, states = self.transformer(tokens)
        return self.head(pooled), states


class VideoTower(nn.Module):
    """Frame vectors (B, T, F) of any length -> embedding (B, E), states (B, T, D)."""

    def __init__(self, config: PeAvConfig) -> None:
        super().__init__()
        self.proj = nn.Linear(config.frame.output_dim, config.video.dim, bias=False)
        self.data_proj = nn.Linear(config.video.dim, config.video.dim)
        self.transformer = Transformer(config.video)
        self.head = Head(config.video.dim, config.text.dim)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        pooled, states = self.transformer(self.data_proj(self.proj(functional.normalize(vectors, dim=-1))))
        return self.head(pooled), states


class JointTower(nn.Module):
    """States of sound (B, Ta, D) and video (B, Tv, D) -> embedding (B, E)."""

    def __init__(self, config: PeAvConfig) -> None:
        super().__init__()
        self.video_proj = nn.Conv1d(config.video.dim, config.audio.dim, kernel_size=1)
        self.video_norm = nn.LayerNorm(config.audio.dim)
        self.concat_modality_proj = nn.Linear(config.audio.dim + config.video.dim, config.joint.dim)
        self.data_proj = nn.Linear(config.joint.dim, config.joint.dim)
        self.transformer = Transformer(config.joint)
        self.head = Head(config.joint.dim, config.text.dim)

    def forward(self, audio: Tensor, video: Tensor) -> Tensor:
        """See the class. Both are assumed to be equally long."""
        projected = self.video_proj(video.transpose(1, 2))
        aligned = functional.interpolate(projected, size=audio.shape[1], mode="nearest").transpose(1, 2)
        both = torch.cat([audio, self.video_norm(aligned)], dim=-1)
        found: Tensor = self.head(self.transformer(self.data_proj(self.concat_modality_proj(both)))[0])
        return found


class Towers(nn.Module):
    """All three."""

    def __init__(self, config: PeAvConfig) -> None:
        super().__init__()
        self.audio = AudioTower(config)
        self.video = VideoTower(config)
        self.joint = JointTower(config)

    def forward(self, *, audio: Tensor | None = None, video: Tensor | None = None) -> dict[str, Tensor]:
        """Embeddings of the inputs: "audio", "video", and with both "audio_video".

        Args:
            audio: (B, Ta, L), codec vectors, or None.
            video: (B, Tv, F), frame vectors, or None.
        """
        found: dict[str, Tensor] = {}
        if audio is not None:
            found["audio"], audio_states = self.audio(audio)
        if video is not None:
            found["video"], video_states = self.video(video)
        if audio is not None and video is not None:
            found["audio_video"] = self.joint(audio_states, video_states)
        return found
