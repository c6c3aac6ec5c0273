"""What a preset decides, and what stands beside it on the command line."""

from __future__ import annotations

import pytest

from avmeter.cli.presets import choose


def test_without_a_preset_all_metrics_run_unless_some_are_named() -> None:
    """As before there were any."""
    assert choose(None, preset=None, protocol=None, options={}).metrics == ("all",)
    chosen = choose(["wer,av", "fd@panns"], preset=None, protocol=None, options={})
    assert chosen.metrics == chosen.explicit == ("audio.wer", "av", "audio.frechet_distance@panns")
    assert chosen.protocol == "fastvideo"


def test_preset_decides_metrics_options_and_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named with its source, and with what differs from it."""
    chosen = choose(None, preset="tts", protocol=None, options={})
    assert chosen.metrics[0] == "audio.wer"
    assert chosen.explicit == ()
    assert chosen.options["audio.wer"] == {"normalizer": "seed-tts", "model_name": "large-v3"}
    printed = " ".join(capsys.readouterr().err.split())
    assert "preset tts: Text to speech" in printed
    assert "differs from the source: SIM averages the channels" in printed


def test_command_line_goes_before_the_preset(capsys: pytest.CaptureFixture[str]) -> None:
    """Another protocol is pointed out, options are merged one by one, named metrics are added."""
    chosen = choose(["lufs"], preset="tts", protocol="av-benchmark", options={"audio.wer": {"model_name": "base"}})
    assert chosen.options["audio.wer"] == {"normalizer": "seed-tts", "model_name": "base"}
    assert chosen.metrics[-1] == "audio.loudness"
    assert chosen.explicit == ("audio.loudness",)
    assert "--protocol av-benchmark in place of fastvideo" in " ".join(capsys.readouterr().err.split())
