"""A job knows when it is complete and who waits for it; a plan, what is derivable and how far the whole is."""

from avmeter.engine.compute.jobs import FeatureJob, OpenPlan
from avmeter.engine.failures import INTERRUPTED
from avmeter.engine.plan import FeatureRequest, Plan
from avmeter.engine.store import FeatureKey
from avmeter.features.base import Features
from support.engine import Blocks

A, B, C, D = (FeatureRequest("x", (name,)) for name in "abcd")


def job(**known):
    return FeatureJob(key=FeatureKey("a", "f"), extractor=Blocks(), **known)


def open_plan(progress=None):
    """A plan of three requests, and one that is derived from two of them."""
    return OpenPlan(Plan(requests={A: (), B: (), C: (), D: (A, B)}), progress)


def test_job_is_complete_once_all_its_windows_have_outputs():
    """Not before their number is known, whichever comes first."""
    found = job()
    found.outputs[0] = {}
    assert not found.is_complete
    found.num_windows = 2
    assert not found.is_complete
    found.outputs[1] = {}
    assert found.is_complete


def test_clip_without_windows_is_complete_at_once():
    """An extractor may find none, and pools nothing."""
    assert job(num_windows=0).is_complete


def test_progress_is_the_share_of_requests_whose_outcome_is_known():
    """One outcome may answer several requests, and what was known before counts."""
    shares = []
    plan = open_plan(shares.append)
    plan.outcomes[A] = Features()
    found = job()
    found.answer(plan, [B, C])
    assert not plan.is_complete
    found.finish(Features())
    assert shares == [0.75]
    assert set(plan.outcomes) == {A, B, C}
    assert plan.is_complete


def test_job_answers_all_plans_that_ask_before_and_after_it_is_done():
    """Equal content of two plans is computed once."""
    first, second, late = open_plan(), open_plan(), open_plan()
    found, features = job(), Features()
    found.answer(first, [A])
    found.answer(second, [B])
    found.finish(features)
    found.answer(late, [C])
    assert (first.outcomes, second.outcomes, late.outcomes) == ({A: features}, {B: features}, {C: features})
    assert all(plan.is_complete for plan in (first, second, late))


def test_what_is_derived_follows_the_last_of_its_parents():
    """At once where they are known already."""
    plan, followed = open_plan(), []
    plan.outcomes[A] = Features()
    plan.follow(D, lambda: followed.append("later"))
    assert followed == []
    parent = job()
    parent.answer(plan, [B])
    parent.finish(Features())
    plan.follow(D, lambda: followed.append("at once"))
    assert followed == ["later", "at once"]


def test_interrupted_plan_keeps_what_is_known():
    """The others are skips."""
    plan, features = open_plan(), Features()
    plan.outcomes[A] = features
    plan.interrupt()
    assert plan.outcomes == {A: features, B: INTERRUPTED, C: INTERRUPTED, D: INTERRUPTED}
