"""What extractors hand to their networks, against the published harnesses' inputs (golden pages of each network).

Networks are not run here. Pixels leave an extractor in [0, 1] and are normalised on the device; the goldens are of
after that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.dsp.mel import panns_logmel, passt_mel, vggish_examples
from avmeter.features.base import Window, WindowExtractor, get_extractor
from avmeter.media import MediaItem
from golden import goldenio, synth
from support import require
from support.paths import PORTABLE, SHARED

CLIPS = {"ltx2": "ltx2.mp4", "3qesir": "3qesirWAGt4_20000_30000.mp4", "ZYc": "ZYc410CE4Rg_0_10000.mp4"}
CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32).reshape(3, 1, 1, 1)
CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32).reshape(3, 1, 1, 1)


def clip(name: str) -> MediaItem:
    return MediaItem.open(require.media(name))


def golden(network: str, case: str) -> dict[str, np.ndarray]:
    """The stages of one case, of the media clips where they are, else of the portable set."""
    path = SHARED / "golden" / f"{network}.npz"
    if not path.is_file():
        path = PORTABLE / f"{network}.npz"
    with np.load(path) as npz:
        found = {k: npz[k] for k in npz.files if k.startswith(f"{case}/")}
    if not found:
        require.absent("goldens", f"the case {case} of {network} is not beside the checkout")
    return found


def windows(name: str, media: MediaItem, **options: Any) -> list[Window]:
    extractor = get_extractor(name, **options)
    assert isinstance(extractor, WindowExtractor)
    return list(extractor.windows(media))


def stacked(found: list[Window], name: str) -> np.ndarray:
    return np.stack([w.inputs[name] for w in found])


def deviation(npz: Mapping[str, np.ndarray], stage: str, value: np.ndarray) -> float:
    """Largest difference, relative to the largest golden value; the shapes are equal."""
    return goldenio.check(npz, stage, value)[1]


# -- PaSST, PANNs, VGGish --------------------------------------------------------------------------------------------


@pytest.mark.media
@pytest.mark.parametrize(("case", "protocol"), [("ltx2_fv", "fastvideo"), ("ltx2_avb", "av-benchmark")])
def test_passt_hears_the_clip_as_the_harness_does(case: str, protocol: str) -> None:
    """Waveform and mel of the real clip agree for both protocols; 1e-4 is what equal resamplers reach."""
    npz = golden("passt", case)
    (window,) = windows("passt", clip("ltx2.wav"), protocol=protocol)
    waveform = window.inputs["waveform"]
    assert deviation(npz, f"{case}/wave", waveform) < 1e-4
    assert deviation(npz, f"{case}/mel", passt_mel(torch.from_numpy(waveform)[None]).numpy()) < 1e-4
    assert window.duration_s == pytest.approx(5.0347, abs=1e-4)


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "stage", "front_end", "tolerance"),
    [
        ("panns", "logmel", lambda x: panns_logmel(x).mT[:, None], 1e-5),
        ("vggish", "examples", lambda x: vggish_examples(x)[:, 0], 1e-5),
    ],
    ids=["panns", "vggish"],
)
def test_av_benchmark_taggers_hear_the_clip_as_the_harness_does(
    name: str, stage: str, front_end: Callable[[torch.Tensor], torch.Tensor], tolerance: float
) -> None:
    """Waveform and front end of the real clip agree; VGGish's windows are its examples."""
    npz = golden(name, "ltx2_avb")
    found = windows(name, clip("ltx2.wav"), protocol="av-benchmark")
    waves = stacked(found, "waveform")
    if name == "panns":
        assert deviation(npz, "ltx2_avb/wave16k", waves[0]) < 1e-5
    assert deviation(npz, f"ltx2_avb/{stage}", front_end(torch.from_numpy(waves)).numpy()) < tolerance


def test_vggish_windows_of_a_synthetic_sound_are_the_published_examples() -> None:
    """Four examples of four seconds, mean removal aside, which changes them by less than the floor of the logarithm."""
    npz = golden("vggish", "synth")
    item = MediaItem.from_audio(synth.chirp_noise(16_000, 4), 16_000)
    found = windows("vggish", item, protocol="av-benchmark")
    examples = vggish_examples(torch.from_numpy(stacked(found, "waveform")))[:, 0].numpy()
    assert deviation(npz, "synth/examples", examples) < 1e-2
    assert [w.start_s for w in found] == pytest.approx([0.0, 0.96, 1.92, 2.88])


# -- Synchformer -----------------------------------------------------------------------------------------------------

SYNCHFORMER_CASES = {
    "ltx2_fv": ("ltx2", "fastvideo"),
    "ltx2_avb": ("ltx2", "av-benchmark"),
    "3qesir_avb": ("3qesir", "av-benchmark"),
    "ZYc_avb": ("ZYc", "av-benchmark"),
}


