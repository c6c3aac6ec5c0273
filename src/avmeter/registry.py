"""Names of metrics and feature extractors, resolved when needed.

A built-in metric `audio.wer` lives in `avmeter/metrics/audio/wer.py`, an extractor `clap_text` in
`avmeter/features/clap/text.py`: the file is what makes the name known, so listing loads none of them. Every folder in
`metrics/` is a group, whose name is the first part of its metrics' names. Every folder in `features/` is a family; its
`__init__.py` says in `PREFIX` what the names of its extractors begin with ("clap_"; "" where file names are enough).
A file called `base.py` holds what the others of its folder share.

Plug-ins come through the entry point groups `avmeter.metrics` and `avmeter.extractors` (name = metric name, value =
`module:Class`), and user code through `register`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from typing import Any, TypeVar

from avmeter.errors import MissingDependencyError, UnknownNameError, UsageError

T = TypeVar("T", bound=type)


class Registry:
    """Lazily resolved classes by name.

    Args:
        kind: Word for messages ("metric").
        package: Package whose sub-packages hold the built-in classes, one module each.
        prefix_of: Full name of a sub-package -> what the names of its modules begin with.
        group: Entry point group of plug-ins.
    """

    def __init__(self, kind: str, package: str, *, prefix_of: Callable[[str], str], group: str) -> None:
        self._kind = kind
        self._package = package
        self._prefix_of = prefix_of
        self._group = group
        self._classes: dict[str, type[Any]] = {}
        self._overridden: set[str] = set()

    def add(self, name: str, cls: type[Any], *, override: bool = False) -> None:
        """Bind `name` to `cls`, and set it as the class's `name` unless it has one of its own.

        Args:
            name: Its name.
            cls: The class.
            override: Take the name from whichever class has it, also from one of this package.

        Raises:
            UsageError: Another class has that name.
        """
        if override:
            self._overridden.add(name)
        elif name in self._overridden and cls.__module__ == self.builtin().get(name):
            return  # the module behind the name is imported after its name was taken
        known = None if override else self._classes.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise UsageError(
                f"{self._kind} `{name}` is already registered by {known.__module__}.{known.__qualname__}",
                hint="choose another name, or pass `override=True`",
            )
        if "name" not in vars(cls):
            cls.name = name
        self._classes[name] = cls

    def builtin(self) -> dict[str, str]:
        """Name -> module of every class of this package, without importing those modules."""
        found: dict[str, str] = {}
        for folder in _modules_in(self._package):
            if not folder.ispkg:
                continue
            package = f"{self._package}.{folder.name}"
            prefix = self._prefix_of(package)
            for module in _modules_in(package):
                if not module.ispkg and module.name != "base":
                    found[prefix + module.name] = f"{package}.{module.name}"
        return found

    def _targets(self) -> dict[str, str]:
        found = self.builtin()
        for entry in entry_points(group=self._group):
            found.setdefault(entry.name, entry.value)
        return found

    def names(self) -> list[str]:
        """Return all names, sorted, without importing the classes."""
        return sorted({*self._targets(), *self._classes})

    def get(self, name: str) -> type[Any]:
        """Return the class called `name`, imported if need be.

        Raises:
            UnknownNameError: No such name.
            MissingDependencyError: The module behind it cannot be imported (a broken plug-in).
        """
        if name not in self._classes:
            targets = self._targets()
            if name not in targets:
                raise UnknownNameError.among(self._kind, name, {*targets, *self._classes})
            module, _, attribute = targets[name].partition(":")
            try:
                loaded = importlib.import_module(module)
                if attribute:
                    self.add(name, getattr(loaded, attribute))
            except (ImportError, AttributeError) as error:
                raise MissingDependencyError(
                    f"{self._kind} `{name}` cannot be loaded from {targets[name]}: {error}",
                    hint="install what it needs, or remove the package that it comes from",
                ) from error
            if name not in self._classes:
                raise UsageError(f"module {module} does not register a {self._kind} called `{name}`")
        return self._classes[name]


def _modules_in(package: str) -> Iterator[pkgutil.ModuleInfo]:
    spec = importlib.util.find_spec(package)
    return pkgutil.iter_modules(spec.submodule_search_locations if spec else None)


def _group_prefix(package: str) -> str:
    return f"{package.rpartition('.')[2]}."


def _family_prefix(package: str) -> str:
    prefix: str = importlib.import_module(package).PREFIX
    return prefix


METRICS = Registry("metric", "avmeter.metrics", prefix_of=_group_prefix, group="avmeter.metrics")
EXTRACTORS = Registry("extractor", "avmeter.features", prefix_of=_family_prefix, group="avmeter.extractors")


def register(name: str, *, override: bool = False) -> Callable[[T], T]:
    """Decorate a class to make it available as the metric `name` ("group.metric"), which becomes its `name`.

    The class is a `Metric`, a `CorpusMetric`, or any class with `compute(sample)` or with `accumulate(sample)` and
    `finalize()`. With `override` it replaces the class that has the name.
    """

    def wrapper(cls: T) -> T:
        METRICS.add(name, cls, override=override)
        return cls

    return wrapper


def register_extractor(name: str) -> Callable[[T], T]:
    """Decorate a class to make it available as the feature extractor `name`, which becomes its `name`."""

    def wrapper(cls: T) -> T:
        EXTRACTORS.add(name, cls)
        return cls

    return wrapper


def list_metrics(group: str | None = None) -> list[str]:
    """Return the names of all metrics, or of those in `group` ("audio"), sorted."""
    names = METRICS.names()
    return names if group in (None, "all") else [n for n in names if n.startswith(f"{group}.")]


def missing_packages(modules: Iterable[str]) -> list[str]:
    """Return those of these importable module names that are not installed."""
    return [m for m in modules if importlib.util.find_spec(m) is None]


def require_packages(owner: str, modules: Iterable[str], extra: str) -> None:
    """Raise `MissingDependencyError` with the command that installs what `owner` lacks."""
    missing = missing_packages(modules)
    if missing:
        raise MissingDependencyError(
            f"{owner} needs {', '.join(f'`{m}`' for m in missing)}, which is not installed",
            hint=f"pip install 'avmeter[{extra}]'",
        )
