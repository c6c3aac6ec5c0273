"""The corpus states of a part of a set as one `.npz` file: plain arrays, and a JSON document of everything else.

The document is the array `document` (bytes of UTF-8), the others are called `0`, `1` ... as it refers to them. The file
is written without compression, so that it is never larger in memory than on the disk.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import zipfile
from collections.abc import Mapping
from typing import Any, get_type_hints

import numpy as np

from avmeter.engine.executors.corpus import CorpusState
from avmeter.engine.states.values import UnwritableError, ValueReader, ValueWriter, check_type
from avmeter.errors import UsageError
from avmeter.files import parse_json
from avmeter.metrics.base import CorpusMetric, Metric

SetName = tuple[str, ...]
"""What tells one set of samples in a file from another."""

_FORMAT, _VERSION = "avmeter-states", 1
_DOCUMENT = "document"
_KINDS = frozenset("biuf")
_OWN = "state"  # the field of a CorpusState that the metric knows the type of


def refuse_unwritable_states(metrics: Mapping[str, Metric]) -> None:
    """Make sure that what corpus metrics collect can be written to a file.

    Raises:
        UsageError: That of one cannot.
    """
    for name, metric in metrics.items():
        if isinstance(metric, CorpusMetric):
            _own_type(name, metric)


def encode_states(sets: Mapping[SetName, Mapping[str, CorpusState]], metrics: Mapping[str, Metric]) -> bytes:
    """Return the content of a file.

    Args:
        sets: Name of a set of samples -> metric -> its state over these samples.
        metrics: Name -> metric.

    Raises:
        UsageError: A state has no written form.
    """
    writer = ValueWriter()
    written = [{"name": list(name), "metrics": _write_states(writer, sets[name], metrics)} for name in sets]
    document = json.dumps({"format": _FORMAT, "version": _VERSION, "sets": written}).encode()
    sink = io.BytesIO()
    arrays = {str(number): array for number, array in enumerate(writer.arrays)}
    np.savez(sink, allow_pickle=False, **{_DOCUMENT: np.frombuffer(document, np.uint8)}, **arrays)
    return sink.getvalue()


def decode_states(content: bytes, metrics: Mapping[str, Metric]) -> dict[SetName, dict[str, CorpusState]]:
    """Return the sets of samples by name, each with the states of the corpus metrics among these.

    Args:
        content: Of a file; anybody may have made it.
        metrics: Name -> metric.

    Raises:
        ValueError: It is not such a file, is damaged, or is of other metrics.
    """
    arrays = _read_arrays(content)
    document = parse_json(arrays.pop(_DOCUMENT, np.empty(0, np.uint8)).astype(np.uint8).tobytes())
    if not isinstance(document, dict) or (document.get("format"), document.get("version")) != (_FORMAT, _VERSION):
        raise ValueError(f"no file of corpus states of version {_VERSION}")
    try:
        reader = ValueReader([arrays[str(number)] for number in range(len(arrays))])
        return {
            reader.read(written["name"], SetName): _read_states(reader, written["metrics"], metrics)
            for written in document["sets"]
        }
    except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"damaged ({error})") from error


def _write_states(
    writer: ValueWriter, states: Mapping[str, CorpusState], metrics: Mapping[str, Metric]
) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, state in states.items():
        fields = {n: writer.write(getattr(state, n), hint) for n, hint in _common_fields().items()}
        written[name] = {**fields, _OWN: writer.write(state.state, _own_type(name, metrics[name]))}
    return written


def _read_states(reader: ValueReader, written: Any, metrics: Mapping[str, Metric]) -> dict[str, CorpusState]:
    names = [n for n, m in metrics.items() if isinstance(m, CorpusMetric)]
    if not isinstance(written, dict) or set(written) != set(names):
        raise ValueError(f"it has not the states of {', '.join(names) or 'no metric'}")
    return {name: _read_state(reader, written[name], name, metrics[name]) for name in names}


def _read_state(reader: ValueReader, written: Any, name: str, metric: Metric) -> CorpusState:
    common = _common_fields()
    if not isinstance(written, dict) or written.keys() != {*common, _OWN}:
        raise ValueError(f"{name} has other fields")
    fields = {n: reader.read(written[n], hint) for n, hint in common.items()}
    return CorpusState(**fields, state=reader.read(written[_OWN], _own_type(name, metric)))


def _read_arrays(content: bytes) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
                raise ValueError("it is compressed, which no file of states is")
            if sum(info.file_size for info in archive.infolist()) > len(content):
                raise ValueError("it is smaller than what it says to hold")
            return {name.removesuffix(".npy"): _array_of(archive.read(name)) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"damaged ({error})") from error


def _array_of(content: bytes) -> np.ndarray:
    """Return an array of numbers; its header cannot ask for more memory than there are bytes."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array of another version")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in _KINDS or is_fortran:
        raise ValueError(f"an array of {dtype} where numbers belong")
    if any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"an array of shape {shape} in {len(content) - file.tell()} bytes")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape)


def _common_fields() -> dict[str, Any]:
    hints = get_type_hints(CorpusState)
    return {field.name: hints[field.name] for field in dataclasses.fields(CorpusState) if field.name != _OWN}


def _own_type(name: str, metric: Metric) -> Any:
    assert isinstance(metric, CorpusMetric)
    kind = type(metric.start())
    try:
        check_type(kind)
    except UnwritableError as error:
        raise UsageError(
            f"{name}: what it collects cannot be written to a file ({error})",
            hint="score it in one run, or make its state a dataclass of numbers, texts, lists and arrays",
        ) from error
    return kind
