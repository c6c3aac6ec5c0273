"""Numbers of optical flow against FastVideo's, on the same flows; see golden/optical_flow/README.md."""

from __future__ import annotations

import json

import pytest

from avmeter.stats.optical_flow import FLOW_NUMBERS, FlowMask, compare_flows, summarise_flows
from golden.flows import PAIRS, flows
from support.paths import GOLDEN

PUBLISHED = json.loads((GOLDEN / "optical_flow" / "optical_flow.json").read_text())
TOLERANCE = 1e-5


@pytest.mark.parametrize("pair", range(len(PAIRS)))
def test_twelve_numbers_are_the_published_ones(pair: int) -> None:
    """Of flows in all directions, of still ones, and of ones that move in a corner only."""
    made = flows()
    generated, reference = PAIRS[pair]
    found = compare_flows(generated=made[generated], reference=made[reference])
    assert tuple(found) == FLOW_NUMBERS
    assert found == pytest.approx(PUBLISHED["per_pair"][pair], rel=TOLERANCE, abs=TOLERANCE)


def test_options_are_the_published_ones() -> None:
    """Another mask and another grid."""
    made = flows()
    mask = FlowMask(min_mag=1.5, max_mag_pct=60.0)
    found = compare_flows(generated=made["zoom"], reference=made["waves"], mask=mask, grid_size=5)
    assert found == pytest.approx(PUBLISHED["narrow"], rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.parametrize("count", PUBLISHED["summaries"])
def test_summary_over_time_is_the_published_one(count: str) -> None:
    """Of one pair, of fewer than the window, and of all."""
    found = summarise_flows(PUBLISHED["per_pair"][: int(count)])
    published = PUBLISHED["summaries"][count]
    assert found.keys() == published.keys()
    assert {k: v for k, v in found.items() if v is None} == {k: v for k, v in published.items() if v is None}
    numbers = {k: v for k, v in published.items() if v is not None}
    assert {k: found[k] for k in numbers} == pytest.approx(numbers, rel=TOLERANCE, abs=TOLERANCE)
