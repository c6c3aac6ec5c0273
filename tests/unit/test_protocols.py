"""Names of the published harnesses."""

import pytest

from avmeter import protocols
from avmeter.errors import UnknownNameError


def test_a_misspelt_protocol_is_refused_with_the_right_name():
    """The message proposes what was meant."""
    with pytest.raises(UnknownNameError, match="av-benchmrk") as caught:
        protocols.check_protocol("av-benchmrk")
    assert "av-benchmark" in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_a_known_protocol_is_returned_as_it_is(name):
    """Names go through unchanged into options and results."""
    assert protocols.check_protocol(name) == name
