"""The contract of extractors: what names a stored feature."""

from __future__ import annotations

import contextlib
import inspect
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.errors import WeightsError
from avmeter.features.base import DerivedExtractor, Extractor, Features, Window, WindowExtractor, get_extractor
from avmeter.features.network import NetworkExtractor
from avmeter.features.pe_av.codec import PeAvCodec
from avmeter.features.synchformer.video import SynchformerVideo
from avmeter.registry import EXTRACTORS
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support.extractors import cpu_runtime

DERIVED = {"synchformer_offset": SynchformerVideo, "pe_av_embedding": PeAvCodec}


def runtime(precision: str = "float32", weights: str = "a") -> Any:
    """Stand-in for a runtime whose checkpoints all have the content `weights`."""
    return SimpleNamespace(
        precision=precision, weights=SimpleNamespace(fingerprint=lambda entry: f"{entry}-{weights}", is_dummy=False)
    )


@pytest.mark.parametrize("name", DERIVED)
def test_a_new_version_of_a_parent_makes_derived_features_anew(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored features of a derived extractor are not served once a parent computes something else."""
    before = get_extractor(name)
    identity, fingerprint = before.identity(), before.fingerprint(runtime())
    monkeypatch.setattr(DERIVED[name], "version", "raised")
    after = get_extractor(name)
    assert after.identity() != identity
    assert after.fingerprint(runtime()) != fingerprint


class _Parent(Extractor):
    name = "parent"
    takes = "audio"

    def weights(self) -> tuple[str, ...]:
        return ("of-the-parent",)


class _Derived(DerivedExtractor):
    name = "derived"

    def parents(self) -> Mapping[str, Extractor]:
        return {"audio": _Parent()}

    def windows(self, media: Any) -> Iterator[Window]:
        raise NotImplementedError

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        raise NotImplementedError


def test_weights_and_precision_of_a_parent_are_part_of_a_derived_fingerprint() -> None:
    """A derived extractor without weights of its own still depends on those its parents were made with."""
    prints = {_Derived().fingerprint(runtime(*state)) for state in (("float32", "a"), ("float32", "b"), ("bf16", "a"))}
    assert len(prints) == 3


class _Files:
    """Dummy weights that note which real files are asked for."""

    is_dummy = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def path(self, entry: str, file: str | None = None) -> Path:
        self.asked.append(entry)
        raise WeightsError(f"{entry}: not here")

    folder = state_dict = path


def _reads_files(extractor: Extractor) -> bool:
    """True for extractors with checkpoints that no class of this package fills."""
    return bool(extractor.weights()) and not isinstance(extractor, NetworkExtractor)


@pytest.mark.parametrize("name", [n for n in EXTRACTORS.names() if _reads_files(EXTRACTORS.get(n)())])
def test_extractor_that_reads_real_files_beside_dummy_weights_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its features were marked as made with stand-ins, and stored beside theirs."""
    extractor, files = get_extractor(name), _Files()
    for package in extractor.dependencies:
        if find_spec(package) is None:  # files are asked for before it is used
            monkeypatch.setitem(sys.modules, package, ModuleType(package))
    with contextlib.suppress(WeightsError):
        extractor.load(Runtime(device=torch.device("cpu"), precision="float32", weights=files))  # type: ignore[arg-type]
    assert bool(files.asked) == extractor.needs_real_weights


def test_network_that_cannot_be_filled_has_its_own_fingerprint_beside_dummy_weights() -> None:
    """The one of a run with published weights, so that both share stored features; a filled one has another."""
    dummy = cpu_runtime(weights="dummy")
    real = Runtime(device=dummy.device, precision="float32", weights=WeightsSource())
    for name, is_filled in (("dnsmos", False), ("plcmos", False), ("speaker_ge2e", True), ("visqol", True)):
        extractor = get_extractor(name)
        assert extractor.has_dummy_weights(dummy) == is_filled
        assert (extractor.fingerprint(dummy) != extractor.fingerprint(real)) == is_filled, name


@pytest.mark.parametrize("name", DERIVED)
def test_derived_identity_is_json_that_names_the_parents(name: str) -> None:
    """Name, version, options, then each parent's own three."""
    extractor = get_extractor(name)
    assert isinstance(extractor, DerivedExtractor)
    own_name, _, options, parents = json.loads(extractor.identity())
    assert (own_name, options) == (name, dict(extractor.options()))
    assert {k: v[0] for k, v in parents.items()} == {k: p.name for k, p in extractor.parents().items()}


@pytest.mark.parametrize("name", EXTRACTORS.names())
def test_options_build_the_same_extractor_again(name: str) -> None:
    """Every option is a keyword argument and an attribute of one name: decode workers rebuild extractors by them."""
    extractor = get_extractor(name)
    assert set(extractor.option_names) <= set(inspect.signature(type(extractor)).parameters)
    again = get_extractor(name, **extractor.options())
    assert again.identity() == extractor.identity()


@pytest.mark.parametrize("name", EXTRACTORS.names())
def test_identity_and_options_are_json(name: str) -> None:
    """They are stored beside features, and compared as text."""
    extractor = get_extractor(name)
    assert json.loads(json.dumps(dict(extractor.options()))) == dict(extractor.options())
    assert json.loads(extractor.identity())[:2] == [name, extractor.version]


def test_window_knows_its_size_and_forgets_only_its_arrays() -> None:
    """Queues are bounded by bytes; pooling needs where a window came from, and no more."""
    window = Window(inputs={"a": np.zeros(3, np.float32), "b": np.zeros(2, np.uint8)}, start_s=1.5, duration_s=2.0)
    assert window.size_bytes == 14
    assert window.without_inputs() == Window(inputs={}, start_s=1.5, duration_s=2.0)


class _Doubler(WindowExtractor):
    """Twice the input."""

    name = "doubler"
    takes = "audio"

    def windows(self, media: Any) -> Iterator[Window]:
        raise NotImplementedError

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"twice": 2 * batch["x"]}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        raise NotImplementedError


def test_run_is_upload_launch_and_collect() -> None:
    """One mapping of arrays for each window, in order."""
    windows = [Window(inputs={"x": np.full((2, 2), i, np.float32)}) for i in range(3)]
    outputs = _Doubler().run(windows, cpu_runtime())
    assert [float(o["twice"].mean()) for o in outputs] == [0, 2, 4]
    assert {o["twice"].shape for o in outputs} == {(2, 2)}


def test_windows_of_one_shape_and_type_may_share_a_batch() -> None:
    """Others may not: their arrays cannot be stacked."""
    arrays = (np.zeros(3, np.float32), np.ones(3, np.float32), np.zeros(4, np.float32), np.zeros(3, np.float64))
    keys = [_Doubler().batch_key(Window(inputs={"x": a})) for a in arrays]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_extractor_without_forward_or_run_says_so() -> None:
    """One of the two must be there."""
    with pytest.raises(NotImplementedError, match="_Derived overrides neither run nor forward"):
        _Derived().run([Window(inputs={"x": np.zeros(1)})], cpu_runtime())
