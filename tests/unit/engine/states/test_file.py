"""Files of corpus states, those of others included."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from avmeter.engine.executors.corpus import finish_states, start_states
from avmeter.engine.states import decode_states, encode_states, refuse_unwritable_states
from avmeter.errors import SkipCode, UsageError
from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet, Metric
from avmeter.metrics.resolve import get_metric
from avmeter.result import Skip
from avmeter.sample import Sample
from support.engine import SumMetric


@dataclass
class Levels:
    """Levels of clips."""

    ids: list[str] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)


class LevelMetric(SumMetric):
    """Sum of levels, in a state that can be written."""

    def start(self) -> Levels:
        return Levels()

    def update(self, state: Levels, sample: Sample, features: FeatureSet) -> Levels:
        return Levels([*state.ids, sample.id], [*state.rows, float(features["x"]["means"].mean())])

    def merge(self, a: Levels, b: Levels) -> Levels:
        return Levels(a.ids + b.ids, a.rows + b.rows)

    def finish(self, state: Levels) -> Any:
        return super().finish(type("State", (), {"total": sum(state.rows), "ids": state.ids}))


METRICS: dict[str, Metric] = {"test.sum": LevelMetric()}


def content() -> bytes:
    """States over three samples, of which one was left out."""
    states, metric = start_states(METRICS), METRICS["test.sum"]
    assert isinstance(metric, LevelMetric)
    for i in range(2):
        features = FeatureSet({"x": Features(arrays={"means": np.array([0.1 + i])})})
        states["test.sum"].add(metric, Sample(id=str(i)), features)
    skip = Skip(code=SkipCode.MISSING_FILE, reason="gone", hint="look", field="audio")
    states["test.sum"].leave_out(metric, Sample(id="2"), skip)
    return encode_states({("all",): states}, METRICS)


def test_states_come_back_with_what_was_left_out() -> None:
    """Counts, names and reasons, beside what the metric has collected."""
    states = decode_states(content(), METRICS)[("all",)]
    result = finish_states(METRICS, states)["test.sum"]
    assert result.score == 0.1 + 1.1
    assert result.details["n_given"] == 3
    assert result.details["left_out"] == {"missing_file": 1}
    assert states["test.sum"].first_skip == Skip(code=SkipCode.MISSING_FILE, reason="gone", hint="look")


def test_metric_with_a_state_of_unknown_type_is_refused_by_name() -> None:
    """Before anything is scored; a metric of clips concerns nobody."""
    with pytest.raises(UsageError, match=r"test\.sum.*annotated"):
        refuse_unwritable_states({"test.sum": SumMetric()})
    refuse_unwritable_states({"audio.loudness": get_metric("audio.loudness"), **METRICS})


class Command:
    """What a pickle would run."""

    def __reduce__(self) -> Any:
        return print, ("run",)


def changed(replace: bytes, by: bytes) -> bytes:
    """The file with other text of the same length in its document."""
    found = content()
    assert replace in found
    sink = io.BytesIO()
    with np.load(io.BytesIO(found)) as arrays:
        document = arrays["document"].tobytes().replace(replace, by)
        np.savez(sink, **{**arrays, "document": np.frombuffer(document, np.uint8)})
    return sink.getvalue()


def test_damaged_and_foreign_files_are_refused(capsys: Any) -> None:
    """Cut off, flipped, of other metrics, compressed, a pickle: an error, and nothing runs."""
    whole = content()
    objects, compressed = io.BytesIO(), io.BytesIO()
    np.savez(objects, document=np.array([Command()], dtype=object))
    np.savez_compressed(compressed, document=np.zeros(1 << 20, np.uint8))
    files = [
        b"",
        b"PK",
        whole[:-30],
        whole[: len(whole) // 2],
        pickle.dumps(Command()),
        objects.getvalue(),
        compressed.getvalue(),
        changed(b'"version": 1', b'"version": 9'),
        changed(b"num_used", b"num_lost"),
        changed(b"missing_file", b"missing_flie"),
        changed(b"test.sum", b"test.max"),
        changed(b'{"format"', b'["format"'),
    ]
    for file in files:
        with pytest.raises(ValueError, match=r".+"):
            decode_states(file, METRICS)
    assert "run" not in capsys.readouterr().out


def test_file_that_unfolds_is_refused() -> None:
    """A header that says more than the file holds."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("document.npy", json.dumps({}))
    data = bytearray(sink.getvalue())
    size = data.rindex(b"PK\x01\x02") + 24  # of the uncompressed content, in the central directory
    data[size : size + 4] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(ValueError, match=r".+"):
        decode_states(bytes(data), METRICS)


def test_array_whose_header_asks_for_more_than_there_is_takes_no_memory() -> None:
    """Four bytes that say to be a terabyte."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive, archive.open("document.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40,)})
        member.write(b"{}  ")
    with pytest.raises(ValueError, match="in 4 bytes"):
        decode_states(sink.getvalue(), METRICS)


def test_flipped_bytes_never_do_more_than_raise_a_value_error() -> None:
    """A thousand files with one wrong byte."""
    whole, rng = content(), np.random.default_rng(0)
    for _ in range(1000):
        data = bytearray(whole)
        data[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        try:
            decode_states(bytes(data), METRICS)
        except ValueError:
            continue
