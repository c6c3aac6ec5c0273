"""Windows of the AudioSet extractors: where they lie, what they hold, what is too short."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.features.base import Features, Window, WindowExtractor, get_extractor
from avmeter.media import MediaItem

NAMES = ("passt", "panns", "vggish", "yamnet")
RATES = {"passt": 32_000, "panns": 16_000, "vggish": 16_000, "yamnet": 16_000}


def extractor(name: str, **options: Any) -> WindowExtractor:
    found = get_extractor(name, **options)
    assert isinstance(found, WindowExtractor)
    return found


def noise(num_samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal(num_samples)).astype(np.float32)


def windows(name: str, num_samples: int, **options: Any) -> list[Window]:
    item = MediaItem.from_audio(noise(num_samples), RATES[name])
    return list(extractor(name, **options).windows(item))


# -- PaSST -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num_samples", "starts_s"),
    [
        (320_000, [0]),
        (320_001, [0]),
        (320_319, [0]),
        (320_320, [0, 5]),
        (321_536, [0, 5]),
        (480_000, [0, 5]),
        (800_000, [0, 5, 10, 15]),
        (160_000, [0]),
    ],
)
def test_passt_windows_come_every_5_s_while_they_bring_a_new_frame(num_samples: int, starts_s: list[float]) -> None:
    """One point more than 10 s makes no second window; one mel frame more does, as published."""
    found = windows("passt", num_samples)
    assert [w.start_s for w in found] == starts_s
    assert all(w.inputs["waveform"].shape == (320_000,) for w in found)
    assert found[-1].start_s + found[-1].duration_s == pytest.approx(num_samples / 32_000, abs=0.011)


def test_passt_of_one_point_more_is_the_same() -> None:
    """320000 and 320001 points give one window each, of equal sound."""
    wave = noise(320_001)
    wave[10] = 0.9  # the peak, so that both are normalised alike
    both = [list(extractor("passt").windows(MediaItem.from_audio(wave[:n], 32_000))) for n in (320_000, 320_001)]
    np.testing.assert_array_equal(*(w[0].inputs["waveform"] for w in both))


@pytest.mark.parametrize(
    ("num_samples", "shapes"),
    [(48_001, [320_000]), (48_000, [320_000, 48_000]), (5_120, [320_000, 5_120]), (5_119, [320_000])],
)
def test_passt_of_a_short_clip_is_heard_unpadded_for_its_classes(num_samples: int, shapes: list[int]) -> None:
    """Up to 1.5 s a second, unpadded window gives the logits; below 16 mel frames there are none."""
    found = windows("passt", num_samples)
    assert [len(w.inputs["waveform"]) for w in found] == shapes
    outputs = [{"logits": np.full(527, i, np.float32), "embedding": np.full(768, i)} for i in range(len(found))]
    pooled: Features = extractor("passt").pool(outputs, [w.without_inputs() for w in found], {})
    assert pooled["embedding"][0] == 0
    if num_samples == 5_119:
        assert "logits" not in pooled.arrays
    else:
        assert pooled["logits"][0] == len(shapes) - 1


def test_passt_in_av_benchmark_hears_8_s_or_what_is_asked() -> None:
    """One window, cropped, padded to 10 s; short clips are padded for both outputs."""
    (window,) = windows("passt", 640_000, protocol="av-benchmark")
    assert window.duration_s == 8.0
    assert not window.inputs["waveform"][8 * 32_000 :].any()
    (window,) = windows("passt", 640_000, protocol="av-benchmark", duration_s=5)
    assert window.duration_s == 5.0
    assert len(windows("passt", 16_000, protocol="av-benchmark")) == 1


# -- the others ------------------------------------------------------------------------------------------------------


def test_panns_hears_a_clip_whole_and_a_long_one_to_its_end() -> None:
    """Up to a minute one window; above, windows of 10 s, the last of which ends with the clip."""
    (window,) = windows("panns", 60 * 16_000)
    assert window.inputs["waveform"].shape == (960_000,)
    found = windows("panns", 64 * 16_000)
    assert [w.start_s for w in found] == [0, 10, 20, 30, 40, 50, 54]
    assert {w.inputs["waveform"].shape for w in found} == {(160_000,)}
    assert len(windows("panns", 70 * 16_000)) == 7


def test_yamnet_pads_a_short_patch_and_steps_by_half_a_patch() -> None:
    """0.96 s every 0.48 s; what is shorter is one patch with zeros behind."""
    (window,) = windows("yamnet", 8_000)
    assert not window.inputs["patch"][49:].any()
    assert [w.start_s for w in windows("yamnet", 32_000)] == pytest.approx([0.0, 0.48, 0.96])


@pytest.mark.parametrize(
    ("name", "shortest"), [("panns", 5_120), ("vggish", 15_600), ("yamnet", 400)], ids=["panns", "vggish", "yamnet"]
)
def test_shorter_than_one_input_is_too_short_with_the_length_needed(name: str, shortest: int) -> None:
    """The message has both lengths."""
    assert windows(name, shortest)
    with pytest.raises(SkipError, match=f"{name} needs {shortest / 16_000:.3f} s") as caught:
        windows(name, shortest - 1)
    assert caught.value.code == SkipCode.TOO_SHORT


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_a_skip_only_where_the_peak_is_normalised(name: str) -> None:
    """`fastvideo` divides by the peak; `av-benchmark` scores silence."""
    silence = MediaItem.from_audio(np.zeros(2 * RATES[name], np.float32), RATES[name])
    with pytest.raises(SkipError) as caught:
        list(extractor(name).windows(silence))
    assert caught.value.code == SkipCode.SILENT
    assert "av-benchmark" in caught.value.hint
    assert list(extractor(name, protocol="av-benchmark").windows(silence))


@pytest.mark.parametrize("name", NAMES)
def test_level_does_not_matter_where_the_peak_is_normalised(name: str) -> None:
    """20 dB less, in floats, is the same window to rounding."""
    loud, quiet = (
        next(iter(extractor(name).windows(MediaItem.from_audio(g * noise(2 * RATES[name]), RATES[name]))))
        for g in (np.float32(1), np.float32(0.1))
    )
    for key, array in loud.inputs.items():
        np.testing.assert_allclose(quiet.inputs[key], array, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_options_are_refused_at_birth(name: str) -> None:
    """An unknown protocol, or a duration that is none."""
    with pytest.raises(UnknownNameError, match="fastvid"):
        get_extractor(name, protocol="fastvid")
    for duration_s in (0, -1, float("nan")):
        with pytest.raises(UsageError, match="not a positive number of seconds"):
            get_extractor(name, duration_s=duration_s)
    assert get_extractor(name).identity() != get_extractor(name, protocol="av-benchmark").identity()
