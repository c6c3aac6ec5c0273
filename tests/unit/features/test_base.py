"""The contract of extractors: what names a stored feature."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from avmeter.features.base import DerivedExtractor, Extractor, Features, Window, get_extractor
from avmeter.features.pe_av.codec import PeAvCodec
from avmeter.features.synchformer.video import SynchformerVideo

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


@pytest.mark.parametrize("name", DERIVED)
def test_derived_identity_is_json_that_names_the_parents(name: str) -> None:
    """Name, version, options, then each parent's own three."""
    extractor = get_extractor(name)
    assert isinstance(extractor, DerivedExtractor)
    own_name, _, options, parents = json.loads(extractor.identity())
    assert (own_name, options) == (name, dict(extractor.options()))
    assert {k: v[0] for k, v in parents.items()} == {k: p.name for k, p in extractor.parents().items()}