@pytest.mark.media
@pytest.mark.parametrize("case", SYNCHFORMER_CASES)
def test_synchformer_sees_the_clip_as_the_harness_does(case: str) -> None:
    """Pixels at 25 frames a second agree: to float rounding for floats, to one step of uint8 for bytes."""
    name, protocol = SYNCHFORMER_CASES[case]
    npz = golden("synchformer", case)
    found = windows("synchformer_video", clip(CLIPS[name]), protocol=protocol)
    segments = np.concatenate([stacked(found, "early"), stacked(found, "late")], axis=1)
    assert np.array_equal(segments[0, 8:], segments[1, :8])
    num_frames = 8 * (len(segments) + 1)
    frames = np.concatenate([segments[:, :8].reshape(-1, 3, 224, 224), segments[-1, 8:]])
    assert len(frames) == num_frames
    shape = tuple(npz[f"{case}/pixels.shape"])
    # The golden has the frames behind the last whole segment too.
    pixels = np.zeros(shape, np.float32)
    pixels[:num_frames] = frames * 2 - 1
    gold, stride = npz[f"{case}/pixels.sub"], int(npz[f"{case}/pixels.stride"])
    used = -(-num_frames * 3 * 224 * 224 // stride)
    difference = np.abs(pixels.reshape(-1)[::stride][:used] - gold[:used]).max()
    assert difference < (1e-5 if protocol == "fastvideo" else 2 / 255 + 1e-6)


@pytest.mark.media
@pytest.mark.parametrize("case", SYNCHFORMER_CASES)
def test_synchformer_hears_the_clip_as_the_harness_does(case: str) -> None:
    """Log-mels of every segment agree, the 66th frame with them."""
    name, protocol = SYNCHFORMER_CASES[case]
    npz = golden("synchformer", case)
    # The published runs on ltx2 read the sound from its wav file.
    media = clip("ltx2.wav" if name == "ltx2" else CLIPS[name])
    mel = stacked(windows("synchformer_audio", media, protocol=protocol), "mel")
    assert deviation(npz, f"{case}/mel", mel.reshape(tuple(npz[f"{case}/mel.shape"]))) < 5e-5


def test_synchformer_hears_silence_between_sounds_as_the_harness_does() -> None:
    """The log-mel of a silent segment, the padding included; a click far behind keeps the clip from being skipped."""
    npz = golden("synchformer", "synth")
    wave = np.zeros(5 * 16_000, np.float32)
    wave[-100] = 0.5
    mel = stacked(windows("synchformer_audio", MediaItem.from_audio(wave, 16_000), protocol="av-benchmark"), "mel")
    assert deviation(npz, "synth/silence_mel", mel[0].reshape(1, 128, 66)) < 5e-5


# -- ImageBind -------------------------------------------------------------------------------------------------------


@pytest.mark.media
def test_imagebind_hears_the_clip_as_published() -> None:
    """Three clips of the stereo file: first channel, running mean, padded mel."""
    npz = golden("imagebind", "ltx2_pinned_sampler")
    found = windows("imagebind_audio", clip("ltx2.wav"))
    mel = stacked(found, "mel").reshape(1, 3, 1, 128, 204)
    assert deviation(npz, "ltx2_pinned_sampler/mel", mel) < 2e-4
    assert [w.start_s for w in found] == pytest.approx(npz["ltx2_pinned_sampler/audio_clip_times"][:, 0].tolist())


@pytest.mark.parametrize(
    ("case", "wave", "relative"),
    [
        ("chirp_16k_mono_5s_pinned", synth.chirp_noise(16_000, 5), 2e-4),
        ("silence_5s_pinned", np.zeros(80_000, np.float32), None),
    ],
    ids=["chirp", "silence"],
)
def test_imagebind_hears_synthetic_sound_as_published(case: str, wave: np.ndarray, relative: float | None) -> None:
    """A chirp by relative, silence by absolute difference: in its bins one bit is much."""
    npz = golden("imagebind", case)
    mel = stacked(windows("imagebind_audio", MediaItem.from_audio(wave, 16_000)), "mel").reshape(1, 3, 1, 128, 204)
    absolute, share = goldenio.check(npz, f"{case}/mel", mel)
    assert share < relative if relative else absolute < 1e-3


@pytest.mark.media
@pytest.mark.parametrize(
    ("case", "protocol", "tolerance"),
    [("ltx2_pinned_sampler", "fastvideo", 1e-5), ("ltx2_avb_video", "av-benchmark", 1e-5)],
)
def test_imagebind_sees_the_clip_as_the_harness_does(case: str, protocol: str, tolerance: float) -> None:
    """Clips, crops and pixels agree, in the published order: clip outer, crop inner."""
    npz = golden("imagebind", case)
    found = windows("imagebind_video", clip("ltx2.mp4"), protocol=protocol)
    pixels = np.stack([(w.inputs["pixels"] - CLIP_MEAN) / CLIP_STD for w in found])
    assert deviation(npz, f"{case}/pixels", pixels[None]) < tolerance
