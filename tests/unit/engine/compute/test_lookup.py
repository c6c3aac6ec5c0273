"""What is stored is not computed, and what only that was derived from is not even read."""

import numpy as np

from avmeter.engine.compute.keys import Fingerprints
from avmeter.engine.compute.lookup import Lookup
from avmeter.engine.plan import make_plan
from avmeter.errors import SkipCode
from avmeter.features.base import Features
from avmeter.result import Skip
from avmeter.sample import as_samples
from support.engine import CompareMetric, MeanMetric, clip_file, runtime


class Memory(dict):
    """A store in memory that notes what it was asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def get(self, keys):
        keys = list(keys)
        self.asked.extend(keys)
        return {key: self[key] for key in keys if key in self}

    def find(self, keys):
        return {key for key in keys if key in self}


def plan_of(folder, metric):
    pair = {**clip_file(folder, 0.5), "reference_audio": clip_file(folder, 0.1)["audio"]}
    plan = make_plan(as_samples([pair, {**pair, "id": "again"}]), {metric.name: metric}, {})
    return plan, {name: f"content of {name}" for name in plan.sources}


def test_requests_of_equal_content_are_one_job(tmp_path):
    """Two files of the same bytes have one key."""
    plan, content = plan_of(tmp_path, CompareMetric())
    lookup = Lookup(Memory(), Fingerprints(runtime()))
    demand = lookup.demand(plan, content)
    assert (len(demand.direct), len(demand.derived), demand.num_jobs) == (2, 1, 3)
    same = lookup.demand(plan, dict.fromkeys(content, "equal"))
    assert (len(same.direct), len(same.derived)) == (1, 1)
    assert sum(map(len, same.direct.values())) == 2


def test_parents_of_what_is_stored_are_neither_read_nor_computed(tmp_path):
    """They are large, and nobody else reads them."""
    plan, content = plan_of(tmp_path, CompareMetric())
    store = Memory()
    lookup = Lookup(store, Fingerprints(runtime()))
    (derived,) = lookup.demand(plan, content).derived
    store.asked.clear()
    store[derived] = Features(arrays={"difference": np.zeros(1)})
    demand = lookup.demand(plan, content)
    assert (demand.num_stored, demand.num_jobs, store.asked) == (1, 0, [derived])
    share = lookup.share(plan, content)
    assert (share.num_needed, share.num_stored) == (1, 1)


def test_source_without_content_is_known_to_be_a_skip(tmp_path):
    """And is no job."""
    plan, content = plan_of(tmp_path, MeanMetric())
    skip = Skip(code=SkipCode.MISSING_FILE, reason="gone")
    demand = Lookup(Memory(), Fingerprints(runtime())).demand(plan, dict.fromkeys(content, skip))
    assert set(demand.known.values()) == {skip}
    assert demand.num_jobs == 0
