"""MS-CLAP: HTSAT and GPT-2 with a projection each.

Paper: Elizalde, Deshmukh and Wang, "Natural Language Supervision for General-Purpose Audio Representations", ICASSP
2024 (arXiv 2309.05767). Published code: github.com/microsoft/CLAP (commit e8a6467), MIT. Both towers are those of
transformers, so that one table of names serves all checkpoints; this module adds what is Microsoft's own.

    mel (B, 1, 965, 64)                  token ids (B, L)
      | HTSAT (Swin), mean               | GPT-2, state of the last token (see `last_states`)
      | projection                       | projection
    (B, D), not normalised             (B, D), not normalised

Letters: `B` batch, `L` tokens, `H` width of a tower, `D` embedding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class Projection(nn.Module):
    """norm(x W1 + gelu(x W1) W2): (B, H) to (B, D)."""

    def __init__(self, width: int, embedding_dim: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, embedding_dim, bias=False)
        self.linear2 = nn.Linear(embedding_dim, embedding_dim, bias=False)
        self.layer_norm = nn.LayerNorm(embedding_dim)

    def forward(self, states: Tensor) -> Tensor:
        first = self.linear1(states)
        projected: Tensor = self.layer_norm(first + self.linear2(functional.gelu(first)))
        return projected


class MsClap(nn.Module):
    """Both towers, called as transformers' `ClapModel` is.

    Args:
        audio_model: A `transformers.ClapAudioModel`.
        text_model: A `transformers.GPT2Model`.
        embedding_dim: Width D of the joint space.
    """

    def __init__(self, *, audio_model: Any, text_model: Any, embedding_dim: int) -> None:
        super().__init__()
        self.audio_model = audio_model
        self.text_model = text_model
        self.audio_projection = Projection(audio_model.config.hidden_size, embedding_dim)
        self.text_projection = Projection(text_model.config.hidden_size, embedding_dim)

    def get_audio_features(self, input_features: Tensor, is_longer: Tensor) -> Tensor:
        """Embeddings (B, D) of mel spectrograms (B, 1, T, F)."""
        states = self.audio_model(input_features=input_features, is_longer=is_longer).pooler_output
        projected: Tensor = self.audio_projection(states)
        return projected

    def get_text_features(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embeddings (B, D) of token ids (B, L), padded at their ends with 0.

        The mask changes nothing: padding stands behind the text, and no token of GPT-2 sees what comes after it.
        """
        states = self.text_model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
        projected: Tensor = self.text_projection(last_states(states.last_hidden_state, input_ids))
        return projected


def last_states(states: Tensor, ids: Tensor) -> Tensor:
    """Return the state that stands for each text.

    The published code finds the last token by counting ids other than 0, its padding. But 0 is "!" as well: every "!"
    in a text moves the place one token to the front. The checkpoint was trained like that, so it is done here.

    Args:
        states: (B, L, H).
        ids: (B, L); at least one of each row is not 0.

    Returns:
        (B, H).
    """
    places = (ids != 0).sum(dim=-1) - 1
    return states[torch.arange(len(ids), device=states.device), places]
