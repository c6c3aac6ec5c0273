"""Extractors are rebuilt in other processes from a recipe."""

import pickle

import pytest

from avmeter.engine.decode.messages import DecodeTask, Recipe
from avmeter.features.base import get_extractor
from avmeter.registry import EXTRACTORS
from avmeter.sample import MediaSource


@pytest.mark.parametrize("name", EXTRACTORS.names())
def test_recipe_builds_an_interchangeable_extractor(name):
    """Name and options make the same identity, for every extractor that a process may be asked to build."""
    original = get_extractor(name)
    assert Recipe.of(original).build().identity() == original.identity()


def test_recipe_keeps_options_that_are_not_the_defaults():
    """They are part of the identity."""
    original = get_extractor("synchformer_video", protocol="av-benchmark", short="loop")
    built = Recipe.of(original).build()
    assert built.identity() == original.identity() != get_extractor("synchformer_video").identity()


def test_task_travels_with_the_state_that_came_with_loading(tmp_path):
    """What `load` found out about the device shapes the windows too."""
    original = get_extractor("synchformer_video")
    original.streams_frames = True
    task = DecodeTask(source=MediaSource(path=tmp_path / "a.mp4"), recipes={5: Recipe.of(original)})
    sent = pickle.loads(pickle.dumps(task))  # noqa: S301 - made here
    assert (sent.source.path, sent.recipes) == (task.source.path, task.recipes)
    assert sent.recipes[5].build().streams_frames
