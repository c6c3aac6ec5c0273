"""PE-AV's extractors: what they read, what they refuse, where their checkpoint is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import SkipError, UnknownNameError, WeightsError
from avmeter.features.base import Features, get_extractor
from avmeter.features.pe_av.frame import PeAvFrame, spread_indices
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support import require
from support.media import numbered, tone
from support.pe_av import CONFIG, write_checkpoint

require.package("transformers")

RATE = 48_000
PARTS = ("pe_av_codec", "pe_av_frame", "pe_av_embedding", "pe_av_text")


def runtime(precision: str = "float32", weights: Any = "auto") -> Runtime:
    return Runtime(device=torch.device("cpu"), precision=precision, weights=WeightsSource.parse(weights))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("pe-av"))


def made(extractor: Any, media: Any, on: Runtime) -> Features:
    """What the engine would make of one item."""
    extractor.load(on)
    windows = list(extractor.windows(media))
    with torch.inference_mode():
        outputs = [o for w in windows for o in extractor.run([w], on)]
    return extractor.pool(outputs, [w.without_inputs() for w in windows], extractor.facts(media))  # type: ignore[no-any-return]


def load_all(model: str, on: Runtime) -> None:
    for name in PARTS:
        get_extractor(name, model=model).load(on)


def film(duration_s: float, num_frames: int, *, fps: float = 25.0) -> MediaItem:
    """Grey frames that tell their number, and a tone."""
    return MediaItem.from_frames(
        numbered(num_frames, 30, 40), fps, audio=tone(440, 0.3, RATE, duration_s), sample_rate=RATE
    )


def embedded(folder: Path, item: MediaItem, modalities: str = "audio_video", on: Runtime | None = None) -> Features:
    on = on or runtime()
    extractor: Any = get_extractor("pe_av_embedding", model=str(folder), modalities=modalities)
    parents = {name: made(parent, item, on) for name, parent in extractor.parents().items()}
    return made(extractor, parents, on)


def test_sound_is_one_vector_every_40_ms(folder: Path) -> None:
    """Other rates are resampled, channels mixed, the last part filled up."""
    for rate in (16_000, 44_100, 48_000):
        wave = np.stack([tone(440, 0.3, rate, 1.01)] * 2)
        features = made(get_extractor("pe_av_codec", model=str(folder)), MediaItem.from_audio(wave, rate), runtime())
        assert features["vectors"].shape == (26, CONFIG.codec.latent_dim)
        assert features.facts["sound_s"] == pytest.approx(1.01, abs=1e-3)


@pytest.mark.parametrize(
    ("wave", "code"),
    [(np.zeros(RATE, np.float32), "silent"), (tone(440, 0.3, RATE, 0.039), "too_short"),
     (np.full(RATE, np.nan, np.float32), "non_finite"), (np.zeros(0, np.float32), "empty_audio")],
    ids=["silence", "39 ms", "NaN", "nothing"],
)  # fmt: skip
def test_sound_that_says_nothing_is_skipped_by_name(folder: Path, wave: np.ndarray, code: str) -> None:
    with pytest.raises(SkipError) as caught:
        next(get_extractor("pe_av_codec", model=str(folder)).windows(MediaItem.from_audio(wave, RATE)))  # type: ignore[attr-defined]
    assert str(caught.value.code) == code


def test_clip_without_sound_or_picture_is_skipped_by_name(folder: Path) -> None:
    for name, item, code in (
        ("pe_av_frame", MediaItem.from_audio(tone(440, 0.3, RATE, 1), RATE), "no_video_track"),
        ("pe_av_codec", MediaItem.from_frames(numbered(3), 25), "no_audio_track"),
    ):
        with pytest.raises(SkipError) as caught:
            next(get_extractor(name, model=str(folder)).windows(item))  # type: ignore[attr-defined]
        assert str(caught.value.code) == code


def test_every_frame_is_seen_or_sixteen_of_them(folder: Path, tmp_path: Path) -> None:
    """By what the checkpoint asks for; frames come in the order of their presentation, in bytes."""
    sixteen = write_checkpoint(tmp_path / "16", num_frames=16)
    item = film(1, 40)
    for model, wanted in ((folder, range(40)), (sixteen, spread_indices(40, 16))):
        extractor: Any = get_extractor("pe_av_frame", model=str(model))
        windows = list(extractor.windows(item))
        assert [round((int(w.inputs["pixels"][0, 5, 5]) - 10) / 4) for w in windows] == list(wanted)
        assert {(w.inputs["pixels"].shape, w.inputs["pixels"].dtype) for w in windows} == {
            ((3, 56, 56), np.dtype("uint8"))
        }
        assert [w.start_s for w in windows] == pytest.approx([i / 25 for i in wanted])
        assert extractor.facts(item) == {"num_frames": len(wanted), "num_frames_of_clip": 40}


def test_one_frame_and_fewer_than_sixteen_are_enough(folder: Path, tmp_path: Path) -> None:
    """A single frame is seen once, or sixteen times; the embedding is the same kind of thing."""
    assert spread_indices(1, 16) == (0,) * 16
    assert spread_indices(5, 16) == (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4)
    for model in (folder, write_checkpoint(tmp_path / "16", num_frames=16)):
        features = embedded(model, film(0.5, 1))
        assert np.isfinite(features["video"]).all()


def test_modalities_are_embedded_alone_and_together(folder: Path) -> None:
    """Sound alone has the embedding that it has beside a picture; both together have one more."""
    item = film(0.7, 9)
    both = embedded(folder, item)
    assert set(both.arrays) == {"audio", "video", "audio_video"}
    for name in ("audio", "video"):
        alone = embedded(folder, item, name)
        assert set(alone.arrays) == {name}
        np.testing.assert_allclose(alone[name], both[name], rtol=0, atol=1e-6)
    assert both.facts["num_frames"] == 9
    assert both.facts["model"] == folder.name
    with pytest.raises(UnknownNameError, match="smell"):
        get_extractor("pe_av_embedding", modalities="smell")


def test_text_has_one_embedding_for_each_partner_and_says_what_was_cut(folder: Path) -> None:
    on = runtime()
    text: Any = get_extractor("pe_av_text", model=str(folder))
    short, long = made(text, "a dog barks", on), made(text, "rain " * 600, on)
    assert set(short.arrays) == {"audio", "video", "audio_video"}
    assert short.facts == {"num_tokens": 5, "num_dropped": 0, "truncated": False}
    assert long.facts == {"num_tokens": 602, "num_dropped": 90, "truncated": True}
    assert np.isfinite(made(text, "дождь \ud83d", on)["audio"]).all()


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_stays_near(folder: Path, precision: str) -> None:
    """A faster mode gives the embeddings to its own accuracy."""
    item = film(0.5, 4)
    exact = embedded(folder, item)
    on = runtime(precision)
    with torch.autocast("cpu", dtype=on.half_dtype):
        half = embedded(folder, item, on=on)
    for name in ("audio", "video", "audio_video"):
        a, b = exact[name], half[name]
        assert float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) > 0.98
        assert not np.array_equal(a, b)


def test_folder_that_changed_is_another_model(tmp_path: Path) -> None:
    """Features of a folder's earlier content are not taken for those of its new one."""
    folder = write_checkpoint(tmp_path / "model")
    extractors = [get_extractor(name, model=str(folder)) for name in PARTS]
    before = [e.fingerprint(runtime()) for e in extractors]
    os.utime(folder / "model.safetensors", (1, 1))
    assert not set(before) & {e.fingerprint(runtime()) for e in extractors}
    assert all(e.weights() == () for e in extractors)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [("config.json", None, r"no config\.json"), ("model.safetensors", None, r"no model\.safetensors"),
     ("tokenizer.json", None, r"no tokenizer\.json"), ("model.safetensors", b"1", "not a safetensors file"),
     ("config.json", b"[]", "no object, but list")],
)  # fmt: skip
def test_folder_that_is_no_checkpoint_is_refused(
    tmp_path: Path, file: str, content: bytes | None, message: str
) -> None:
    """What is absent or broken is named."""
    folder = write_checkpoint(tmp_path / "model")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load_all(str(folder), runtime())


