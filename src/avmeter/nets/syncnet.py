"""SyncNet v2: embeddings of 0.2 s of a face and of 0.2 s of sound, near each other where lips and speech agree.

Paper: Chung and Zisserman, "Out of time: automated lip sync in the wild" (ACCV workshops 2016). Published code:
github.com/joonson/syncnet_python (MIT), `SyncNetModel.py`, with 1024-d embeddings and the weights `syncnet_v2.model`;
13.6 million parameters.

    faces (B, 3, T, 224, 224), blue before red, 0 to 255      cepstrum (B, 1, 13, 20)
      | 5 frames by 7 x 7, by 2; maximum                        | 3 x 3
    (B, 96, T - 4, 54, 54)                                      | 3 x 3, narrower every second step of time
      | 5 x 5, by 2; maximum                                    | 3 x 3, three times
    (B, 256, T - 4, 13, 13)                                     | maximum, by 2
      | 3 x 3, three times; maximum                           (B, 256, 5, 4)
    (B, 256, T - 4, 6, 6)                                       | 5 x 4
      | 6 x 6                                                 (B, 512)
    (B, 512, T - 4)                                             |
      | linear, norm, ReLU, linear                              | linear, norm, ReLU, linear
    embeddings (B, T - 4, 1024)                               embedding (B, 1024)

After every convolution stand a batch norm and a ReLU. Only the first convolution of faces spans frames, so that T of
them give the T - 4 embeddings of all runs of 5.

Letters: `B` batch, `T` frames.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

SIDE = 224  # pixels of a face
NUM_FRAMES = 5  # that an embedding sees
NUM_COEFFICIENTS, NUM_STEPS = 13, 20  # of the cepstrum that an embedding hears
EMBEDDING_DIM = 1024
_HIDDEN = 512


class SyncNet(nn.Module):
    """Both towers."""

    def __init__(self) -> None:
        super().__init__()
        self.face = nn.Sequential(
            *_over_frames(3, 96, (5, 7, 7), stride=2),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_over_frames(96, 256, (1, 5, 5), stride=2, padding=1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_over_frames(256, 256, (1, 3, 3), padding=1),
            *_over_frames(256, 256, (1, 3, 3), padding=1),
            *_over_frames(256, 256, (1, 3, 3), padding=1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_over_frames(256, _HIDDEN, (1, 6, 6)),
        )
        self.face_head = _head()
        self.sound = nn.Sequential(
            *_over_cepstrum(1, 64),
            nn.MaxPool2d(1),
            *_over_cepstrum(64, 192),
            nn.MaxPool2d(3, (1, 2)),
            *_over_cepstrum(192, 384),
            *_over_cepstrum(384, 256),
            *_over_cepstrum(256, 256),
            nn.MaxPool2d(3, 2),
            *_over_cepstrum(256, _HIDDEN, (5, 4), padding=0),
        )
        self.sound_head = _head()

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embed every run of 5 frames.

        Args:
            faces: (B, 3, T, 224, 224), T >= 5, float, blue, green and red from 0 to 255.

        Returns:
            (B, T - 4, 1024).

        Raises:
            UsageError: Another shape.
        """
        if faces.dim() != 5 or faces.shape[1] != 3 or faces.shape[3:] != (SIDE, SIDE) or faces.shape[2] < NUM_FRAMES:
            raise UsageError(
                f"SyncNet reads faces (B, 3, T, {SIDE}, {SIDE}) of T >= {NUM_FRAMES} frames, got {tuple(faces.shape)}"
            )
        maps = self.face(faces)[:, :, :, 0, 0]  # (B, 512, T - 4)
        found: Tensor = self.face_head(maps.transpose(1, 2).flatten(0, 1))
        return found.view(len(faces), -1, EMBEDDING_DIM)

    def embed_sound(self, cepstrum: Tensor) -> Tensor:
        """Embed 0.2 s of sound.

        Args:
            cepstrum: (B, 13, 20), coefficients before steps of 10 ms.

        Returns:
            (B, 1024).

        Raises:
            UsageError: Another shape.
        """
        if cepstrum.dim() != 3 or cepstrum.shape[1:] != (NUM_COEFFICIENTS, NUM_STEPS):
            raise UsageError(f"SyncNet reads cepstra (B, {NUM_COEFFICIENTS}, {NUM_STEPS}), got {tuple(cepstrum.shape)}")
        found: Tensor = self.sound_head(self.sound(cepstrum[:, None]).flatten(1))
        return found


class _Norm(nn.Module):
    """A batch norm over axis 1 with stored statistics, without a count of batches: files of torch 0.3 have none."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)


def _over_frames(
    before: int, after: int, kernel: tuple[int, int, int], *, stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    convolution = nn.Conv3d(before, after, kernel, (1, stride, stride), (0, padding, padding))
    return [convolution, _Norm(after), nn.ReLU()]


def _over_cepstrum(before: int, after: int, kernel: tuple[int, int] = (3, 3), *, padding: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, kernel, padding=padding), _Norm(after), nn.ReLU()]


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(_HIDDEN, _HIDDEN), _Norm(_HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, EMBEDDING_DIM))


KEY_MAP = KeyMap(
    rules=(
        (r"^face_head\.", "netfclip."),
        (r"^sound_head\.", "netfcaud."),
        (r"^face\.", "netcnnlip."),
        (r"^sound\.", "netcnnaud."),
    ),
    unused=(r".*\.num_batches_tracked",),
)
"""Names of `SyncNetModel.py`."""


def build(*, device: torch.device | str = "cpu") -> SyncNet:
    """Build the network as `empty_network` does."""
    return empty_network(SyncNet, device=device)
