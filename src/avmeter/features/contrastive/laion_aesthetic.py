"""LAION's aesthetic predictor, which is linear, over CLIP ViT-L/14's embeddings of all frames.

Source: github.com/LAION-AI/aesthetic-predictor, MIT, `sa_0_4_vit_l_14_linear.pth`, learnt from ratings of 1 to 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.features.base import DerivedExtractor, Extractor, Features, Window
from avmeter.features.contrastive.clip_frames import ClipFrames
from avmeter.features.network import NetworkExtractor
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

EMBEDDING_DIM = 768


@register_extractor("laion_aesthetic")
class LaionAesthetic(NetworkExtractor, DerivedExtractor):
    """Array `rating` (T,), about 1 to 10; fact `num_frames`."""

    entries = ("laion-aesthetic-vit-l-14",)
    batch_size = 256
    gpu_batch_size = 4096

    def parents(self) -> Mapping[str, Extractor]:
        return {"frames": ClipFrames(model="clip-vit-l-14")}

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return empty_network(lambda: nn.Linear(EMBEDDING_DIM, 1)), KeyMap()

    def windows(self, media: Mapping[str, Features]) -> Iterator[Window]:
        for embedding in media["frames"]["embedding"]:
            yield Window(inputs={"embedding": np.ascontiguousarray(embedding, np.float32)})

    def facts(self, media: Mapping[str, Features]) -> Mapping[str, Any]:
        return {"num_frames": media["frames"].facts["num_frames"]}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"rating": self._net(F.normalize(batch["embedding"], dim=-1))[:, 0]}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"rating": np.array([o["rating"] for o in outputs], np.float32)}, facts=facts)
