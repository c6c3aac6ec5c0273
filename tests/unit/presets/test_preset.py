"""Presets are data that fits the program."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.metrics.resolve import resolve_metrics
from avmeter.presets import load_preset, preset_names


def test_presets_of_the_field_are_there() -> None:
    """Tables of video-to-audio, text-to-audio, foley, speech and joint models, FastVideo's metrics, a first look."""
    names = "fastvideo foley javisbench quick stable-audio stable-audio-music t2a tts tts-zh v2a verse-bench"
    assert preset_names() == names.split()


@pytest.mark.parametrize("name", preset_names())
def test_every_column_is_a_metric_with_these_options(name: str) -> None:
    """None is left out where all packages are installed, and each says what a table calls it."""
    preset = load_preset(name)
    words = preset.keywords()
    metrics = resolve_metrics(words["metrics"], protocol=words["protocol"], options=words["options"])
    assert tuple(metrics) == preset.metric_names
    assert len({m.column for m in preset.metrics}) == len(preset.metrics)
    assert all((preset.title, preset.source, preset.clips))


@pytest.mark.parametrize("name", preset_names())
def test_published_rows_are_of_columns_of_the_preset(name: str) -> None:
    """And say where they stand."""
    preset = load_preset(name)
    for row in preset.rows:
        assert set(row.values) <= {m.column for m in preset.metrics}
        assert row.source


def test_table_of_video_to_audio_has_each_distance_on_its_networks() -> None:
    """FD on three, KL on two, IS on PANNs, and both CLAPs, read as av-benchmark reads clips."""
    preset = load_preset("v2a")
    metrics = resolve_metrics(preset.metric_names, protocol=preset.protocol)
    options = {name: metric.options() for name, metric in metrics.items()}
    assert {name: own["backbone"] for name, own in options.items() if "backbone" in own} == {
        "audio.frechet_distance@passt": "passt",
        "audio.frechet_distance@panns": "panns",
        "audio.frechet_distance@vggish": "vggish",
        "audio.kl_divergence@panns": "panns",
        "audio.kl_divergence@passt": "passt",
        "audio.inception_score@panns": "panns",
    }
    assert {metric.protocol for metric in metrics.values()} == {"av-benchmark"}


def test_unknown_preset_is_refused_with_a_near_one() -> None:
    """Before anything runs."""
    with pytest.raises(UnknownNameError, match="did you mean `v2a`"):
        load_preset("v2s")


@pytest.mark.parametrize(
    ("paper", "preset"), [("mmaudio", "v2a"), ("AV-Benchmark", "v2a"), ("mova", "verse-bench"), ("seed-tts", "tts")]
)
def test_preset_is_found_by_the_name_of_a_paper_or_program(paper: str, preset: str) -> None:
    """Which is what people know; its title says what it is."""
    with pytest.raises(UnknownNameError) as error:
        load_preset(paper)
    assert f"`{preset}` ({load_preset(preset).title})" in error.value.hint
