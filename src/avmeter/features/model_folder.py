"""Models that are either an entry of the weights catalog or a folder of the user's."""

from __future__ import annotations

import abc
import contextlib
import hashlib
import os
import pickle
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from avmeter.errors import AvmeterError, UnknownNameError, UsageError, WeightsError
from avmeter.features.base import WindowExtractor
from avmeter.runtime import Runtime
from avmeter.runtime.environment import Settings
from avmeter.weights import catalog
from avmeter.weights.hashes import known_sha256


class ModelFolderExtractor(WindowExtractor):
    """An extractor whose model may be a folder.

    Args:
        model: A model of the catalog, or a folder. A folder of the same name goes by its path, as in "./base".

    Attributes:
        family: How the names of its models in the catalog begin.
        optional_prefix: What may be left out of these names.
        user_folder: The folder; None for an entry of the catalog.

    Raises:
        UsageError: It is neither.
    """

    family: ClassVar[str] = ""
    optional_prefix: ClassVar[str] = ""

    def __init__(self, model: str) -> None:
        known = [name for name in catalog() if name.startswith(self.family)]
        is_known = not _looks_like_path(model) and self.entry() in known
        self.user_folder = None if is_known else _folder(model)
        if self.user_folder is None and not is_known:
            self._refuse(model, known)

    def _refuse(self, model: str, entries: list[str]) -> None:
        known = [name.removeprefix(self.optional_prefix) for name in entries]
        if os.path.lexists(_expanded(model)) or _looks_like_path(model):
            raise UsageError(
                f"{self.name}: there is no folder {model!r} with a model",
                hint=f"name a folder, or a model of the catalog: {', '.join(known)}",
            )
        raise UnknownNameError.among(f"model of `{self.name}`", model, known)

    @abc.abstractmethod
    def entry(self) -> str:
        """Return the catalog name of the model, were it no folder."""

    def weights(self) -> tuple[str, ...]:
        return () if self.user_folder else (self.entry(),)

    def network_key(self) -> Hashable:
        return (self.name, str(self.user_folder or self.entry()))

    def fingerprint(self, runtime: Runtime) -> str:
        """Return that of every extractor; a folder enters with names and content of its files, and precision."""
        own = super().fingerprint(runtime)
        if self.user_folder is None:
            return own
        return hashlib.sha256(f"{own} {_content(self.user_folder)} {runtime.precision}".encode()).hexdigest()[:32]

    def model_folder(self, runtime: Runtime) -> Path:
        """Return the folder with the model's files.

        Raises:
            WeightsError: It is not on this machine and cannot be fetched.
        """
        return self.user_folder or runtime.weights.folder(self.entry())


@contextlib.contextmanager
def reading_model(place: Path, kind: str) -> Iterator[None]:
    """Run code of other packages that reads a model's files; whatever they find wrong is an error of the weights.

    Args:
        place: The folder or file.
        kind: What it should be, for the message.

    Raises:
        WeightsError: The code inside failed.
    """
    try:
        yield
    except AvmeterError:
        raise
    except pickle.UnpicklingError as error:
        # Not torch's own words: they recommend to let the file run code.
        raise WeightsError(f"{place}: not {kind} (a pickle that is damaged, or more than tensors)") from error
    except Exception as error:  # each package has errors of its own; here one model fails, and its metric is skipped
        what = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise WeightsError(f"{place}: not {kind} ({what})", hint="check the files of the model") from error


def require_files(folder: Path, names: tuple[str, ...], kind: str) -> None:
    """Refuse a folder that lacks a file; some packages would look for it on a server.

    Raises:
        WeightsError: With the names of what is absent.
    """
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        raise WeightsError(f"{folder}: not {kind}: no {', '.join(absent)}")


def load_pretrained(network: Any, folder: Path, *, optional: tuple[str, ...] = (), **options: Any) -> Any:
    """Load a network of transformers from a folder, every tensor of it.

    Args:
        network: Class of transformers.
        folder: With its configuration and weights.
        optional: Beginnings of the names of tensors that do not matter; those may be absent.
        options: Of its `from_pretrained`.

    Raises:
        WeightsError: A tensor is absent or has another shape: transformers would go on with random numbers.
    """
    net, report = network.from_pretrained(folder, local_files_only=True, output_loading_info=True, **options)
    absent = sorted(name for name in report["missing_keys"] if not name.startswith(optional))
    if absent:
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        raise WeightsError(f"{folder}: lacks the tensors {', '.join(absent[:3])}{more} of a {network.__name__}")
    return net


def _folder(model: str) -> Path | None:
    """Return the folder of this name, or None: no error, unlike with `Path.is_dir`, for whatever text was passed."""
    path = _expanded(model)
    return Path(path) if os.path.isdir(path) else None  # noqa: PTH112


def _expanded(model: str) -> str:
    return os.path.expanduser(model)  # noqa: PTH111 - `Path.expanduser` fails for the home of nobody


def _looks_like_path(model: str) -> bool:
    return os.path.isabs(model) or model.startswith(("~", ".")) or model.endswith("/") or "\\" in model  # noqa: PTH117


def _content(folder: Path) -> list[tuple[str, str]]:
    """Return name and hash of the files of a folder; what cannot be read fails when the model is loaded."""
    settings = Settings.read()
    try:
        files = sorted(f for f in folder.iterdir() if f.is_file())
        return [(f.name, known_sha256(f, settings)) for f in files]
    except OSError as error:
        return [("unreadable", str(error))]
