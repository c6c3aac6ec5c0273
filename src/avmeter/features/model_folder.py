"""Models that are either an entry of the weights catalog or a folder of the user's."""

from __future__ import annotations

import abc
import hashlib
import os
from collections.abc import Hashable
from pathlib import Path

from avmeter.features.base import WindowExtractor
from avmeter.runtime import Runtime


class ModelFolderExtractor(WindowExtractor):
    """An extractor whose model may be a folder.

    Args:
        model: The folder, or any other name of a model, which then is one of the catalog.

    Attributes:
        user_folder: The folder; None for an entry of the catalog.
    """

    def __init__(self, model: str) -> None:
        # Unlike `Path.is_dir` this is False, and no error, for whatever text was passed.
        self.user_folder = Path(model) if os.path.isdir(model) else None  # noqa: PTH112

    @abc.abstractmethod
    def entry(self) -> str:
        """Return the catalog name of the model; asked only where it is no folder."""

    def weights(self) -> tuple[str, ...]:
        return () if self.user_folder else (self.entry(),)

    def network_key(self) -> Hashable:
        return (self.name, str(self.user_folder or self.entry()))

    def fingerprint(self, runtime: Runtime) -> str:
        """Return that of every extractor; a folder enters with names, sizes and dates of its files, and precision."""
        own = super().fingerprint(runtime)
        if self.user_folder is None:
            return own
        files = sorted(f for f in self.user_folder.iterdir() if f.is_file())
        states = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        return hashlib.sha256(f"{own} {states} {runtime.precision}".encode()).hexdigest()[:32]

    def model_folder(self, runtime: Runtime) -> Path:
        """Return the folder with the model's files.

        Raises:
            WeightsError: It is not on this machine and cannot be fetched.
        """
        return self.user_folder or runtime.weights.folder(self.entry())
