"""A job knows when it is complete; outcomes tell how far the whole is."""

from avmeter.engine.compute.jobs import FeatureJob, Outcomes
from avmeter.engine.plan import FeatureRequest
from avmeter.engine.store import FeatureKey
from avmeter.features.base import Features
from support.engine import Blocks

A, B, C = (FeatureRequest("x", (name,)) for name in "abc")


def test_job_is_complete_once_all_its_windows_have_outputs():
    """Not before their number is known, whichever comes first."""
    job = FeatureJob(requests=[A], key=FeatureKey("a", "f"), extractor=Blocks())
    job.outputs[0] = {}
    assert not job.is_complete
    job.num_windows = 2
    assert not job.is_complete
    job.outputs[1] = {}
    assert job.is_complete


def test_clip_without_windows_is_complete_at_once():
    """An extractor may find none, and pools nothing."""
    assert FeatureJob(requests=[A], key=FeatureKey("a", "f"), extractor=Blocks(), num_windows=0).is_complete


def test_progress_is_the_share_of_requests_whose_outcome_is_known():
    """One outcome may answer several requests."""
    shares = []
    outcomes = Outcomes({A: Features()}, num_requests=4, progress=shares.append)
    outcomes.record([B, C], Features())
    assert shares == [0.75]
    assert set(outcomes) == {A, B, C}
