"""Fidelity against auraloss and torchmetrics; see golden/fidelity/README.md."""

from __future__ import annotations

import json

import pytest

from avmeter.dsp import fidelity
from golden.waveforms import PAIRS
from support.paths import GOLDEN

PUBLISHED = json.loads((GOLDEN / "fidelity" / "fidelity.json").read_text())


@pytest.mark.parametrize("block", [fidelity._BLOCK, 10_000])
@pytest.mark.parametrize("name", PAIRS)
def test_spectra_and_ratios_are_the_published_ones(name: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and in blocks that end anywhere."""
    monkeypatch.setattr(fidelity, "_BLOCK", block)
    found = fidelity.compare_waveforms(*PAIRS[name]())
    published = PUBLISHED[name]
    assert found["multi_resolution_stft"] == pytest.approx(published["multi_resolution_stft"], rel=1e-5)
    for ratio in ("snr_db", "si_sdr_db"):
        assert found[ratio] == pytest.approx(published[ratio], abs=1e-6)
