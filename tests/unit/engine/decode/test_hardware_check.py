"""The check of a decoder finds one that works, one that fails and one that differs."""

import pytest

from avmeter.engine.decode.hardware_check import fault_of
from support.hardware import PlayedHardware


def changed(frame):
    frame[-1, -1] ^= 1
    return frame


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, ""),
        ({"fails_at": 1}, "RuntimeError: the card has gone"),
        ({"changes": changed}, "its pixels are not those of libav"),
    ],
    ids=["works", "fails", "differs"],
)
def test_fault_is_said(options, fault):
    """To the last bit of the last pixel."""
    assert fault_of(PlayedHardware(**options)) == fault
