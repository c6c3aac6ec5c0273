"""Values of other people's code that raise when they are looked at."""

from __future__ import annotations

from typing import Any, NoReturn


def _raise(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("hostile")


class Raising:
    """An object that has no text, no items, no length and no truth."""

    __repr__ = __str__ = __iter__ = __len__ = __bool__ = __float__ = __int__ = __index__ = _raise
    __format__ = __eq__ = __ne__ = _raise

    def __hash__(self) -> int:
        return 1


class RaisingText(str):
    """A text that does not give itself away."""

    __slots__ = ()
    __str__ = __repr__ = __len__ = isascii = encode = strip = _raise


class RaisingNumber(float):
    """A number likewise."""

    __float__ = __repr__ = __str__ = __format__ = __abs__ = _raise


class RaisingDict(dict[str, Any]):
    """A dict likewise."""

    items = keys = values = __iter__ = __len__ = get = __getitem__ = __contains__ = _raise


class RaisingList(list[Any]):
    """A list likewise."""

    __iter__ = __len__ = __getitem__ = __bool__ = _raise


class RaisingError(Exception):
    """An exception without a text."""

    __str__ = __repr__ = _raise


class SpokenError(Exception):
    """An exception whose text is whatever it was given."""

    def __init__(self, text: Any) -> None:
        super().__init__()
        self.text = text

    def __str__(self) -> Any:
        return self.text


RAISING = Raising()
