"""RAFT: optical flow of two frames, refined again and again by what a map of correlations has where it leads.

Paper: Teed and Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow" (ECCV 2020, arXiv 2003.12039).
Published code and weights: github.com/princeton-vl/RAFT, BSD-3-Clause; checkpoint `raft-things.pth`, 5.3 million
parameters.

    two frames (B, 3, H, W), 0 to 255, sides multiples of 8
      | `FlowEncoder` of both: 256 channels; correlation of each pixel of the first with each of the second
      | `FlowEncoder` of the first: state (128, through tanh), context (128, through ReLU)
    flow (B, 2, h, w), at first 0
      | again and again: correlation around where each pixel has come to; with the flow, convolutions to 128 channels;
      | with the context, a recurrent unit along rows, then along columns; from its state a change of the flow
    flow (B, 2, h, w), pixels of the maps
      | each of 8 x 8 pixels is a mean of 3 x 3 neighbours, weighted by the last state
    flow (B, 2, H, W), pixels

Shapes: B batch, H W pixels, h w an eighth of them.

Differs from the published code: weights of the last step are computed after the last change alone, and correlations
as `avmeter.nets.correlation` says. Neither changes the function.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.correlation import MIN_SIDE, Correlation, pairs_at_once, pixel_grid
from avmeter.nets.empty import empty_network
from avmeter.nets.flow_encoder import FlowEncoder, ResidualBlock
from avmeter.nets.keys import KeyMap

STRIDE = 8
"""Pixels of a frame that are one of the maps."""
SMALLEST = MIN_SIDE * STRIDE
"""Pixels of the smallest side that the network reads."""
_WIDTHS = (64, 96, 128)
_STATE = 128
_RADIUS = 4
_NUM_CORRELATIONS = 4 * (2 * _RADIUS + 1) ** 2


class MotionEncoder(nn.Module):
    """Correlations and the flow that they were looked up with."""

    def __init__(self) -> None:
        super().__init__()
        self.convc1 = nn.Conv2d(_NUM_CORRELATIONS, 256, 1)
        self.convc2 = nn.Conv2d(256, 192, 3, padding=1)
        self.convf1 = nn.Conv2d(2, 128, 7, padding=3)
        self.convf2 = nn.Conv2d(128, 64, 3, padding=1)
        self.conv = nn.Conv2d(192 + 64, _STATE - 2, 3, padding=1)

    def forward(self, correlations: Tensor, flow: Tensor) -> Tensor:
        """(B, 324, h, w) and (B, 2, h, w) to (B, 128, h, w)."""
        c = functional.relu(self.convc2(functional.relu(self.convc1(correlations))))
        f = functional.relu(self.convf2(functional.relu(self.convf1(flow))))
        return torch.cat((functional.relu(self.conv(torch.cat((c, f), dim=1))), flow), dim=1)


class SeparableGru(nn.Module):
    """A gated recurrent unit of convolutions, along rows and then along columns."""

    def __init__(self) -> None:
        super().__init__()
        for number, size in ((1, (1, 5)), (2, (5, 1))):
            for gate in ("z", "r", "q"):
                conv = nn.Conv2d(3 * _STATE, _STATE, size, padding=(size[0] // 2, size[1] // 2))
                self.add_module(f"conv{gate}{number}", conv)

    def forward(self, state: Tensor, inputs: Tensor) -> Tensor:
        """(B, 128, h, w) and (B, 256, h, w) to the next (B, 128, h, w)."""
        for number in (1, 2):
            update, reset, candidate = (self.get_submodule(f"conv{gate}{number}") for gate in ("z", "r", "q"))
            both = torch.cat((state, inputs), dim=1)
            share = torch.sigmoid(update(both))
            kept = torch.sigmoid(reset(both)) * state
            state = (1 - share) * state + share * torch.tanh(candidate(torch.cat((kept, inputs), dim=1)))
        return state


class FlowHead(nn.Module):
    """A state to a change of the flow."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(_STATE, 256, 3, padding=1)
        self.conv2 = nn.Conv2d(256, 2, 3, padding=1)

    def forward(self, state: Tensor) -> Tensor:
        """(B, 128, h, w) to (B, 2, h, w)."""
        return cast(Tensor, self.conv2(functional.relu(self.conv1(state))))


