"""Rebuilds the golden data of optical flow by running FastVideo's arithmetic on flows made here. See README.md.

    python make.py FASTVIDEO

FASTVIDEO is a checkout; one file of it is run.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]
SOURCE = Path(sys.argv[1]) / "fastvideo/eval/metrics/optical_flow/_shared.py"

from flows import PAIRS, flows  # noqa: E402

spec = importlib.util.spec_from_file_location("published", SOURCE)
published = importlib.util.module_from_spec(spec)
spec.loader.exec_module(published)

made = flows()
per_pair = [published.compute_frame_metrics(made[r], made[g]) for g, r in PAIRS]
narrow = published.compute_frame_metrics(made["waves"], made["zoom"], grid_size=5, min_mag=1.5, max_mag_pct=60.0)
summaries = {str(n): published.aggregate_temporal(per_pair[:n]) for n in (1, 3, len(per_pair))}
golden = {"per_pair": per_pair, "narrow": narrow, "summaries": summaries}
(HERE / "optical_flow.json").write_text(json.dumps(golden, indent=1) + "\n")
