"""FastVideo's 36 names lead to a metric or to a sentence."""

from __future__ import annotations

import pytest

from avmeter.fastvideo.names import absent_names, fastvideo_names, split_selectors
from avmeter.registry import METRICS


def test_table_has_every_metric_of_fastvideo() -> None:
    """By group, each with what it reads and what it stands on."""
    names = fastvideo_names()
    groups = [name.partition(".")[0] for name in names]
    counts = {group: groups.count(group) for group in groups}
    assert counts == {
        "audio": 7, "common": 4, "judge": 1, "optical_flow": 2, "physics_iq": 5, "vbench": 16, "videoscore2": 1,
    }  # fmt: skip
    assert all(m.of in ("sample", "corpus") and m.inputs and m.needs for m in names.values())


def test_what_is_recommended_instead_exists() -> None:
    """The first word of the sentence is a metric's name; for what there is here nothing is recommended."""
    recommended = [m.instead.split()[0] for m in fastvideo_names().values() if m.instead]
    assert recommended
    assert set(recommended) <= set(METRICS.names())
    assert [n for n in METRICS.names() if n in fastvideo_names() and fastvideo_names()[n].instead] == []


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("optical_flow", 1),
        ("optical_flow.synthetic_optical_flow", 1),
        ("judge", 0),
        ("common.ssim", 0),
        ("common.fvd", 0),
        ("audio", 0),
        ("audio.wer", 0),
    ],
)
def test_name_or_group_means_what_avmeter_lacks_of_it(selector: str, count: int) -> None:
    """Nothing of what there is."""
    assert len(absent_names(selector)) == count


def test_selectors_are_split_into_what_is_here_and_what_is_not() -> None:
    """An unknown name stays, to be refused by who resolves it."""
    present, absent = split_selectors("audio, optical_flow.synthetic_optical_flow,nonsense")
    assert present == ["audio", "nonsense"]
    assert list(absent) == ["optical_flow.synthetic_optical_flow"]
