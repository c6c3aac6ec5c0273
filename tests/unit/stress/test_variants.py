"""Variants by name: doses, labels, ladders."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.stress.variants import SEED_VARIANTS, Variant, variant_names, variants_of


def test_names_labels_and_ladders() -> None:
    """The nine of the first experiment are the default; a ladder has every dose; an unknown name is told."""
    assert [v.name for v in variants_of(SEED_VARIANTS)] == list(SEED_VARIANTS)
    assert len(SEED_VARIANTS) == 9
    assert Variant(name="delay", dose=0.4).label == "delay 0.4 s"
    assert [v.dose for v in variants_of(["noise"], ladder=True)] == [20.0, 10.0, 0.0, -10.0]
    for variant in variants_of(variant_names(), ladder=True):
        assert variant.note
        assert "{" not in variant.note
    with pytest.raises(UnknownNameError, match="unknown variant"):
        variants_of(["dilay"])
