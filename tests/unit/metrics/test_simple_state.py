"""What is copied of an instance, what is shared with it, and what travels."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import torch

from avmeter.metrics.simple_state import Accumulated


class Total:
    """A sum, with a network and a lock."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.seen = {"values": self.values}
        self.network = torch.nn.Linear(2, 1)
        self.lock = threading.Lock()
        self._device = torch.device("meta")


class Slotted:
    """Without a dict."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: list[float] = []


def sent_and_received(state: Accumulated) -> Accumulated:
    found: Accumulated = pickle.loads(pickle.dumps(state))  # noqa: S301 - its own bytes
    return found


def test_values_are_copied_and_what_cannot_be_is_shared() -> None:
    """Networks are not copied either: a copy for each corpus would be a second network in memory."""
    prepared: Any = Total()
    prepared.me = prepared
    found = Accumulated(prepared).instance
    found.values.append(1.0)
    assert prepared.values == []
    assert found.seen["values"] is found.values
    assert found.me is found
    assert (found.network, found.lock) == (prepared.network, prepared.lock)


def test_what_is_shared_stays_at_home() -> None:
    """On the way it is left out; the state of the other process gives it back, with the device there."""
    sent = Accumulated(Total())
    sent.instance.values.append(1.0)
    sent.count = 1
    came: Any = sent_and_received(sent)
    assert not {"network", "lock"} & vars(came.instance).keys()
    prepared = Total()
    prepared._device = torch.device("cpu")
    came.share_with(Accumulated(prepared))
    assert came.instance.network is prepared.network
    assert came.instance._device == torch.device("cpu")
    assert (came.instance.values, came.count) == ([1.0], 1)
    again = came.copied()
    again.instance.values.append(2.0)
    assert (came.instance.values, again.count) == ([1.0], 1)
    assert "network" not in vars(sent_and_received(again).instance)


def test_instance_without_a_dict_is_copied_and_sent_whole() -> None:
    """As `copy` and `pickle` do it."""
    prepared = Slotted()
    state = Accumulated(prepared)
    state.instance.values.append(1.0)
    assert prepared.values == []
    came = sent_and_received(state)
    came.share_with(state)
    assert came.copied().instance.values == [1.0]
