"""ImageBind's embeddings of texts, frames and windows of sound on small networks: what is read, and which network."""

from __future__ import annotations

import copy
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avmeter import create_evaluator
from avmeter.dsp.mel import imagebind_mel
from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError, WeightsError
from avmeter.features import network
from avmeter.features.base import Features, WindowExtractor, get_extractor
from avmeter.media import MediaItem
from avmeter.nets import clip_tokens
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from golden import synth
from support import require
from support.media import numbered, write_media
from support.networks import EMBEDDING_DIM, put_small_networks

require.package("ftfy")
require.package("regex")

RATE = 16_000


@pytest.fixture
def runtime() -> Runtime:
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource(is_dummy=True))
    put_small_networks(runtime)
    return runtime


def embed(extractor: Any, item: Any, runtime: Runtime) -> Features:
    """Features of one item, without the engine."""
    assert isinstance(extractor, WindowExtractor)
    extractor.load(runtime)
    windows = list(extractor.windows(item))
    with torch.inference_mode():
        outputs = extractor.run(windows, runtime)
    return extractor.pool(outputs, [w.without_inputs() for w in windows], extractor.facts(item))


def sound(seconds: float, channels: int = 1) -> MediaItem:
    waves = [synth.chirp_noise(RATE, seconds, seed=i) + 0.1 for i in range(channels)]
    return MediaItem.from_audio(np.stack(waves)[:, : round(seconds * RATE)], RATE)


def picture(num_frames: int, fps: float = 10) -> MediaItem:
    return MediaItem.from_frames(numbered(num_frames), fps)


# -- texts -----------------------------------------------------------------------------------------------------------


def test_text_has_one_embedding_and_says_how_much_was_read(runtime: Runtime) -> None:
    """One vector, the tokens, and whether that was all."""
    features = embed(get_extractor("imagebind_text"), "a dog", runtime)
    assert features["embedding"].shape == (EMBEDDING_DIM,)
    assert features.facts == {"num_tokens": 7, "num_dropped": 0, "truncated": False}
    assert embed(get_extractor("imagebind_text"), "x" * 90, runtime).facts["truncated"]


def test_texts_that_are_the_same_after_cleaning_have_the_same_embedding(runtime: Runtime) -> None:
    """Case and blanks are not read; words are."""
    extractor = get_extractor("imagebind_text")
    plain, loud, other = (embed(extractor, t, runtime)["embedding"] for t in ("a dog", "A  DOG\n", "a cat"))
    np.testing.assert_array_equal(plain, loud)
    assert np.abs(plain - other).max() > 1e-3


def test_text_of_nothing_but_control_characters_is_a_skip(runtime: Runtime) -> None:
    """What is empty after cleaning has no embedding."""
    extractor: Any = get_extractor("imagebind_text")
    extractor.load(runtime)
    with pytest.raises(SkipError) as caught:
        list(extractor.windows("\x07\x08"))
    assert caught.value.code is SkipCode.EMPTY_TEXT
    assert "2 characters" in caught.value.message


def test_vocabulary_that_is_not_the_catalogs_is_refused(tmp_path: Path) -> None:
    """It is a file of the catalog, verified as any other, before a network is loaded."""
    path = tmp_path / "clip-vocabulary" / "bpe_simple_vocab_16e6.txt.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(b"header\n" + b"a b\n" * clip_tokens.NUM_MERGES))
    real = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse(tmp_path))
    with pytest.raises(WeightsError, match="instead of 1356917"):
        get_extractor("imagebind_text").load(real)


def test_real_weights_and_dummy_weights_read_different_tokens() -> None:
    """With the published vocabulary a word is a token, with dummy weights a byte is."""
    require.weights("clip-vocabulary")
    source = WeightsSource.parse("auto")
    real = Runtime(device=torch.device("cpu"), precision="float32", weights=source)
    put_small_networks(real)
    assert embed(get_extractor("imagebind_text"), "a dog", real).facts["num_tokens"] == 4


# -- frames ----------------------------------------------------------------------------------------------------------


