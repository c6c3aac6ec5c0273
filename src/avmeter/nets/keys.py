"""Mapping between a network's own parameter names and those of its official checkpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from avmeter.errors import WeightsError


@dataclass(frozen=True, kw_only=True)
class KeyMap:
    """Renaming rules, own name -> official name, and what the official file holds besides.

    Attributes:
        rules: (pattern, replacement) pairs for `re.sub`; all are applied, in order, to the own name.
        unused: Patterns (full match) of official keys that the network never reads.
    """

    rules: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()
    _compiled: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", tuple(re.compile(p) for p in self.unused))

    def official(self, own: str) -> str:
        """Return the official checkpoint's name of the parameter called `own` here."""
        for pattern, replacement in self.rules:
            own = re.sub(pattern, replacement, own)
        return own

    def is_unused(self, official: str) -> bool:
        """Return True if the network is known never to read this official key."""
        return any(p.fullmatch(official) for p in self._compiled)

    def load(self, net: nn.Module, official_state: Mapping[str, Tensor], *, source: str) -> None:
        """Copy an official checkpoint into `net`, strictly: every key is used or known to be unused.

        Args:
            net: Network whose `state_dict` keys map to official ones through this table.
            official_state: Official key -> tensor.
            source: Name of the checkpoint for the message.

        Raises:
            WeightsError: A key is missing, unexpected, or has another shape.
        """
        own_state = net.state_dict()
        own_names = {self.official(own): own for own in own_state}
        missing = sorted(set(own_names) - set(official_state))
        unexpected = sorted(k for k in official_state if k not in own_names and not self.is_unused(k))
        shapes = sorted(
            f"{k} is {tuple(official_state[k].shape)}, needs {tuple(own_state[own].shape)}"
            for k, own in own_names.items()
            if k in official_state and official_state[k].shape != own_state[own].shape
        )
        if missing or unexpected or shapes:
            parts = [
                f"{title}: {', '.join(names[:5])}{' ...' if len(names) > 5 else ''} ({len(names)})"
                for title, names in (("missing", missing), ("unexpected", unexpected), ("shape", shapes))
                if names
            ]
            raise WeightsError(
                f"{source}: not a checkpoint of {type(net).__name__} ({'; '.join(parts)})",
                hint="check that the file is the one named in the catalog: `avmeter weights verify`",
            )
        net.load_state_dict({own: official_state[official] for official, own in own_names.items()})
