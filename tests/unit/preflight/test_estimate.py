"""How long a run may take."""

from __future__ import annotations

from avmeter.engine.compute.store_share import StoreShare
from avmeter.preflight.estimate import TimeEstimate, estimate_time

PASST, WHISPER = '["passt", "1", {}]', '["whisper", "1", {}]'


def _share() -> StoreShare:
    return StoreShare(needed={PASST: 10, WHISPER: 4}, stored={PASST: 5, WHISPER: 0})


def test_what_is_stored_takes_no_time() -> None:
    """Five features of 2 s and four of 1 s, of a tenth of the set, on two devices."""
    found = estimate_time(_share(), {PASST: 2.0, WHISPER: 1.0}, share_of_samples=0.1, num_devices=2)
    assert found == TimeEstimate(seconds=14.0 / 0.1 / 2)


def test_what_was_never_measured_is_named() -> None:
    """The rest is a lower bound, and unknown if there is no rest."""
    assert estimate_time(_share(), {PASST: 2.0}, share_of_samples=1.0) == TimeEstimate(
        seconds=10.0, unmeasured=("whisper",)
    )
    assert estimate_time(_share(), {}, share_of_samples=1.0).seconds is None


def test_run_out_of_the_store_takes_none() -> None:
    """Also on a machine that measured nothing."""
    assert estimate_time(StoreShare(needed={PASST: 1}, stored={PASST: 1}), {}, share_of_samples=1.0).seconds == 0.0
