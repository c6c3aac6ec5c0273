"""Prompt data sets by name: those that users register. avmeter ships none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypedDict, TypeVar

from avmeter.errors import MissingDependencyError, UnknownNameError

_OF_FASTVIDEO = ("physics_iq", "vbench")


class Sample(TypedDict, total=False):
    """Keys of a row; only `prompt` is expected in each."""

    prompt: str
    n_samples: int
    dimensions: list[str]
    auxiliary_info: dict[str, Any]
    image_path: str
    reference_video: str


class PromptDataset:
    """Rows with prompts, as dicts; derived classes fill `_rows`."""

    name: str = ""
    description: str = ""
    supports_dimensions: bool = False
    requires_reference_image: bool = False
    requires_reference_video: bool = False

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]

    def by_dimension(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows by dimension; a row of several is in each."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows:
            for dimension in row.get("dimensions", ()):
                found.setdefault(dimension, []).append(row)
        return found


BasePromptDataset = PromptDataset
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
