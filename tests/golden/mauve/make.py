"""Rebuilds the golden data of MAUVE by running mauve-text. See README.md for versions.

    python make.py MAUVE

MAUVE is a checkout of krishnap25/mauve. faiss and scikit-learn are installed, torch is not.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1])]

from golden.embedding_pairs import pairs  # noqa: E402

spec = importlib.util.spec_from_file_location("compute_mauve", Path(sys.argv[1]) / "src/mauve/compute_mauve.py")
published = importlib.util.module_from_spec(spec)
spec.loader.exec_module(published)

SEEDS = range(25, 45)
golden = {}
for name, (generated, reference) in pairs().items():
    found = [published.compute_mauve(p_features=generated, q_features=reference, seed=seed) for seed in SEEDS]
    scores = [-np.log(one.mauve) for one in found]
    first = found[0]
    data = published.normalize(np.vstack([reference, generated]), norm="l2", axis=1)
    shares = np.cumsum(published.PCA().fit(data).explained_variance_ratio_)
    golden[name] = {
        "generated_shares": first.p_hist.tolist(),
        "reference_shares": first.q_hist.tolist(),
        "mauve": first.mauve,
        "num_clusters": first.num_buckets,
        "num_dimensions": int(np.argmax(shares >= 0.9)) + 1,
        "scores": [round(float(score), 6) for score in scores],
    }
    print(name, first.num_buckets, golden[name]["num_dimensions"], f"{np.mean(scores):.4f} {np.std(scores):.4f}")
(HERE / "mauve.json").write_text(json.dumps(golden, indent=1) + "\n")
