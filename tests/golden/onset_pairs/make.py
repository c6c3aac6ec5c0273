"""Rebuilds the golden data of metrics of onsets beside a reference by running the published scripts; see README.md.

    python make.py CONDFOLEYGEN STAV2A

Both are folders with a checkout. moviepy, matplotlib and tqdm, which the functions that run do not use, are empty.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
import types
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1])]
CONDFOLEYGEN, STAV2A = map(Path, sys.argv[1:3])
sys.argv[1:] = []

from golden.foley import RATE, pairs  # noqa: E402

for absent in ("moviepy", "moviepy.editor", "matplotlib", "matplotlib.pyplot", "tqdm", "librosa.display"):
    stub = types.ModuleType(absent)
    stub.__dict__.update(VideoFileClip=None, tqdm=lambda x, **_: x)
    sys.modules[absent] = stub


def script(path: Path) -> types.ModuleType:
    """Import a script without running its main part."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


import librosa  # noqa: E402
import soundfile  # noqa: E402

predict_onset = script(CONDFOLEYGEN / "predict_onset.py")
aa_align = script(STAV2A / "EvalTools" / "aa_align.py")


def peaks(wave: np.ndarray) -> np.ndarray:
    """Onsets as `aa_align` finds them in a file."""
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(f"{folder}/a.wav", wave, RATE, subtype="FLOAT")
        return aa_align.detect_audio_peaks(f"{folder}/a.wav")[0]


golden = {}
for name, sides in pairs().items():
    generated, reference = (
        librosa.onset.onset_detect(y=side.astype(np.float64), sr=RATE, units="samples", delta=0.3) for side in sides
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hit_rate, ap, _ = predict_onset.eval_osnets(reference, generated, sides[0].astype(np.float64), delta=0.1)
    found, expected = peaks(sides[0]), peaks(sides[1])
    aa_align.audio_peaks_gt = expected  # the function reads a variable of its script in place of its argument
    golden[name] = {
        "generated_s": (generated / RATE).tolist(),
        "reference_s": (reference / RATE).tolist(),
        "accuracy": float(len(generated) == len(reference)),
        "hit_rate": hit_rate,
        "ap": float(ap),
        "aa_align": aa_align.calc_intersection_over_union(expected, found, RATE, 0.1),
    }
    print(name, {k: v for k, v in golden[name].items() if not isinstance(v, list)}, len(generated), len(reference))
rng = np.random.RandomState(0)
suppressed = []
for _ in range(40):
    onsets = np.cumsum(rng.randint(2, 5, size=rng.randint(1, 13))) * 512
    confidence = (1 + rng.permutation(len(onsets))) / len(onsets)
    remaining = predict_onset.onset_nms(onsets, confidence)
    suppressed.append([(onsets / RATE).tolist(), confidence.tolist(), (remaining / RATE).tolist()])
(HERE / "suppressed.json").write_text(json.dumps(suppressed) + "\n")
(HERE / "onset_pairs.json").write_text(json.dumps(golden, indent=1) + "\n")
