"""Rebuilds the golden data of `audio.fidelity` by running auraloss and torchmetrics. See README.md for versions.

    python make.py PACKAGES

PACKAGES is a folder with the unpacked wheels of both. librosa is replaced by an empty module: only filterbanks use it.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), sys.argv[1]]

import torch  # noqa: E402
from torchmetrics.functional.audio import (  # noqa: E402
    scale_invariant_signal_distortion_ratio,
    signal_noise_ratio,
)

sys.modules.setdefault("librosa", types.ModuleType("librosa"))
from auraloss.freq import MultiResolutionSTFTLoss  # noqa: E402
from waveforms import PAIRS  # noqa: E402

golden = {}
for name, make in PAIRS.items():
    generated, reference = (torch.from_numpy(side) for side in make())
    golden[name] = {
        "multi_resolution_stft": float(MultiResolutionSTFTLoss()(generated[None], reference[None])),
        "snr_db": float(signal_noise_ratio(generated.flatten().double(), reference.flatten().double())),
        "si_sdr_db": float(
            scale_invariant_signal_distortion_ratio(generated.flatten().double(), reference.flatten().double())
        ),
    }
(HERE / "fidelity.json").write_text(json.dumps(golden, indent=1) + "\n")
