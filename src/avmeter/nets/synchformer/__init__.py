"""Synchformer: how far sound and video are apart in time.

Paper: Iashin, Xie, Rahtu, Zisserman, "Synchformer: Efficient Synchronization from Sparse Cues",
ICASSP 2024 (arXiv 2401.16423). Published code: github.com/v-iashin/Synchformer, MIT. Weights: the
AudioSet model 24-01-04T16-39-21, MIT, as re-saved by MMAudio (`synchformer_state_dict.pth`).

    video (B, 16, 3, 224, 224)      audio mel (B, 128, 66)
      | ViT, divided space-time       | AST
      | pooled over each frame        | pooled over frequency
    (B, 8, 768)                     (B, 6, 768)
         \\________ 14 segments of each ________/
                        |
           transformer over 1 + 112 + 1 + 84 tokens
                        |
              logits (B, 21) over `OFFSET_GRID_S`

Differs from the published code: attention is fused, and of the two pooling layers only the output
that is read is computed. Both leave the function unchanged.
"""

from avmeter.nets.synchformer.config import PARTS, SynchformerConfig
from avmeter.nets.synchformer.keys import KEY_MAP, key_map
from avmeter.nets.synchformer.model import OFFSET_GRID_S, Synchformer, build

__all__ = ["KEY_MAP", "OFFSET_GRID_S", "PARTS", "Synchformer", "SynchformerConfig", "build", "key_map"]
