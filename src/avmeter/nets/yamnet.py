"""YAMNet: logits of 521 AudioSet classes and a 1024-d embedding of every 0.96 s of sound.

Paper: Howard et al., "MobileNets" (arXiv 1704.04861), trained on AudioSet. Published code and weights:
github.com/tensorflow/models (research/audioset/yamnet) and TF-Hub `google/yamnet/1`, Apache-2.0; 3.8 million
parameters.

    log mel (B, 96, 64), frames before bands
      | convolution of 3 x 3, stride 2
    (B, 32, 48, 32)
      | 13 pairs of a depthwise convolution of 3 x 3 and a pointwise one; four of them halve both axes
    (B, 1024, 3, 2)
      | mean over both axes
    embedding (B, 1024)
      | linear layer
    logits (B, 521)

After every convolution stand a batch norm without scale (epsilon 1e-4) and a ReLU. Padding is TensorFlow's: where the
stride is 2, the odd row and column come after the content.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap
from avmeter.nets.shifted_norm import ShiftedNorm

NUM_FRAMES, NUM_MELS = 96, 64
EMBEDDING_DIM, NUM_CLASSES = 1024, 521
_NORM_EPS = 1e-4
_STEM = 32
# Output channels and stride of every depthwise-pointwise pair.
_PAIRS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


class Yamnet(nn.Module):
    """Embedding and class logits of patches of 0.96 s."""

    def __init__(self) -> None:
        super().__init__()
        layers = _layer(1, _STEM, kernel=3, stride=2)
        before = _STEM
        for after, stride in _PAIRS:
            layers += _layer(before, before, kernel=3, stride=stride, groups=before)
            layers += _layer(before, after, kernel=1)
            before = after
        self.layers = nn.ModuleList([*layers, nn.Linear(EMBEDDING_DIM, NUM_CLASSES)])

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding and logits.

        Args:
            patches: Log mel (B, 96, 64), frames before bands.

        Returns:
            (B, 1024) and (B, 521), before the sigmoid.

        Raises:
            UsageError: Another number of frames or bands.
        """
        if patches.dim() != 3 or patches.shape[1:] != (NUM_FRAMES, NUM_MELS):
            raise UsageError(f"YAMNet reads patches (B, {NUM_FRAMES}, {NUM_MELS}), got {tuple(patches.shape)}")
        x = patches[:, None]
        *body, classifier = self.layers
        for convolution, norm in zip(body[0::2], body[1::2], strict=True):
            x = functional.relu(norm(convolution(x)))
        embedding = x.mean(dim=(2, 3))
        return embedding, classifier(embedding)


class _SameConv2d(nn.Conv2d):
    """A convolution without bias of 3 x 3 or 1 x 1 over even sizes, padded as TensorFlow's "SAME"."""

    def forward(self, input: Tensor) -> Tensor:
        if self.kernel_size == (3, 3):
            input = functional.pad(input, (0, 1, 0, 1) if self.stride == (2, 2) else (1, 1, 1, 1))
        return super().forward(input)


def _layer(before: int, after: int, *, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = _SameConv2d(before, after, kernel, stride, groups=groups, bias=False)
    return [convolution, ShiftedNorm(after, eps=_NORM_EPS)]


KEY_MAP = KeyMap(
    rules=((r"^layers\.(\d+)\.", r"layer_with_weights-\1."),),
    unused=(r"keras_api\.metrics\..*",),  # counters of the training program
)
"""The layers stand in the order of the official numbers."""


def build(*, device: torch.device | str = "cpu") -> Yamnet:
    """Build the network as `empty_network` does."""
    return empty_network(Yamnet, device=device)
