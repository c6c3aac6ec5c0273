"""EfficientNetV2, size S, as TensorFlow pads it: what a picture holds, as a map of 1280 channels.

Paper: Tan and Le, "EfficientNetV2: Smaller Models and Faster Training", ICML 2021 (arXiv 2104.00298). Published code:
github.com/huggingface/pytorch-image-models, `tf_efficientnetv2_s`, Apache-2.0. 20 million parameters.

    picture (B, 3, H, W)
      | 3 x 3, by 2
    (B, 24, H / 2, W / 2)
      | 2 plain blocks; 4 and 4 fused blocks (3 x 3 out to 4 times the width, 1 x 1 back)
      | 6, 9 and 15 inverted blocks (1 x 1 out, depthwise 3 x 3, channels weighed by their means, 1 x 1 back)
    (B, 256, H / 32, W / 32)
      | 1 x 1
    (B, 1280, H / 32, W / 32)

Behind every convolution stands a batch norm, and SiLU but for the last one of a block. Blocks that change neither size
nor width add what came in. Where a size is halved, padding is TensorFlow's: more of it comes after the content.

Letters: `B` batch, `H W` pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from avmeter.nets.keys import KeyMap

_EPS = 1e-3


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Blocks of one kind and width.

    Attributes:
        kind: "plain", "fused" or "inverted".
        count: Of the blocks.
        stride: Of the first one.
        expansion: Inner width over the width that comes in.
        channels: Behind each block.
    """

    kind: str
    count: int
    stride: int
    expansion: int
    channels: int


@dataclass(frozen=True, kw_only=True)
class EfficientNetConfig:
    """Sizes of the network; the defaults are size S.

    Attributes:
        stem: Channels behind the first convolution.
        stages: In their order.
        head: Channels of the map.
    """

    stem: int = 24
    stages: tuple[Stage, ...] = (
        Stage(kind="plain", count=2, stride=1, expansion=1, channels=24),
        Stage(kind="fused", count=4, stride=2, expansion=4, channels=48),
        Stage(kind="fused", count=4, stride=2, expansion=4, channels=64),
        Stage(kind="inverted", count=6, stride=2, expansion=4, channels=128),
        Stage(kind="inverted", count=9, stride=1, expansion=6, channels=160),
        Stage(kind="inverted", count=15, stride=2, expansion=6, channels=256),
    )
    head: int = 1280


class EfficientNetV2(nn.Module):
    """Pictures (B, 3, H, W), H and W multiples of 32, to maps (B, head, H / 32, W / 32)."""

    def __init__(self, config: EfficientNetConfig) -> None:
        super().__init__()
        self.stem = ConvNorm(3, config.stem, 3, stride=2)
        widths = (config.stem, *(stage.channels for stage in config.stages))
        self.stages = nn.ModuleList(_stage(widths[i], stage) for i, stage in enumerate(config.stages))
        self.head = ConvNorm(widths[-1], config.head, 1)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, head, H / 32, W / 32)."""
        x = self.stem(image)
        for stage in self.stages:
            x = stage(x)
        found: Tensor = self.head(x)
        return found


class ConvNorm(nn.Module):
    """Convolution without bias, batch norm, and SiLU where it is active."""

    def __init__(
        self, before: int, after: int, kernel: int, *, stride: int = 1, groups: int = 1, active: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride=stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(after, eps=_EPS)
        self.active = active
        self.padding = (kernel - stride) // 2 if stride == 1 else 0
        self.after = kernel - stride - self.padding

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W), H and W even where they are halved, to (B, after, H / stride, W / stride)."""
        x = self.norm(self.conv(F.pad(x, (self.padding, self.after, self.padding, self.after))))
        return F.silu(x) if self.active else x


class Plain(nn.Module):
    """One convolution."""

    def __init__(self, before: int, after: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        self.conv = ConvNorm(before, after, 3, stride=stride)
        self.adds = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) to (B, after, H / stride, W / stride)."""
        found: Tensor = self.conv(x)
        return x + found if self.adds else found


class Fused(nn.Module):
    """3 x 3 out to the inner width, 1 x 1 back."""

    def __init__(self, before: int, after: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        self.expand = ConvNorm(before, before * expansion, 3, stride=stride)
        self.reduce = ConvNorm(before * expansion, after, 1, active=False)
        self.adds = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) to (B, after, H / stride, W / stride)."""
        found: Tensor = self.reduce(self.expand(x))
        return x + found if self.adds else found


class Inverted(nn.Module):
    """1 x 1 out to the inner width, depthwise 3 x 3, channels weighed by their means, 1 x 1 back."""

    def __init__(self, before: int, after: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        self.expand = ConvNorm(before, inner, 1)
        self.depthwise = ConvNorm(inner, inner, 3, stride=stride, groups=inner)
        self.squeeze = nn.Conv2d(inner, max(before // 4, 1), 1)
        self.excite = nn.Conv2d(max(before // 4, 1), inner, 1)
        self.reduce = ConvNorm(inner, after, 1, active=False)
        self.adds = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) to (B, after, H / stride, W / stride)."""
        inner = self.depthwise(self.expand(x))
        weight = self.excite(F.silu(self.squeeze(inner.mean(dim=(2, 3), keepdim=True)))).sigmoid()
        found: Tensor = self.reduce(inner * weight)
        return x + found if self.adds else found


_KINDS = {"plain": Plain, "fused": Fused, "inverted": Inverted}


def _stage(before: int, stage: Stage) -> nn.Sequential:
    make = _KINDS[stage.kind]
    widths = (before, *[stage.channels] * stage.count)
    return nn.Sequential(
        *(
            make(widths[i], stage.channels, stride=stage.stride if i == 0 else 1, expansion=stage.expansion)
            for i in range(stage.count)
        )
    )


KEY_MAP = KeyMap(
    rules=(
        (r"\bstem\.conv\.", "conv_stem."),
        (r"\bstem\.norm\.", "bn1."),
        (r"\bhead\.conv\.", "conv_head."),
        (r"\bhead\.norm\.", "bn2."),
        (r"\bstages\.", "blocks."),
        (r"\.conv\.conv\.", ".conv."),
        (r"\.conv\.norm\.", ".bn1."),
        (r"(blocks\.[12]\.\d+)\.expand\.conv\.", r"\1.conv_exp."),
        (r"(blocks\.[12]\.\d+)\.reduce\.norm\.", r"\1.bn2."),
        (r"\.expand\.conv\.", ".conv_pw."),
        (r"\.expand\.norm\.", ".bn1."),
        (r"\.depthwise\.conv\.", ".conv_dw."),
        (r"\.depthwise\.norm\.", ".bn2."),
        (r"\.squeeze\.", ".se.conv_reduce."),
        (r"\.excite\.", ".se.conv_expand."),
        (r"\.reduce\.conv\.", ".conv_pwl."),
        (r"\.reduce\.norm\.", ".bn3."),
    ),
)
"""Names of pytorch-image-models; those of the classifier are not here. The second and third stage are fused."""
