"""EnCodec at 24 kHz, its encoder: 128 numbers for every 13 ms of sound, before they are quantised.

Paper: Défossez et al., "High Fidelity Neural Audio Compression" (2022, arXiv 2210.13438). Published code and weights:
github.com/facebookresearch/encodec, MIT; 7.4 million parameters here, the decoder and the quantiser are left out.

    waveform (B, S) at 24 kHz
      | convolution over 7 samples, 32 channels
      | four times: a residual block, ELU, a convolution that doubles the channels and divides the steps by 2, 4, 5, 8
      | two LSTM layers beside a shortcut, ELU
      | convolution over 7 steps
    frames (B, 128, ceil(S / 320))

Nothing looks ahead: what a kernel needs before the beginning is mirrored there. Kernels are stored as direction and
magnitude, one magnitude for each output channel.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

SAMPLE_RATE = 24_000
EMBEDDING_DIM = 128
HOP_LENGTH = 320
_CHANNELS = 32
_KERNEL = 7
_RATIOS = (2, 4, 5, 8)


class CausalConv(nn.Module):
    """A convolution that sees nothing behind its step, with mirrored edges."""

    def __init__(self, before: int, after: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.weight_g = nn.Parameter(torch.empty(after, 1, 1))
        self.weight_v = nn.Parameter(torch.empty(after, before, kernel))
        self.bias = nn.Parameter(torch.empty(after))

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, T) to (B, after, ceil(T / stride))."""
        weight = self.weight_v * (self.weight_g / self.weight_v.norm(dim=(1, 2), keepdim=True))
        left = weight.shape[-1] - self.stride
        right = -x.shape[-1] % self.stride
        # A mirror shows no more than there is: shorter sound is followed by zeros, which are cut off again.
        missing = max(0, max(left, right) - x.shape[-1] + 1)
        mirrored = functional.pad(functional.pad(x, (0, missing)), (left, right), mode="reflect")
        return functional.conv1d(mirrored[..., : mirrored.shape[-1] - missing], weight, self.bias, self.stride)


class Residual(nn.Module):
    """Two convolutions over ELUs, through half of the channels, beside a pointwise one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = CausalConv(channels, channels // 2, 3)
        self.widen = CausalConv(channels // 2, channels, 1)
        self.shortcut = CausalConv(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to the same shape."""
        found: Tensor = self.shortcut(x) + self.widen(functional.elu(self.narrow(functional.elu(x))))
        return found


class Encodec(nn.Module):
    """Frames of waveforms."""

    def __init__(self) -> None:
        super().__init__()
        widths = [_CHANNELS * 2**i for i in range(len(_RATIOS) + 1)]
        self.first = CausalConv(1, _CHANNELS, _KERNEL)
        self.blocks = nn.ModuleList(Residual(width) for width in widths[:-1])
        self.steps = nn.ModuleList(
            CausalConv(width, 2 * width, 2 * ratio, stride=ratio) for width, ratio in zip(widths, _RATIOS, strict=False)
        )
        self.lstm = nn.LSTM(widths[-1], widths[-1], num_layers=2, batch_first=True)
        self.last = CausalConv(widths[-1], EMBEDDING_DIM, _KERNEL)

    def forward(self, waveform: Tensor) -> Tensor:
        """(B, S), S >= 1, to (B, 128, ceil(S / 320))."""
        x = self.first(waveform[:, None])
        for block, step in zip(self.blocks, self.steps, strict=True):
            x = step(functional.elu(block(x)))
        steps = x.transpose(1, 2)
        x = (self.lstm(steps)[0] + steps).transpose(1, 2)
        found: Tensor = self.last(functional.elu(x))
        return found


KEY_MAP = KeyMap(
    rules=(
        *((rf"^blocks\.{i}\.", f"model.{3 * i + 1}.") for i in range(len(_RATIOS))),
        *((rf"^steps\.{i}\.", f"model.{3 * i + 3}.") for i in range(len(_RATIOS))),
        (r"^first\.", "model.0."),
        (r"^lstm\.", "model.13.lstm."),
        (r"^last\.", "model.15."),
        (r"\.narrow\.", ".block.1."),
        (r"\.widen\.", ".block.3."),
        (r"\.(weight_g|weight_v|bias)$", r".conv.conv.\1"),
        (r"^", "encoder."),
    ),
    unused=(r"decoder\..*", r"quantizer\..*"),
)


def build(*, device: torch.device | str = "cpu") -> Encodec:
    """Build the network as `empty_network` does."""
    return empty_network(Encodec, device=device)
