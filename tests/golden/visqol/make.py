"""Rebuilds the golden data of ViSQOL by running visqol-python. See README.md for versions.

    python make.py PACKAGES MEDIA

PACKAGES is a folder with the unpacked wheels of visqol-python and libsvm-official, MEDIA one with the real clips.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from avmeter.media import AudioSpec, MediaItem

HERE = Path(__file__).parent
PACKAGES, MEDIA = map(Path, sys.argv[1:3])
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(PACKAGES)]

from visqol.alignment import globally_align  # noqa: E402
from visqol.analysis_window import AnalysisWindow  # noqa: E402
from visqol.api import VisqolApi  # noqa: E402
from visqol.audio_utils import AudioSignal  # noqa: E402
from visqol.gammatone import (  # noqa: E402
    GammatoneSpectrogramBuilder,
    prepare_spectrograms_for_comparison,
)
from visqol.patch_creator import ImagePatchCreator, VadPatchCreator  # noqa: E402

from degraded import RATES, degraded, synthetic  # noqa: E402

CLIP_S = 3


def stages(mode, reference, generated, rate):
    """Lag, every 20th frame of both spectrograms in decibels, and where patches begin."""
    builder = GammatoneSpectrogramBuilder(*((21, 50.0, True) if mode == "speech" else (32, 50.0, False)))
    window = AnalysisWindow(rate, 0.25)
    signals = AudioSignal(reference, rate), AudioSignal(generated, rate)
    spectrograms = prepare_spectrograms_for_comparison(*(builder.build(s, window) for s in signals))
    patches = VadPatchCreator(20) if mode == "speech" else ImagePatchCreator(30)
    return {
        "lag": round(globally_align(*signals)[1] * rate),
        "spectrograms": [side[:, ::20].T.tolist() for side in spectrograms],
        "starts": patches.create_ref_patch_indices(spectrograms[0], signals[0], window),
    }


golden = {}
for mode, rate in RATES.items():
    api = VisqolApi()
    api.create(mode=mode, **({"use_lattice_model": False} if mode == "speech" else {}))
    with MediaItem.open(MEDIA / "ltx2.wav") as item:
        real = np.asarray(item.audio(AudioSpec(sample_rate=rate))[:], np.float64)[: CLIP_S * rate]
    for source, reference in (("synth", synthetic(rate)), ("ltx2", real)):
        for name, generated in degraded(reference, rate).items():
            found = api.measure_from_arrays(reference, generated, rate)
            golden[f"{mode}/{source}/{name}"] = {
                "mos": found.moslqo,
                "bands": found.fvnsim.tolist(),
                "starts_s": [patch.ref_patch_start_time for patch in found.patch_sims],
            }
            if (source, name) == ("synth", "late"):
                golden[f"{mode}/{source}/{name}"]["stages"] = stages(mode, reference, generated, rate)
(HERE / "visqol.json").write_text(json.dumps(golden, indent=1) + "\n")
