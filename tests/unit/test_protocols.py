"""Names of the published harnesses, and how much of a clip each reads."""

import pytest

from avmeter import protocols
from avmeter.errors import UnknownNameError, UsageError


def test_a_misspelt_protocol_is_refused_with_the_right_name():
    """The message proposes what was meant, with a length behind it, too."""
    for name in ("av-benchmrk", "av-benchmrk@10s"):
        with pytest.raises(UnknownNameError, match="av-benchmrk") as caught:
            protocols.check_protocol(name)
        assert "av-benchmark" in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_a_known_protocol_is_returned_as_it_is(name):
    """Names go through unchanged into options and results."""
    assert protocols.check_protocol(name) == name


@pytest.mark.parametrize(
    ("given", "written", "length_s"),
    [
        ("fastvideo", "fastvideo", None),
        ("av-benchmark", "av-benchmark", 8.0),
        ("av-benchmark@8.0s", "av-benchmark", 8.0),
        ("av-benchmark@10", "av-benchmark@10s", 10.0),
        ("av-benchmark@10.0s", "av-benchmark@10s", 10.0),
        ("av-benchmark@7.25", "av-benchmark@7.25s", 7.25),
    ],
)
def test_equal_lengths_are_one_protocol(given, written, length_s):
    """However they are written: features in the store and runs to be compared are found by the name."""
    found = protocols.check_protocol(given)
    assert found == written
    assert protocols.check_protocol(found) == found
    assert protocols.read_length_s(found) == length_s
    assert protocols.harness_of(found) == given.partition("@")[0]


@pytest.mark.parametrize("length", ["", "0", "-1s", "nan", "inf", "ten", "10 m"])
def test_a_length_that_is_none_is_refused(length):
    """With a way to write one."""
    with pytest.raises(UsageError, match="is no number of seconds") as caught:
        protocols.check_protocol(f"av-benchmark@{length}")
    assert "av-benchmark@10s" in caught.value.hint


def test_a_harness_that_reads_clips_whole_takes_no_length():
    """A length would be passed over."""
    with pytest.raises(UsageError, match="fastvideo reads clips whole"):
        protocols.check_protocol("fastvideo@10s")
