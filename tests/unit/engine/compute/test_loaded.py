"""Each extractor is loaded once; one that cannot be is asked once, until all are dropped."""

from avmeter.engine.compute.activity import Activity
from avmeter.engine.compute.loaded import LoadedExtractors
from avmeter.errors import SkipCode
from avmeter.runtime import CoreShare
from support.engine import Blocks, runtime


def test_extractor_is_loaded_once_and_again_after_unload():
    """Equal ones share it."""
    activity, extractor = Activity(), Blocks()
    loaded = LoadedExtractors(runtime(), activity)
    assert [loaded.load(extractor), loaded.load(extractor), loaded.load(Blocks())] == [None] * 3
    assert (extractor.loads, activity.stage) == (1, "loading test_blocks")
    loaded.unload()
    assert loaded.load(extractor) is None
    assert extractor.loads == 2


def test_extractor_that_cannot_be_loaded_is_the_same_skip_each_time():
    """Each try could take a while."""
    loaded, extractor = LoadedExtractors(runtime(), Activity()), Blocks(fail="weights")
    skips = [loaded.load(extractor) for _ in range(2)]
    assert {s.code for s in skips} == {SkipCode.WEIGHTS_UNAVAILABLE}
    assert extractor.loads == 1


def test_networks_of_fixed_threads_are_built_anew_when_there_is_more_to_do(monkeypatch):
    """Others stay; less to do changes nothing."""
    monkeypatch.setattr(CoreShare, "among", lambda count, **_: CoreShare(num_lanes=min(4, count), threads=1))
    device = runtime()
    loaded = LoadedExtractors(device, Activity())
    fixed, other = Blocks(), Blocks(fail="loud")
    fixed.is_sized_to_cores = True
    loaded.share_cores(2)
    assert (device.cores.num_lanes, loaded.has_too_few_lanes(3)) == (2, False)
    loaded.load(fixed), loaded.load(other)
    assert loaded.has_too_few_lanes(3)
    assert not loaded.has_too_few_lanes(1)
    loaded.share_cores(1)
    assert device.cores.num_lanes == 2
    loaded.share_cores(8)
    assert device.cores.num_lanes == 4
    loaded.load(fixed), loaded.load(other)
    assert (fixed.loads, other.loads) == (2, 1)
