"""Two flows against each other."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.stats.optical_flow import FLOW_NUMBERS, FlowMask, compare_flows, summarise_flows


def constant(u: float, v: float) -> np.ndarray:
    return np.broadcast_to(np.array([u, v], np.float32), (64, 80, 2))


def test_equal_flows_have_no_error() -> None:
    """Of any kind."""
    found = compare_flows(generated=constant(3, 4), reference=constant(3, 4))
    perfect = dict.fromkeys(FLOW_NUMBERS, 0.0) | {"mf_cosine": 1.0, "mf_mag_ratio": 1.0}
    assert found == pytest.approx(perfect, abs=0.05)  # an angle of a rounded cosine


def test_constructed_flows_have_the_numbers_of_geometry() -> None:
    """Three to the right against four down: five pixels and a right angle apart."""
    found = compare_flows(generated=constant(3, 0), reference=constant(0, 4))
    expected = {"pixel_epe_mean": 5, "mf_epe": 5, "mf_angle_err": 90, "mf_mag_ratio": 0.75, "fl_all": 1}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-5)
    assert found["px_angle_rmse"] == pytest.approx(90, abs=1e-4)


def test_zooms_have_their_centres_apart() -> None:
    """The focus of expansion is where each zoom has its centre."""
    y, x = np.mgrid[:64, :80].astype(np.float32)
    zooms = [np.stack([(x - cx) / 5, (y - cy) / 5], -1) for cx, cy in ((40, 30), (43, 34))]
    assert compare_flows(generated=zooms[0], reference=zooms[1])["foe_dist"] == pytest.approx(5, abs=1e-3)


def test_fastest_pixels_do_not_count() -> None:
    """A tenth of the frame is wrong by a lot, and above the percentile; with the percentile at 100 it counts."""
    reference, generated = constant(2, 0), constant(2, 0).copy()
    generated[:, :8] = (30, 0)
    assert compare_flows(generated=generated, reference=reference)["pixel_epe_mean"] == 0
    everything = FlowMask(max_mag_pct=100.0)
    assert compare_flows(generated=generated, reference=reference, mask=everything)["pixel_epe_mean"] == pytest.approx(
        2.8
    )


def test_onset_is_where_the_moving_average_passes_twice_the_beginning() -> None:
    """From the seventh of ten pairs on the error is four pixels."""
    pairs = [dict.fromkeys(FLOW_NUMBERS, 1.0) | {"pixel_epe_mean": e} for e in [1.0] * 7 + [9.0] * 3]
    summary = summarise_flows(pairs)
    assert summary["divergence_threshold"] == 2.0
    assert summary["divergence_onset_frame"] == 3  # of the average over pairs 3 to 7
    assert summary["pixel_epe_mean_max"] == 9.0
    assert summary["mf_epe_auc"] == 1.0
    assert summarise_flows(pairs[:6])["divergence_onset_frame"] is None
