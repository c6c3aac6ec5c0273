"""Prompt data sets by name: those that users register. avmeter ships none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from avmeter.errors import MissingDependencyError, UnknownNameError
from avmeter.fastvideo.datasets.base import PromptDataset

_OF_FASTVIDEO = ("physics_iq", "vbench")
T = TypeVar("T", bound=type[PromptDataset])


class DatasetRegistry:
    """Classes of data sets by name."""

    def __init__(self) -> None:
        self._classes: dict[str, type[PromptDataset]] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorate a class to make it the data set `name`."""

        def wrapper(cls: T) -> T:
            cls.name = name
            self._classes[name] = cls
            return cls

        return wrapper

    def get(self, name: str, **options: Any) -> PromptDataset:
        """Return the data set called `name`.

        Raises:
            MissingDependencyError: It is one of FastVideo's own.
            UnknownNameError: No such data set.
        """
        if name in self._classes:
            return self._classes[name](**options)
        if name in _OF_FASTVIDEO:
            raise MissingDependencyError(
                f"the data set `{name}` is FastVideo's and not in avmeter",
                hint="generate with FastVideo, then give the clips and their prompts to samples_from()",
            )
        raise UnknownNameError.among("data set", name, self._classes)

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._classes)


DATASETS = DatasetRegistry()
register_dataset = DATASETS.register
get_dataset = DATASETS.get
list_datasets = DATASETS.names
