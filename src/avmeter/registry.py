"""Names of metrics and feature extractors, resolved when needed.

A built-in metric `audio.wer` lives in `avmeter/metrics/audio/wer.py`, an extractor `clap_text` in
`avmeter/features/clap/text.py`: the file name is the registration, so listing imports nothing. Plug-ins come through
the entry point groups `avmeter.metrics` and `avmeter.extractors` (name = metric name, value = `module:Class`), and
user code through `register`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import Any, TypeVar

from avmeter.errors import MissingDependencyError, UnknownNameError, UsageError

T = TypeVar("T", bound=type)


class Registry:
    """Lazily resolved classes by name.

    Args:
        kind: Word for messages ("metric").
        packages: Package -> prefix of the names of its modules ("audio." for `audio/wer.py`).
        group: Entry point group of plug-ins.
    """

    def __init__(self, kind: str, packages: dict[str, str], group: str) -> None:
        self._kind = kind
        self._packages = packages
        self._group = group
        self._classes: dict[str, type[Any]] = {}

    def add(self, name: str, cls: type[Any]) -> None:
        """Bind `name` to `cls`; a second class of the same name is refused."""
        known = self._classes.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise UsageError(
                f"{self._kind} `{name}` is already registered by {known.__module__}.{known.__qualname__}",
                hint="choose another name",
            )
        self._classes[name] = cls

    def _targets(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for package, prefix in self._packages.items():
            spec = importlib.util.find_spec(package)
            for module in pkgutil.iter_modules(spec.submodule_search_locations if spec else None):
                if not module.ispkg and not module.name.startswith("_") and module.name != "base":
                    found[prefix + module.name] = f"{package}.{module.name}"
        for entry in entry_points(group=self._group):
            found.setdefault(entry.name, entry.value)
        return found

    def names(self) -> list[str]:
        """All names, sorted, without importing what is behind them."""
        return sorted({*self._targets(), *self._classes})

    def get(self, name: str) -> type[Any]:
        """The class called `name`.

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


_FAMILIES = {
    "audioset": "", "clap": "clap_", "imagebind": "imagebind_", "pe_av": "pe_av_", "quality": "", "signal": "",
    "speaker": "speaker_", "speech": "", "synchformer": "synchformer_",
}  # fmt: skip

METRICS = Registry("metric", {"avmeter.metrics.audio": "audio.", "avmeter.metrics.av": "av."}, "avmeter.metrics")
EXTRACTORS = Registry(
    "extractor", {f"avmeter.features.{f}": prefix for f, prefix in _FAMILIES.items()}, "avmeter.extractors"
)


def register(name: str) -> Callable[[T], T]:
    """Class decorator: make a metric available under `name` ("group.metric").

    The class is a `Metric`, a `CorpusMetric`, or any class with `compute(sample)` or with `accumulate(sample)` and
    `finalize()`.
    """

    def wrapper(cls: T) -> T:
        METRICS.add(name, cls)
        return cls

    return wrapper


def register_extractor(name: str) -> Callable[[T], T]:
    """Class decorator: make a feature extractor available under `name`."""

    def wrapper(cls: T) -> T:
        EXTRACTORS.add(name, cls)
        return cls

    return wrapper


def list_metrics(group: str | None = None) -> list[str]:
    """Names of all metrics, or of those in `group` ("audio"), sorted."""
    names = METRICS.names()
    return names if group in (None, "all") else [n for n in names if n.startswith(f"{group}.")]


def missing_packages(modules: Iterable[str]) -> list[str]:
    """Those of these importable module names that are not installed."""
    return [m for m in modules if importlib.util.find_spec(m) is None]


def require_packages(owner: str, modules: Iterable[str], extra: str) -> None:
    """Raise `MissingDependencyError` with the command that installs what `owner` lacks."""
    missing = missing_packages(modules)
    if missing:
        raise MissingDependencyError(
            f"{owner} needs {', '.join(f'`{m}`' for m in missing)}, which is not installed",
            hint=f"pip install 'avmeter[{extra}]'",
        )