def test_every_frame_is_embedded_at_its_time(runtime: Runtime) -> None:
    """As many embeddings of length 1 as frames, with presentation times and the length of the picture."""
    features = embed(get_extractor("imagebind_frames"), picture(7), runtime)
    assert features["embedding"].shape == (7, EMBEDDING_DIM)
    np.testing.assert_allclose(np.linalg.norm(features["embedding"], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(features["times_s"], np.arange(7) / 10)
    assert features.facts["duration_s"] == pytest.approx(0.7)


def test_frame_is_seen_twice_by_a_tower_for_pairs(runtime: Runtime) -> None:
    """A single picture stands for both frames, normalised as the pairs of `imagebind_video` are."""
    extractor: Any = get_extractor("imagebind_frames")
    extractor.load(runtime)
    (window,) = extractor.windows(picture(1))
    assert window.inputs["pixels"].dtype == np.uint8
    with torch.inference_mode():
        (output,) = extractor.run([window], runtime)
        pixels = torch.from_numpy(window.inputs["pixels"]).float() / 255
        pair = {"pixels": torch.stack([pixels, pixels], dim=1)[None]}
        video: Any = get_extractor("imagebind_video")
        video.load(runtime)
        expected = video.forward(pair)["embedding"][0].numpy()
    np.testing.assert_allclose(output["embedding"], expected, atol=1e-6)


def test_times_are_those_of_presentation(runtime: Runtime, tmp_path: Path) -> None:
    """Frames of a variable rate keep their own times."""
    times_s = np.array([0.0, 0.04, 0.5, 0.54, 1.2])
    path = write_media(tmp_path / "a.mp4", frames=numbered(5), times_s=times_s)
    features = embed(get_extractor("imagebind_frames"), MediaItem.open(path), runtime)
    np.testing.assert_allclose(features["times_s"], times_s, atol=1e-4)


def test_lower_rate_looks_at_the_frame_on_the_screen_at_each_tick(runtime: Runtime) -> None:
    """Four looks a second at ten frames a second: frames 0, 2, 5 and 7."""
    every = embed(get_extractor("imagebind_frames"), picture(10), runtime)
    some = embed(get_extractor("imagebind_frames", fps=4), picture(10), runtime)
    np.testing.assert_allclose(some["times_s"], [0, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(some["embedding"], every["embedding"][[0, 2, 5, 7]], atol=1e-6)
    assert len(embed(get_extractor("imagebind_frames", fps=1), picture(1), runtime)["times_s"]) == 1


@pytest.mark.parametrize("fps", [0, -1, float("inf"), float("nan")])
def test_rate_that_is_no_rate_is_refused(fps: float) -> None:
    """Before anything runs."""
    with pytest.raises(UsageError, match="fps"):
        get_extractor("imagebind_frames", fps=fps)


# -- windows of sound ------------------------------------------------------------------------------------------------


def places(extractor: Any, item: MediaItem) -> list[tuple[float, float]]:
    return [(w.start_s, w.duration_s) for w in extractor.windows(item)]


def test_windows_are_half_a_second_apart_and_the_last_ends_with_the_sound() -> None:
    """2 s with 1.5 s of overlap, as published."""
    extractor = get_extractor("imagebind_audio_windows")
    assert places(extractor, sound(3)) == [(0, 2), (0.5, 2), (1, 2)]
    assert places(extractor, sound(3.2)) == [(0, 2), (0.5, 2), (1, 2), (1.2, 2)]
    assert places(extractor, sound(2)) == [(0, 2)]
    assert places(extractor, sound(1.5)) == [(0, 1.5)]


def test_other_windows_can_be_asked_for() -> None:
    """Length and overlap are options."""
    extractor = get_extractor("imagebind_audio_windows", window_s=0.5, overlap_s=0)
    assert places(extractor, sound(1.6)) == [(0, 0.5), (0.5, 0.5), (1, 0.5), (1.1, 0.5)]


def test_window_is_heard_as_a_clip_of_its_own(runtime: Runtime) -> None:
    """Less its own mean, the first channel, the spectrogram of `imagebind_audio`."""
    item = sound(3, channels=2)
    extractor: Any = get_extractor("imagebind_audio_windows", mean_removal="independent")
    waves = np.stack([synth.chirp_noise(RATE, 3, seed=i) + 0.1 for i in range(2)]).astype(np.float32)
    piece = waves[:, RATE // 2 : RATE // 2 + 2 * RATE]
    expected = imagebind_mel(torch.from_numpy(piece[:1] - piece.mean()))
    found = list(extractor.windows(item))[1].inputs["mel"]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


def test_running_mean_removal_is_what_earlier_windows_leave_behind() -> None:
    """As published: the first window is its own, later ones have lost more than their mean."""
    item = sound(4)
    running, own = (
        [w.inputs["mel"] for w in get_extractor("imagebind_audio_windows", mean_removal=rule).windows(item)]  # type: ignore[attr-defined]
        for rule in ("running", "independent")
    )
    np.testing.assert_array_equal(running[0], own[0])
    assert any(np.abs(a - b).max() > 0 for a, b in zip(running[1:], own[1:], strict=True))


def test_pooled_windows_have_places_and_embeddings(runtime: Runtime) -> None:
    """Arrays of one length; a sound that keeps its promise has no fact."""
    features = embed(get_extractor("imagebind_audio_windows"), sound(3), runtime)
    assert features["embedding"].shape == (3, EMBEDDING_DIM)
    assert features["start_s"].tolist() == [0, 0.5, 1]
    assert features["duration_s"].tolist() == [2, 2, 2]
    assert features.facts == {}


@pytest.mark.parametrize(
    "options",
    [{"window_s": 2.1}, {"window_s": 0.02}, {"overlap_s": 2.0}, {"overlap_s": -0.1}, {"window_s": float("nan")}],
)
def test_windows_that_cannot_be_heard_or_do_not_move_on_are_refused(options: dict[str, float]) -> None:
    """Before anything runs, with the range."""
    with pytest.raises(UsageError, match=next(iter(options))):
        get_extractor("imagebind_audio_windows", **options)


@pytest.mark.parametrize("extractor", ["imagebind_audio", "imagebind_audio_windows"])
def test_unknown_rules_are_refused_with_near_misses(extractor: str) -> None:
    """A typing mistake is named."""
    with pytest.raises(UnknownNameError, match="first"):
        get_extractor(extractor, channel="firsd")
    with pytest.raises(UnknownNameError, match="running"):
        get_extractor(extractor, mean_removal="runing")


# -- networks --------------------------------------------------------------------------------------------------------


def test_one_network_of_each_tower_serves_all_metrics(tmp_path: Path) -> None:
    """Six extractors over three towers: what is loaded is loaded once, and shared batches change nothing."""
    metrics = ["audio.imagebind_score", "av.imagebind_text_audio", "av.imagebind_text_video", "av.javis_score"]
    evaluator = create_evaluator(metrics=metrics, weights="dummy")
    put_small_networks(evaluator._computer.runtime)
    keys = set(evaluator._computer.runtime.networks)
    samples = [
        {
            "video": write_media(
                tmp_path / f"{i}.mp4", wave=synth.chirp_noise(RATE, 3 + i, seed=i), sample_rate=RATE,
                frames=numbered(30 + 10 * i), fps=10,
            ),
            "text_prompt": f"a beep of {i} seconds",
        }
        for i in range(3)
    ]  # fmt: skip
    together = evaluator.evaluate(samples=samples)
    assert set(evaluator._computer.runtime.networks) == keys
    alone = create_evaluator(metrics=metrics, weights="dummy", batch_size=1)
    put_small_networks(alone._computer.runtime)
    for sample, row in zip(samples, together, strict=True):
        expected = alone.evaluate(samples=[sample])[0]
        assert {n: r.score for n, r in row.items()} == pytest.approx(
            {n: r.score for n, r in expected.items()}, abs=1e-6
        )


def test_tower_is_loaded_for_the_first_who_asks_and_for_nobody_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs and single frames, whole sounds and windows: one network each, and no other tower comes with it."""
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource(is_dummy=True))
    loaded: list[tuple[str, ...]] = []
    monkeypatch.setattr(network, "fill_network", lambda net, _: loaded.append(net.config.towers))
    for name in ("imagebind_frames", "imagebind_video", "imagebind_audio_windows", "imagebind_audio", "imagebind_text"):
        get_extractor(name).load(runtime)
    assert loaded == [("vision",), ("audio",), ("text",)]


@pytest.mark.parametrize("name", ["imagebind_frames", "imagebind_audio_windows", "imagebind_text"])
def test_half_precision_stays_near_float32(name: str, runtime: Runtime) -> None:
    """Networks with half weights get inputs of their own type: bytes, spectrograms and ids alike."""
    item = {"imagebind_frames": picture(3), "imagebind_audio_windows": sound(2), "imagebind_text": "a dog"}[name]
    exact = embed(get_extractor(name), item, runtime)["embedding"]
    half = Runtime(device=torch.device("cpu"), precision="bf16", weights=WeightsSource(is_dummy=True))
    half.networks.update({k: copy.deepcopy(v).to(torch.bfloat16) for k, v in runtime.networks.items()})
    with torch.autocast("cpu", torch.bfloat16):
        rough = embed(get_extractor(name), item, half)["embedding"]
    assert 0 < np.abs(rough - exact).max() < 0.05 * np.abs(exact).max()
