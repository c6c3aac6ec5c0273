"""Metrics go to other processes where those can import them, whatever group they are of."""

import importlib
import pickle
import sys
import threading
from datetime import date

import numpy as np
import pytest

from avmeter.engine.executors.portable import can_travel, extractor_modules, is_portable
from avmeter.metrics.resolve import resolve_metrics
from avmeter.metrics.simple_form import adapt
from avmeter.registry import METRICS, list_metrics
from avmeter.sample import as_samples
from support.engine import MeanMetric


class InSimpleForm:
    """As users write it."""

    def compute(self, sample):
        return 1.0


def test_every_metric_of_this_package_is_portable():
    """In every group that there is or comes to be."""
    for name in list_metrics():
        assert is_portable(METRICS.get(name)()) or name not in METRICS.builtin(), name


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A metric with an extractor in a module of another package."""
    (tmp_path / "plugin_of_a_test.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(METRICS._classes, "mine.pid", raising=False)
    yield importlib.import_module("plugin_of_a_test")
    del sys.modules["plugin_of_a_test"]
    METRICS._classes.pop("mine.pid", None)


PLUGIN = """
import os
from avmeter import Metric, MetricResult, register
from avmeter.metrics.base import Need

@register("mine.pid")
class Pid(Metric):
    direction = "none"

    @property
    def needs(self):
        return (Need(name="x", field="audio", extractor="loudness"),)

    def score(self, sample, features):
        return MetricResult(self.name, float(os.getpid()))
"""


def test_metric_of_an_importable_module_is_portable(plugin):
    """A plug-in's too; the module of its extractor goes along."""
    metric = plugin.Pid()
    assert is_portable(metric)
    assert extractor_modules([metric]) == ("avmeter.features.signal.loudness",)


def test_metric_of_a_function_or_in_the_simple_form_stays_here():
    """The first has no name to import; the second is set up on this process's device."""

    class Local(MeanMetric):
        pass

    assert not is_portable(Local())
    assert not is_portable(adapt("user.one", InSimpleForm()))


def test_metric_whose_extractor_has_no_importable_class_stays_here(monkeypatch):
    """A worker could not build the extractor."""
    from avmeter.registry import EXTRACTORS

    class Hidden(EXTRACTORS.get("test_blocks")):
        pass

    assert is_portable(MeanMetric())
    monkeypatch.setitem(EXTRACTORS._classes, "test_blocks", Hidden)
    assert not is_portable(MeanMetric())


def test_order_of_named_metrics_does_not_matter():
    """Modules are sorted, so that equal runs send equal messages."""
    names = ["audio.loudness", "av.align"]
    metrics = resolve_metrics(names)
    assert extractor_modules(metrics.values()) == extractor_modules(reversed(metrics.values()))


@pytest.mark.parametrize("value", [3, "text", {"a": [1.5, (None,)]}, np.ones(3), date(2026, 1, 1)])
def test_samples_with_values_that_others_can_read_travel(value):
    """What tables and data sets hold."""
    assert can_travel(as_samples([{"id": "a"}, {"id": "b", "note": value}]))


@pytest.mark.parametrize("value", [threading.Lock(), lambda: 1, [type("Mine", (), {})()], (i for i in range(3))])
def test_samples_with_values_that_no_other_process_reads_stay(value):
    """Locks, functions and classes of a script, generators."""
    assert not can_travel(as_samples([{"id": "a"}, {"id": "b", "note": value}]))


def test_pickler_of_whoever_sends_decides():
    """One that takes classes along sends more than one that takes their names."""
    samples = as_samples([{"id": "a", "note": [type("Mine", (), {})()]}])
    assert can_travel(samples, lambda value: b"")
    assert not can_travel(samples, pickle.dumps)
