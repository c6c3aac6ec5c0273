"""What a shell completes."""

from __future__ import annotations

from avmeter.cli.completion import complete_metrics, complete_presets


def test_metrics_complete_behind_a_comma_too() -> None:
    """Names, groups and the field's short names."""
    assert "audio.wer" in complete_metrics("audio.w")
    assert "audio.dnsmos,audio.wer" in complete_metrics("audio.dnsmos,audio.we")
    assert {"audio", "av", "all", "fad"} <= set(complete_metrics(""))


def test_presets_complete() -> None:
    """As `--preset` takes them."""
    assert complete_presets("v2") == ["v2a"]