def test_absent_checkpoint_is_named_with_a_way_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Offline and not here: every part says which checkpoint and how to fetch it."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    for name in PARTS:
        with pytest.raises(WeightsError, match="pe-av-base"):
            get_extractor(name, model="facebook/pe-av-base").load(runtime())


def test_checkpoint_of_the_catalog_is_loaded_by_its_own_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`NAME/file` in a folder of weights: sizes come from its `config.json`, not from what is known beforehand."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    write_checkpoint(tmp_path / "weights" / "pe-av-small")
    on = runtime(weights=tmp_path / "weights")
    with pytest.warns(UserWarning, match="pinned"):
        load_all("pe-av-small", on)
    assert on.networks["pe-av", "frame", "pe-av-small"].config.image_size == 56


@pytest.mark.parametrize(("num_frames", "told"), [(40, 1.6), (1, None)])
def test_picture_tells_how_long_it_lasts(num_frames: int, told: float | None) -> None:
    """For comparison with the sound; a single frame lasts as long as one likes."""
    extractor = PeAvFrame()
    item = MediaItem.from_frames(numbered(num_frames), 25)
    windows = list(extractor.windows(item))
    pooled = extractor.pool([{"vector": np.zeros(3)}] * len(windows), windows, extractor.facts(item))
    assert pooled.facts.get("picture_s") == (None if told is None else pytest.approx(told, abs=1e-3))
