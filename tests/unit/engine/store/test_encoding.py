"""Features survive as bytes, and no other bytes are taken for features."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avmeter.engine.store.encoding import decode_features, encode_features
from avmeter.features.base import Features
from support.stores import assert_same, features


@given(
    hnp.arrays(st.sampled_from(["f4", "f8", "i8", "u1", "?"]), hnp.array_shapes(min_dims=0, min_side=0, max_dims=3)),
    st.text(),
    st.booleans(),
)
def test_encoded_features_come_back(array, text, dummy):
    """Arrays of any type and shape, text and the dummy mark survive the store's encoding."""
    original = Features(arrays={"a": array, "b": array}, facts={"text": text}, dummy=dummy)
    assert_same(decode_features(encode_features(original)), original)


def test_truncated_payload_is_an_error():
    """A damaged value is noticed, not returned."""
    payload = encode_features(features())
    with pytest.raises(ValueError, match="buffer"):
        decode_features(payload[:-4])
    with pytest.raises(ValueError, match="describes"):
        decode_features(payload + b"xxxx")


def test_object_arrays_cannot_enter_through_a_store():
    """A forged header cannot make NumPy build objects."""
    payload = encode_features(features()).replace(b'"<f4"', b'"|O8"')
    with pytest.raises(ValueError, match="objects"):
        decode_features(payload)


def headed(header: object, rest: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<I", len(text)) + text + rest


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x01\x02",
        headed([]),
        headed("text"),
        headed(None),
        headed(b"[" * 100_000),
        headed(b"\xff\xfe"),
        headed({"facts": {}, "dummy": False}),
        headed({"arrays": 3, "facts": {}, "dummy": False}),
        headed({"arrays": [["a"]], "facts": {}, "dummy": False}),
        headed({"arrays": [["a", "<d8", [1]]], "facts": {}, "dummy": False}, b"12345678"),
        headed({"arrays": [["a", 4, [1]]], "facts": {}, "dummy": False}),
        headed({"arrays": [["a", "f4,(2", [1]]], "facts": {}, "dummy": False}),
        headed({"arrays": [["a", "<f4", [-1]]], "facts": {}, "dummy": False}, b"1234"),
        headed({"arrays": [["a", "<f4", ["1"]]], "facts": {}, "dummy": False}, b"1234"),
        headed({"arrays": [["a", "<f4", [2**62, 2**62]]], "facts": {}, "dummy": False}, b"1234"),
        headed({"arrays": [[["a"], "<f4", [1]]], "facts": {}, "dummy": False}, b"1234"),
        headed({"arrays": [], "facts": [], "dummy": False}),
        headed({"arrays": [], "facts": {}, "dummy": 1}),
        headed(b'{"arrays": [], "facts": {}, "dummy": false} 1'),
    ],
)
def test_whatever_is_wrong_with_a_payload_is_one_kind_of_error(payload):
    """Headers of any other form, of any depth and with any type, are a ValueError."""
    with pytest.raises(ValueError, match="damaged"):
        decode_features(payload)


def test_flipped_bits_are_features_or_one_kind_of_error():
    """No flipped bit of a payload raises anything else."""
    payload = encode_features(features(text="hello", level=-20.9))
    for bit in range(8 * len(payload)):
        damaged = bytearray(payload)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            decode_features(bytes(damaged))
        except ValueError:
            continue


@pytest.mark.parametrize("fact", [float("nan"), object()])
def test_facts_that_json_lacks_are_an_error(fact):
    """They are refused when they are stored, not when they are read."""
    with pytest.raises(ValueError, match=r"JSON"):
        encode_features(Features(facts={"level": fact}))


def test_objects_are_refused_when_they_are_stored():
    """An array of objects never gets into a store."""
    with pytest.raises(ValueError, match="objects"):
        encode_features(Features(arrays={"a": np.array([None])}))
