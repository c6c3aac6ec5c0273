"""Rebuilds the golden data of Physics-IQ by running FastVideo's code. See README.md for versions.

    python make.py FASTVIDEO MEDIA

FASTVIDEO is a checkout, MEDIA a folder with the real clips. FastVideo's packages are entered without their `__init__`
files, which import its networks. Frames go in as arrays (T, H, W, 3).
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np

from avmeter.media import MediaItem

HERE = Path(__file__).parent
FASTVIDEO, MEDIA = map(Path, sys.argv[1:3])
sys.path[:0] = [str(HERE.parent)]
for name in ("fastvideo", "fastvideo.eval", "fastvideo.eval.metrics", "fastvideo.eval.metrics.physics_iq"):
    package = types.ModuleType(name)
    package.__path__ = [str(FASTVIDEO / name.replace(".", "/"))]
    sys.modules[name] = package

from fastvideo.eval.metrics.physics_iq.metric import PhysicsIQMetric  # noqa: E402

from scenes import damaged, scene  # noqa: E402

FPS, DURATION_S, NUM = 10, 3, 36
TAKES = {
    "generated": scene(NUM, late=3, grain=9),
    "reference": scene(NUM, grain=4),
    "reference_take2": scene(NUM, late=1, drift=2, grain=5),
}
CASES = {
    "default": {},
    "exact_masks": {"roundtrip_generated_masks": False},
    "last": {"video_time_selection": "last"},
    "coarse": {"threshold": 25, "alpha": 0.15},
}
REAL_FPS, REAL_NUM = 24, 48
OTHER = scene(NUM, height=90, width=122, late=3)


def scored(generated, reference, take2, **options):
    """Everything that the published metric says."""
    metric = PhysicsIQMetric(**options)
    sample = {"video": generated, "reference": reference, "reference_take2": take2}
    result = metric.compute(sample)
    return {"score": result.score, **result.details}


clip = {"target_fps": FPS, "duration_seconds": DURATION_S}
found = {name: scored(*TAKES.values(), **clip, **options) for name, options in CASES.items()}
found["other_size"] = scored(OTHER, TAKES["reference"], TAKES["reference_take2"], **clip)
sets = [found["default"], found["coarse"], found["other_size"]]
with MediaItem.open(MEDIA / "ltx2.mp4") as item:
    frames = np.concatenate(list(item.frame_groups(range(REAL_NUM), 1, planar=False)))
real = damaged(frames)
for name, generated in real.items():
    options = {"target_fps": REAL_FPS, "duration_seconds": REAL_NUM // REAL_FPS}
    found[f"ltx2_{name}"] = scored(generated, frames, real["late"], **options)
golden = {"cases": found, "set": PhysicsIQMetric.aggregate(sets)}
(HERE / "physics_iq.json").write_text(json.dumps(golden, indent=1) + "\n")
