"""Which clips are decoded side by side."""

from pathlib import Path

import numpy as np

from avmeter.engine.compute.side_by_side import decoded_together
from avmeter.engine.decode.messages import SourceGroup
from avmeter.engine.plan import ABSENT, Plan
from avmeter.sample import MediaSource


def plan_of(*names, **others):
    """Files by these names, and other sources."""
    return Plan(sources={**{name: MediaSource(path=Path(name)) for name in names}, **others})


def together(by_source, plan):
    """Names of the clips, or the text, and what each job reads."""
    found = []
    for source, jobs in decoded_together(by_source, plan):
        if isinstance(source, SourceGroup):
            assert source.reads.keys() == jobs.keys()
            found.append(([str(clip) for clip in source.clips], dict(source.reads)))
        else:
            found.append((str(source), sorted(jobs)))
    return found


def test_what_reads_one_clip_goes_with_the_pair_that_it_is_in():
    """On either side; clips without a pair and texts stay by themselves, in the order of their jobs."""
    jobs = {("a",): {0: "x", 1: "y"}, ("c",): {2: "x"}, ("a", "b"): {3: "z"}, ("b",): {4: "x"}, ("text",): {5: "t"}}
    assert together(jobs, plan_of("a", "b", "c", text="a text")) == [
        (["a", "b"], {3: (0, 1), 0: (0,), 1: (0,), 4: (1,)}),
        ("c", [2]),
        ("a text", [5]),
    ]


def test_smaller_groups_go_with_larger_ones_whatever_is_absent():
    """Masks of one metric, the plain pair of another, in other orders too."""
    jobs = {("a", "b"): {0: "x"}, ("a", "b", ABSENT, "m"): {1: "y"}, ("b", "a"): {2: "z"}, ("m",): {3: "w"}}
    assert together(jobs, plan_of("a", "b", "m")) == [
        (["a", "b", "m"], {1: (0, 1, None, 2), 0: (0, 1), 2: (1, 0), 3: (2,)})
    ]


def test_reference_of_several_clips_is_decoded_beside_each():
    """And what reads it alone goes with one of them."""
    jobs = {("a", "r"): {0: "x"}, ("b", "r"): {1: "x"}, ("r",): {2: "y"}, ("b",): {3: "y"}}
    assert together(jobs, plan_of("a", "b", "r")) == [
        (["a", "r"], {0: (0, 1), 2: (1,)}),
        (["b", "r"], {1: (0, 1), 3: (0,)}),
    ]


def test_clip_that_is_compared_with_itself_is_two():
    """Each of them is read by one side; and what reads it alone goes with them."""
    assert together({("a", "a"): {0: "x"}, ("a",): {1: "y"}}, plan_of("a")) == [(["a", "a"], {0: (0, 1), 1: (0,)})]


def test_frames_in_memory_stay_by_themselves():
    """They would get a rate from the other clip, which alone they lack."""
    memory = MediaSource(frames=np.zeros((2, 4, 4, 3), np.uint8))
    jobs = {("m", "b"): {0: "x"}, ("m",): {1: "y"}, ("b",): {2: "y"}}
    found = dict(together(jobs, plan_of("b", m=memory))[1:])
    assert found == {str(memory): [1]}
