"""AMT-S: the frame in the middle of two others, from flows to both that all pairs of their pixels correct.

Paper: Li et al., "AMT: All-Pairs Multi-Field Transforms for Efficient Frame Interpolation" (CVPR 2023, arXiv
2304.09790). Published code and weights: github.com/MCG-NKU/AMT, CC-BY-NC-4.0; checkpoint `amt-s.pth`, 3 million
parameters.

    two frames (B, 3, H, W), 0 to 1, sides multiples of 16; less the mean of both
      | `FlowEncoder`: 84 channels at an eighth; correlation of all pixels of either frame with all of the other
      | pyramid: 20, 32, 44, 56 channels at a half, a quarter, an eighth, a sixteenth
    coarsest features of both and the time, 0.5
      | decoder: flows from the middle to both (B, 2, h, w), and features of the middle, at an eighth
      | update: correlations around where the flows lead, so doubled, change flows and features
      | decoder and update again, of the pyramid where the flows lead: to a quarter, and to a half
      | decoder: three flows to either frame, a mask and a residual of each, in full size
    mean over the three of (mask * first + (1 - mask) * second + mean + residual), and a convolution of the three
      | from 0 to 1
    frame (B, 3, H, W)

Shapes: B batch, H W pixels, h w a part of them.

Differs from the published code: the time is 0.5, frames are not reduced before flows are looked for, and correlations
are as `avmeter.nets.correlation` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.correlation import MIN_SIDE, Correlation, pairs_at_once, pixel_grid
from avmeter.nets.empty import empty_network
from avmeter.nets.flow_encoder import BottleneckBlock, FlowEncoder
from avmeter.nets.keys import KeyMap

MULTIPLE = 16
"""Of which the sides of a frame are."""
_STRIDE = 8  # pixels of a frame that are one of the correlated maps
SMALLEST = MIN_SIDE * _STRIDE
"""Pixels of the smallest side that the network reads."""
_TIME = 0.5
_CHANNELS = (20, 32, 44, 56)
_SIDE = 20  # channels of a decoder that are convolved once more
_NUM_FLOWS = 3
_RADIUS = 3
_NUM_CORRELATIONS = 2 * 4 * (2 * _RADIUS + 1) ** 2
_SLOPE = 0.1


def resized(maps: Tensor, scale: float) -> Tensor:
    """Return maps (B, C, h, w) of another size, bilinear, without antialiasing."""
    return functional.interpolate(maps, scale_factor=scale, mode="bilinear", align_corners=False)


def warped(maps: Tensor, flow: Tensor) -> Tensor:
    """Return what maps (B, C, h, w) have where the flow (B, 2, h, w) leads; beyond the border, what the border has."""
    height, width = maps.shape[2:]
    x = torch.linspace(-1, 1, width, device=maps.device)[None, None, :] + flow[:, 0] / ((width - 1) / 2)
    y = torch.linspace(-1, 1, height, device=maps.device)[None, :, None] + flow[:, 1] / ((height - 1) / 2)
    grid = torch.stack((x, y), dim=-1)
    return functional.grid_sample(maps.float(), grid.float(), padding_mode="border", align_corners=True)


def conv_prelu(before: int, after: int, stride: int = 1) -> nn.Sequential:
    """3 x 3, and a PReLU."""
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1), nn.PReLU(after))


class SideBlock(nn.Module):
    """Five convolutions around which the input goes; the last channels pass two more."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv_prelu(channels, channels)
        self.conv2 = conv_prelu(_SIDE, _SIDE)
        self.conv3 = conv_prelu(channels, channels)
        self.conv4 = conv_prelu(_SIDE, _SIDE)
        self.conv5 = nn.Conv2d(channels, channels, 3, 1, 1)
        self.prelu = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) to the same."""
        y = self.conv3(_beside(self.conv1(x), self.conv2))
        return cast(Tensor, self.prelu(x + self.conv5(_beside(y, self.conv4))))


def _beside(x: Tensor, conv: nn.Module) -> Tensor:
    return torch.cat((x[:, :-_SIDE], conv(x[:, -_SIDE:])), dim=1)


class Pyramid(nn.Module):
    """A frame as maps of a half, a quarter, an eighth and a sixteenth of its size."""

    def __init__(self) -> None:
        super().__init__()
        for number, (before, after) in enumerate(zip((3, *_CHANNELS[:-1]), _CHANNELS, strict=True), start=1):
            self.add_module(f"pyramid{number}", nn.Sequential(conv_prelu(before, after, 2), conv_prelu(after, after)))

    def forward(self, frames: Tensor) -> list[Tensor]:
        """(B, 3, H, W) to four maps, the largest first."""
        levels = [frames]
        for level in self.children():
            levels.append(level(levels[-1]))
        return levels[1:]


class Decoder(nn.Module):
    """Maps to maps of twice their size."""

    def __init__(self, before: int, within: int, after: int) -> None:
        super().__init__()
        self.convblock = nn.Sequential(
            conv_prelu(before, within), SideBlock(within), nn.ConvTranspose2d(within, after, 4, 2, 1)
        )

    def forward(self, *maps: Tensor) -> Tensor:
        """Several of (B, ., h, w), `before` channels in all, to (B, after, 2 h, 2 w)."""
        return cast(Tensor, self.convblock(torch.cat(maps, dim=1)))


class Update(nn.Module):
    """Changes of features and flows, from what is correlated where the flows lead.

    Args:
        channels: Of the features.
        scale: Of what size they are beside that of the correlated maps.
    """

    def __init__(self, channels: int, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.convc1 = nn.Conv2d(_NUM_CORRELATIONS, 64, 1)
        self.convf1 = nn.Conv2d(4, 40, 7, padding=3)
        self.convf2 = nn.Conv2d(40, 20, 3, padding=1)
        self.conv = nn.Conv2d(64 + 20, 68, 3, padding=1)
        self.gru = _two_convs(68 + 4 + channels, 76)
        self.feat_head = _two_convs(76, channels)
        self.flow_head = _two_convs(76, 4)

    def forward(self, features: Tensor, flows: Tensor, correlations: Tensor) -> tuple[Tensor, Tensor]:
        """Return changes of the features (B, C, scale * h, scale * w) and of both flows (B, 4, the same).

        Args:
            features: (B, C, scale * h, scale * w).
            flows: (B, 4, h, w).
            correlations: (B, 392, h, w).
        """
        if self.scale != 1:
            features = resized(features, 1 / self.scale)
        c = _leaky(self.convc1(correlations))
        f = _leaky(self.convf2(_leaky(self.convf1(flows))))
        motion = _leaky(self.conv(torch.cat((c, f), dim=1)))
        state = self.gru(torch.cat((motion, flows, features), dim=1))
        change, change_of_flows = self.feat_head(state), self.flow_head(state)
        if self.scale != 1:
            change, change_of_flows = resized(change, self.scale), self.scale * resized(change_of_flows, self.scale)
        return change, change_of_flows


def _two_convs(before: int, after: int) -> nn.Sequential:
    within = 76
    return nn.Sequential(
        nn.Conv2d(before, within, 3, padding=1), nn.LeakyReLU(_SLOPE), nn.Conv2d(within, after, 3, padding=1)
    )


def _leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, _SLOPE)


class Amt(nn.Module):
    """The frame in the middle."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth = _CHANNELS
        self.feat_encoder = FlowEncoder(BottleneckBlock, (32, 64, 96), 84, "instance")
        self.encoder = Pyramid()
        self.decoder4 = Decoder(2 * fourth + 1, 2 * fourth, third + 4)
        self.decoder3 = Decoder(3 * third + 4, 3 * third, second + 4)
        self.decoder2 = Decoder(3 * second + 4, 3 * second, first + 4)
        self.decoder1 = Decoder(3 * first + 4, 3 * first, 8 * _NUM_FLOWS)
        self.update4 = Update(third, 1)
        self.update3 = Update(second, 2)
        self.update2 = Update(first, 4)
        self.comb_block = nn.Sequential(
            nn.Conv2d(3 * _NUM_FLOWS, 6 * _NUM_FLOWS, 3, 1, 1),
            nn.PReLU(6 * _NUM_FLOWS),
            nn.Conv2d(6 * _NUM_FLOWS, 3, 3, 1, 1),
        )

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """The frame halfway.

        Args:
            before: (B, 3, H, W), RGB from 0 to 1, sides multiples of 16 and `SMALLEST` or more.
            after: The same.

        Returns:
            (B, 3, H, W), from 0 to 1.

        Raises:
            UsageError: Other shapes.
        """
        shape = before.shape
        if shape != after.shape or len(shape) != 4 or shape[1] != 3 or any(_is_unread(side) for side in shape[2:]):
            raise UsageError(
                f"AMT reads two frames (B, 3, H, W), sides multiples of {MULTIPLE} from {SMALLEST} on, got "
                f"{tuple(shape)} and {tuple(after.shape)}"
            )
        at_once = max(1, pairs_at_once(shape[2] // _STRIDE, shape[3] // _STRIDE) // 2)  # in both directions
        pairs = zip(torch.split(before, at_once), torch.split(after, at_once), strict=True)
        return torch.cat([self._middle(a, b) for a, b in pairs])

    def _middle(self, before: Tensor, after: Tensor) -> Tensor:
        mean = torch.cat((before, after), dim=2).mean(dim=(1, 2, 3), keepdim=True)
        before, after = before - mean, after - mean
        lookup = BothWays(*self.feat_encoder(torch.cat((before, after))).float().chunk(2))
        levels = list(zip(self.encoder(before), self.encoder(after), strict=True))
        coarsest = levels[3][0]
        time = torch.full_like(coarsest[:, :1], _TIME)
        flows, features = _split(self.decoder4(*levels[3], time))
        flows, features = self._updated(self.update4, flows, features, lookup)
        for level, decoder, update in (
            (levels[2], self.decoder3, self.update3),
            (levels[1], self.decoder2, self.update2),
        ):
            change, features = _split(decoder(features, *_reached(level, flows), flows))
            flows, features = self._updated(update, change + _doubled(flows), features, lookup)
        out = self.decoder1(features, *_reached(levels[0], flows), flows)
        n = _NUM_FLOWS
        to_before, to_after, mask, residual = torch.split(out, [2 * n, 2 * n, n, 3 * n], dim=1)
        first, second = (_doubled(flow).repeat(1, n, 1, 1) for flow in flows.chunk(2, dim=1))
        found = self.combined(
            (before, after), (to_before + first, to_after + second), torch.sigmoid(mask), residual, mean
        )
        return found.clamp(0, 1)

    @staticmethod
    def _updated(update: Update, flows: Tensor, features: Tensor, lookup: BothWays) -> tuple[Tensor, Tensor]:
        """Flows and features, changed by what is correlated where the flows lead."""
        small = flows if update.scale == 1 else resized(flows, 1 / update.scale) / update.scale
        change, change_of_flows = update(features, small, lookup(small))
        return flows + change_of_flows, features + change

    def combined(
        self, frames: Sequence[Tensor], flows: Sequence[Tensor], mask: Tensor, residual: Tensor, mean: Tensor
    ) -> Tensor:
        """Combine what several flows lead to.

        Args:
            frames: Two of (B, 3, H, W), less their mean.
            flows: From the middle to each, (B, 2 n, H, W).
            mask: (B, n, H, W), shares of the first frame.
            residual: (B, 3 n, H, W).
            mean: (B, 1, 1, 1).

        Returns:
            (B, 3, H, W).
        """
        first, second = (
            warped(frame.repeat_interleave(_NUM_FLOWS, 0), torch.unflatten(flow, 1, (_NUM_FLOWS, 2)).flatten(0, 1))
            for frame, flow in zip(frames, flows, strict=True)
        )
        shares = mask.flatten(0, 1)[:, None]
        pictures = shares * first + (1 - shares) * second + torch.unflatten(residual, 1, (_NUM_FLOWS, 3)).flatten(0, 1)
        pictures = torch.unflatten(pictures, 0, (-1, _NUM_FLOWS)) + mean[:, None]
        return cast(Tensor, pictures.mean(dim=1) + self.comb_block(pictures.flatten(1, 2)))


class BothWays:
    """Correlations of two frames, in both directions, around where flows from their middle lead.

    The flows are taken for straight: from one frame to the other is twice as far as from the middle.
    """

    def __init__(self, before: Tensor, after: Tensor) -> None:
        self._forward = Correlation(before, after, radius=_RADIUS)
        self._backward = Correlation(after, before, radius=_RADIUS)
        self._origin = pixel_grid(before)

    def __call__(self, flows: Tensor) -> Tensor:
        """(B, 4, h, w) to (B, 392, h, w)."""
        to_before, to_after = (self._origin + flow / _TIME for flow in flows.float().chunk(2, dim=1))
        return torch.cat((self._forward.lookup(to_after), self._backward.lookup(to_before)), dim=1)


def _split(out: Tensor) -> tuple[Tensor, Tensor]:
    """Flows and features that a decoder gives."""
    return out[:, :4], out[:, 4:]


def _reached(level: Sequence[Tensor], flows: Tensor) -> list[Tensor]:
    """Maps of both frames where the flows lead."""
    return [warped(maps, flow) for maps, flow in zip(level, flows.chunk(2, dim=1), strict=True)]


def _doubled(flows: Tensor) -> Tensor:
    """Flows in twice the size, whose pixels are half as large."""
    return 2 * resized(flows, 2)


def _is_unread(side: int) -> bool:
    return side < SMALLEST or side % MULTIPLE != 0


KEY_MAP = KeyMap()
"""The official checkpoint has the names used here, and nothing besides."""


def build(*, device: torch.device | str = "cpu") -> Amt:
    """Build the network as `empty_network` does."""
    return empty_network(Amt, device=device)
