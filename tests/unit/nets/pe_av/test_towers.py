"""From codec and frame vectors to embeddings in the joint space."""

from __future__ import annotations

from typing import Any

import torch

from support import require
from support.pe_av import CONFIG, part

require.package("transformers")


def vectors() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(2, 6, CONFIG.codec.latent_dim, generator=generator)
    return audio, torch.randn(2, 4, CONFIG.frame.output_dim, generator=generator)


@torch.no_grad()
def test_there_is_an_embedding_for_each_input_and_one_for_both() -> None:
    """Sound alone, video alone, and the two together, in one space."""
    net: Any = part("towers")
    audio, video = vectors()
    assert set(net(audio=audio)) == {"audio"}
    assert set(net(video=video)) == {"video"}
    both = net(audio=audio, video=video)
    assert set(both) == {"audio", "video", "audio_video"}
    assert {e.shape for e in both.values()} == {(2, CONFIG.text.dim)}
    torch.testing.assert_close(both["audio"], net(audio=audio)["audio"])


@torch.no_grad()
def test_length_of_frame_vectors_does_not_count() -> None:
    """They are normalised first."""
    net: Any = part("towers")
    _, video = vectors()
    torch.testing.assert_close(net(video=7 * video)["video"], net(video=video)["video"], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_nobody_in_a_batch_changes_another() -> None:
    """Clips one by one and together, also where sound and video have different lengths."""
    net: Any = part("towers")
    audio, video = vectors()
    together = net(audio=audio, video=video)
    for i in range(2):
        alone = net(audio=audio[i : i + 1], video=video[i : i + 1])
        for name, found in together.items():
            torch.testing.assert_close(alone[name][0], found[i], rtol=0, atol=1e-4 * float(found.abs().max()))
