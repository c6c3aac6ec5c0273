"""Stand-in weights against the published rule, `golden/fill.py`: every value bit for bit."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avmeter.weights import dummy
from golden import fill
from support.paths import KEYS

NETWORKS = sorted(path.name.removesuffix(".keys.json") for path in KEYS.glob("*.keys.json"))
SMALL = 50_000


def checkpoint(name: str) -> dict[str, tuple[list[int], str]]:
    """Every official key of a network -> (shape, dtype)."""
    table = json.loads((KEYS / f"{name}.keys.json").read_text())["keys"]
    return {key: (entry["shape"], entry["dtype"]) for key, entry in table.items()}


EVERY_KEY = sorted({(key, tuple(shape)) for name in NETWORKS for key, (shape, _) in checkpoint(name).items()})


def equal(key: str, shape: tuple[int, ...]) -> bool:
    ours = dummy.fill_value(key, shape)
    # The published function gives a scalar the shape (1,).
    published = fill.fill_value(key, shape).reshape(shape)
    return ours.dtype == published.dtype and ours.shape == shape and np.array_equal(ours, published)


@pytest.mark.parametrize("name", NETWORKS)
def test_small_tensors_equal_the_published_fill(name: str) -> None:
    """Every tensor of up to 50,000 values has exactly the published ones."""
    small = [(k, s) for k, (s, _) in checkpoint(name).items() if math.prod(s) <= SMALL]
    assert small
    assert [key for key, shape in small if not equal(key, tuple(shape))] == []


@settings(max_examples=25, deadline=None, derandomize=True)
@given(case=st.sampled_from([(k, s) for k, s in EVERY_KEY if SMALL < math.prod(s) <= 4_000_000]))
def test_large_tensor_drawn_in_chunks_equals_the_published_fill(case: tuple[str, tuple[int, ...]]) -> None:
    """Drawing chunk by chunk changes nothing."""
    assert equal(*case)


LASTS = [
    *("weight", "bias", "in_proj_bias", "running_var", "running_mean", "weight_g", "weight_v", "grep_a", "gamma"),
    *("logit_scale", "logit_scale_a", "bias_k", "pos_embed", "OFF_tok", "mask_emb", "relative_position_bias_table"),
]
STEMS = [
    *("bn0", "a.batch_norm", "my_batch_norm", "a.bn1", "x.relative_attention_bias", "layer_weights", "blocks.0.norm"),
    *("token_embedding", "embeddings.position_embeddings", "a.token_type_embeddings", "conv"),
]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    stem=st.sampled_from(STEMS),
    last=st.sampled_from(LASTS),
    shape=st.lists(st.integers(0, 6), max_size=5).map(tuple),
)
def test_any_key_and_shape_equals_the_published_fill(stem: str, last: str, shape: tuple[int, ...]) -> None:
    """The rules apply in the published order whatever the rank, scalars and empty tensors included."""
    try:
        fill.fill_value(f"{stem}.{last}", shape)
    except ZeroDivisionError:
        return  # an empty convolution: upstream has no value
    assert equal(f"{stem}.{last}", shape)


@pytest.mark.parametrize("name", NETWORKS)
def test_computed_tensors_are_those_of_the_published_rule(name: str) -> None:
    """Exactly the documented names are left to the implementation."""
    keys = checkpoint(name)
    assert [k for k in keys if dummy.is_computed(k)] == [k for k in keys if fill.is_skipped(k)]