class UpdateBlock(nn.Module):
    """One refinement, and the weights of the mean that enlarges its flow."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = MotionEncoder()
        self.gru = SeparableGru()
        self.flow_head = FlowHead()
        self.mask = nn.Sequential(nn.Conv2d(_STATE, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 9 * STRIDE**2, 1))

    def forward(self, state: Tensor, context: Tensor, correlations: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next state (B, 128, h, w) and the change of the flow (B, 2, h, w)."""
        state = self.gru(state, torch.cat((context, self.encoder(correlations, flow)), dim=1))
        return state, self.flow_head(state)


class Raft(nn.Module):
    """Optical flow of frames."""

    def __init__(self) -> None:
        super().__init__()
        self.fnet = FlowEncoder(ResidualBlock, _WIDTHS, 256, "instance")
        self.cnet = FlowEncoder(ResidualBlock, _WIDTHS, 2 * _STATE, "batch")
        self.update_block = UpdateBlock()

    def forward(self, before: Tensor, after: Tensor, *, num_iterations: int) -> Tensor:
        """Flow from one frame to another.

        Args:
            before: (B, 3, H, W), RGB from 0 to 255, sides multiples of 8 and `SMALLEST` or more.
            after: The same.
            num_iterations: How often the flow is refined; the published demonstration has 20.

        Returns:
            (B, 2, H, W): how far each pixel of the first moves to the right and down, pixels.

        Raises:
            UsageError: Other shapes.
        """
        shape = before.shape
        if shape != after.shape or len(shape) != 4 or shape[1] != 3 or _is_unread(shape[2]) or _is_unread(shape[3]):
            raise UsageError(
                f"RAFT reads two frames (B, 3, H, W), sides multiples of {STRIDE} from {SMALLEST} on, got "
                f"{tuple(shape)} and {tuple(after.shape)}"
            )
        at_once = pairs_at_once(shape[2] // STRIDE, shape[3] // STRIDE)
        pairs = zip(torch.split(before, at_once), torch.split(after, at_once), strict=True)
        return torch.cat([self._flow(a, b, num_iterations) for a, b in pairs])

    def _flow(self, before: Tensor, after: Tensor, num_iterations: int) -> Tensor:
        before, after = (2 * (frames / 255) - 1 for frames in (before, after))
        maps = self.fnet(torch.cat((before, after))).float()
        correlation = Correlation(*maps.chunk(2), radius=_RADIUS)
        state, context = self.cnet(before).chunk(2, dim=1)
        state, context = torch.tanh(state), functional.relu(context)
        origin = pixel_grid(maps)
        places = origin.expand(len(before), -1, -1, -1)
        for _ in range(num_iterations):
            state, change = self.update_block(state, context, correlation.lookup(places), places - origin)
            places = places + change
        return enlarged(places - origin, 0.25 * self.update_block.mask(state))


def enlarged(flow: Tensor, mask: Tensor) -> Tensor:
    """Return flow in full size.

    Args:
        flow: (B, 2, h, w), pixels of the maps.
        mask: (B, 9 * 64, h, w): for each of 3 x 3 neighbours and each of 8 x 8 pixels, the logarithm of a weight.

    Returns:
        (B, 2, 8 h, 8 w), pixels.
    """
    batch, _, height, width = flow.shape
    weights = mask.float().view(batch, 1, 9, STRIDE, STRIDE, height, width).softmax(dim=2)
    neighbours = functional.unfold(STRIDE * flow, 3, padding=1).view(batch, 2, 9, 1, 1, height, width)
    pixels = (weights * neighbours).sum(dim=2)
    return pixels.permute(0, 1, 4, 2, 5, 3).reshape(batch, 2, STRIDE * height, STRIDE * width)


def _is_unread(side: int) -> bool:
    return side < SMALLEST or side % STRIDE != 0


# The published module has the norm beside a block's shortcut under two names; both are in the file.
KEY_MAP = KeyMap(rules=((r"^", "module."),), unused=(r"module\.cnet\.layer[23]\.0\.norm3\..*",))
"""Own names behind the prefix of a network that was trained on several devices."""


def build(*, device: torch.device | str = "cpu") -> Raft:
    """Build the network as `empty_network` does."""
    return empty_network(Raft, device=device)
