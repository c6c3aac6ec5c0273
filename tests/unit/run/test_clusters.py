"""Clips of one prompt belong together without being asked; another column where the user names it."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.run.clusters import find_clusters
from avmeter.sample import as_samples


def samples(*prompts: str | None, **extras: list[str]):
    own = [{k: v[i] for k, v in extras.items()} for i in range(len(prompts))]
    return as_samples(
        [{"audio": f"{i}.wav", **({"text_prompt": p} if p else {}), **own[i]} for i, p in enumerate(prompts)]
    )


def test_clips_that_share_a_prompt_are_a_cluster() -> None:
    """A clip without a prompt is one of its own."""
    clusters = find_clusters(samples("a dog", "a cat", "a dog ", None, None))
    assert clusters.column == "text_prompt"
    assert clusters.labels[0] == clusters.labels[2]
    assert len(set(clusters.labels)) == 4


@pytest.mark.parametrize("prompts", [("a", "b", "c"), ("a", "a", "a"), (None, None)])
def test_nothing_to_group_by_leaves_clips_alone(prompts: tuple[str | None, ...]) -> None:
    """Prompts of one clip each, and one prompt for all: then there is nothing but these clips to resample."""
    assert find_clusters(samples(*prompts)) is None


def test_named_column_goes_before_the_prompt() -> None:
    """Even where all share one value; "id" turns grouping off."""
    found = samples("a", "a", "b", speaker=["x", "x", "x"])
    assert len(set(find_clusters(found, "speaker").labels)) == 1
    assert find_clusters(found, "id") is None
    with pytest.raises(UnknownNameError):
        find_clusters(found, "speakr")


def test_reference_context_makes_no_cluster() -> None:
    """Captions of the reference set say nothing about the clips to be scored."""
    found = as_samples(
        [{"audio": f"{i}.wav", "text_prompt": "a", "role": r} for i, r in enumerate(["generated", "reference"])]
        + [{"audio": "c.wav", "text_prompt": "b"}]
    )
    assert find_clusters(found) is None
