"""Each file is decoded once, whatever is measured of it alone and beside its reference."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.media import file_reader
from support.media import write_media

METRICS = (
    "common.fvd", "common.kvd", "common.lpips", "common.psnr", "common.ssim", "vbench.temporal_flickering",
)  # fmt: skip


@pytest.fixture
def samples(tmp_path: Path) -> list[dict[str, Any]]:
    """Two clips of 12 frames and their references."""
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 256, (12, 48, 64, 3)).astype(np.uint8)
    paths = [
        write_media(tmp_path / f"{side}{number}.mp4", frames=np.roll(clean, number * 9 + shift, axis=2), fps=10)
        for number in range(2)
        for shift, side in enumerate(("generated", "reference"))
    ]
    return [{"video": str(g), "reference": str(r)} for g, r in zip(paths[::2], paths[1::2], strict=True)]


def test_files_are_opened_and_decoded_once_for_all_metrics(
    samples: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sets, pairs and single clips; and every score is that of the metric alone."""
    counts: Counter[tuple[str, str]] = Counter()

    def counted(name: str) -> None:
        call = getattr(file_reader, name)
        monkeypatch.setattr(
            file_reader,
            name,
            lambda file, *args, **kwargs: (counts.update([(name, Path(str(file)).name)]), call(file, *args, **kwargs))[
                1
            ],
        )

    counted("probe")
    counted("decode_frames")
    evaluator = create_evaluator(metrics=METRICS, device="cpu", weights="dummy", loader_processes=0)
    found = evaluator.evaluate(samples=samples)
    files = [Path(s[side]).name for s in samples for side in ("video", "reference")]
    assert counts == {(name, file): 1 for name in ("probe", "decode_frames") for file in files}
    for metric in ("common.psnr", "common.ssim", "common.lpips", "vbench.temporal_flickering"):
        alone = create_evaluator(metrics=[metric], device="cpu", weights="dummy", loader_processes=0)
        rows = alone.evaluate(samples=samples)
        assert [r[metric].score for r in found] == pytest.approx([r[metric].score for r in rows], rel=1e-6)
    assert all(r[m].score is not None for r in found for m in METRICS[2:])
    assert found.corpus["common.fvd"].score is not None
