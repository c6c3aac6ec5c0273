"""Convolutions of AlexNet and VGG16, stage by stage: what perceptual distances of pictures compare.

Papers: Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014); Simonyan and Zisserman,
"Very Deep Convolutional Networks for Large-Scale Image Recognition" (ICLR 2015). As torchvision has them, without the
classifier: `features` of `alexnet` and of `vgg16` configuration D.

    pictures (B, 3, H, W)
      | AlexNet: 11 x 11 by 4; maximum, 5 x 5; maximum, 3 x 3; 3 x 3; 3 x 3
      | VGG16: two of 3 x 3; maximum, two; and three times maximum, three
    five maps (B, C, H', W'), behind the last ReLU of each stage
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

Pool = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Conv:
    """A convolution with bias, and a ReLU behind it."""

    before: int
    after: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1


@dataclass(frozen=True, kw_only=True)
class StagesConfig:
    """Stages of a network.

    Attributes:
        stages: Convolutions of each.
        is_pooled: Whether something is pooled before each.
        pool: Pixels of the maximum, every second of which is kept.
        min_side: Pixels of the smallest picture of which anything is left.
    """

    stages: tuple[tuple[Conv, ...], ...]
    is_pooled: tuple[bool, ...]
    pool: int
    min_side: int

    @property
    def channels(self) -> tuple[int, ...]:
        """Of each stage's map."""
        return tuple(stage[-1].after for stage in self.stages)


def _vgg(before: int, after: int, count: int) -> tuple[Conv, ...]:
    return tuple(Conv(before=before if number == 0 else after, after=after) for number in range(count))


ALEX = StagesConfig(
    stages=(
        (Conv(before=3, after=64, kernel=11, stride=4, padding=2),),
        (Conv(before=64, after=192, kernel=5, padding=2),),
        (Conv(before=192, after=384),),
        (Conv(before=384, after=256),),
        (Conv(before=256, after=256),),
    ),
    is_pooled=(False, True, True, False, False),
    pool=3,
    min_side=31,
)
VGG = StagesConfig(
    stages=(_vgg(3, 64, 2), _vgg(64, 128, 2), _vgg(128, 256, 3), _vgg(256, 512, 3), _vgg(512, 512, 3)),
    is_pooled=(False, True, True, True, True),
    pool=2,
    min_side=16,
)


class ConvStages(nn.Module):
    """The stages of one network; convolutions are numbered throughout."""

    def __init__(self, config: StagesConfig) -> None:
        super().__init__()
        self.config = config
        self.convs = nn.ModuleList(
            nn.Conv2d(c.before, c.after, c.kernel, c.stride, c.padding) for stage in config.stages for c in stage
        )

    def forward(self, pictures: Tensor, pool: Pool | None = None) -> Iterator[Tensor]:
        """Yield the map of each stage, (B, C, H', W').

        Args:
            pictures: (B, 3, H, W), both sides `min_side` or more.
            pool: In place of the maximum.
        """
        convs = iter(self.convs)
        x = pictures
        for stage, is_pooled in zip(self.config.stages, self.config.is_pooled, strict=True):
            if is_pooled:
                x = functional.max_pool2d(x, self.config.pool, 2) if pool is None else pool(x)
            for _ in stage:
                x = functional.relu(next(convs)(x))
            yield x
