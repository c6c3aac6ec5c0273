"""Parameters and buffers of a TorchScript archive, read without running or compiling the program in it.

ROOT/data.pkl            objects of the program's classes, their tensors as references
ROOT/data/0, 1, ...      numbers of one storage each
ROOT/code/__torch__/...  the classes, whose texts list which attributes are parameters and buffers
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from avmeter.errors import WeightsError

_STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "BoolStorage": torch.bool,
}
_LISTED = re.compile(r"^ {2}__(?:parameters|buffers)__ = \[(.*)\]$", re.MULTILINE)


class _Module:
    """An object of the program: attributes by name, and the name of its class."""

    qualified_name: ClassVar[str]


class _Reader(pickle.Unpickler):
    """Makes modules, tensors and what pickles have built in, and nothing else."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(archive.open(f"{root}/data.pkl"))
        self._archive = archive
        self._root = root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "__torch__":
            return type("_Module", (_Module,), {"qualified_name": f"{module}.{name}"})
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if module == "torch.jit._pickle" and name.startswith("build_"):
            return list
        found: dict[tuple[str, str], Callable[..., Any]] = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("collections", "OrderedDict"): OrderedDict,
        }
        if (module, name) not in found:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no tensor")
        return found[module, name]

    def persistent_load(self, pid: Any) -> Tensor:
        kind, dtype, key, _device, _size = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"it refers to {kind!r}, which is no storage")
        if key not in self._storages:
            numbers = bytearray(self._archive.read(f"{self._root}/data/{key}"))
            self._storages[key] = torch.frombuffer(numbers, dtype=dtype) if numbers else torch.empty(0, dtype=dtype)
        return self._storages[key]

    def attributes(self, qualified_name: str) -> set[str]:
        """Return the names of the parameters and buffers of a class."""
        module, _, name = qualified_name.rpartition(".")
        text = self._archive.read(f"{self._root}/code/{module.replace('.', '/')}.py").decode()
        of_class = re.search(rf"^class {re.escape(name)}\(.*?(?=^class |\Z)", text, re.MULTILINE | re.DOTALL)
        listed = _LISTED.findall(of_class.group()) if of_class else []
        return {name for names in listed for name in re.findall(r'"([^"]+)"', names)}


def read_torchscript_tensors(path: Path) -> dict[str, Tensor]:
    """Return name -> parameter or buffer, as the program's own `state_dict` has them.

    Raises:
        WeightsError: It is no TorchScript archive, is damaged, or holds objects of other kinds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            roots = [name.removesuffix("/data.pkl") for name in archive.namelist() if name.endswith("/data.pkl")]
            (root,) = [name for name in roots if "/" not in name]
            reader = _Reader(archive, root)
            return dict(_named(reader.load(), reader, ""))
    except (
        zipfile.BadZipFile, pickle.UnpicklingError, EOFError, OSError, RuntimeError,
        ValueError, TypeError, AttributeError, IndexError, KeyError,
    ) as error:  # fmt: skip
        raise WeightsError(f"{path}: not a TorchScript archive of tensors ({error})") from error


def _named(module: Any, reader: _Reader, prefix: str) -> Iterator[tuple[str, Tensor]]:
    if not isinstance(module, _Module):
        raise ValueError(f"{prefix or 'the content'} is no module")
    listed = reader.attributes(module.qualified_name)
    values: Mapping[str, Any] = vars(module)
    for name, value in values.items():
        if isinstance(value, Tensor) and name in listed:
            yield prefix + name, value
        elif isinstance(value, _Module):
            yield from _named(value, reader, f"{prefix}{name}.")


def _tensor(storage: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_: object) -> Tensor:
    return torch.as_strided(storage, tuple(size), tuple(stride), offset)
