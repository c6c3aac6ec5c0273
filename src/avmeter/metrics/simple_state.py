"""The state of a corpus metric in the simple form: an instance of the user's class, of its own as far as it can be."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn


class Accumulated:
    """An instance that accumulates one part of a corpus.

    What the prepared instance holds is copied. Networks are shared with it, and so is what cannot be copied (locks,
    clients, open files); neither travels to another process.

    Args:
        prepared: The instance after `setup`.

    Attributes:
        instance: The copy.
        count: How many samples it has accumulated.
    """

    def __init__(self, prepared: Any) -> None:
        self.count = 0
        self._shared: set[str] = set()
        self.instance = self._copied(prepared) if hasattr(prepared, "__dict__") else copy.deepcopy(prepared)

    def _copied(self, prepared: Any) -> Any:
        made = object.__new__(type(prepared))
        memo: dict[int, Any] = {id(prepared): made}  # what refers to the instance refers to its copy
        for name, value in vars(prepared).items():
            vars(made)[name] = self._own(name, value, memo)
        return made

    def _own(self, name: str, value: Any, memo: dict[int, Any]) -> Any:
        if not isinstance(value, nn.Module):
            try:
                return copy.deepcopy(value, memo)
            except Exception:  # noqa: BLE001 - what is copied may be anybody's code
                pass
        self._shared.add(name)
        return value

    def __getstate__(self) -> dict[str, Any]:
        """Send what was accumulated, without what is shared."""
        if not hasattr(self.instance, "__dict__"):
            return {"whole": self.instance, "count": self.count}
        own = {
            name: value
            for name, value in vars(self.instance).items()
            if name not in self._shared and not isinstance(value, nn.Module)
        }
        return {"kind": type(self.instance), "own": own, "count": self.count}

    def __setstate__(self, sent: dict[str, Any]) -> None:
        self.count = sent["count"]
        self._shared = set()
        if "whole" in sent:
            self.instance = sent["whole"]
            return
        self.instance = object.__new__(sent["kind"])
        vars(self.instance).update(sent["own"])

    def share_with(self, other: Accumulated) -> None:
        """Take the device of another, and what it shares and this one lacks, as after the way to its process."""
        here, own = getattr(other.instance, "__dict__", {}), getattr(self.instance, "__dict__", {})
        lacking = {name for name in other._shared if name in here and name not in own}
        own.update({name: here[name] for name in lacking | ({"_device"} & here.keys())})
        self._shared |= lacking

    def copied(self) -> Accumulated:
        """Return a state of its own with the same in it."""
        made = Accumulated(self.instance)
        made.count = self.count
        return made
