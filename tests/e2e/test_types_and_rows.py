"""Whatever type a medium has it is scored as its file is, and one that is not understood costs its own scores only."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avmeter import create_evaluator
from support.media import click, tone, write_image_folder, write_media, write_pcm_wav, write_two_audio_tracks

RATE = 16_000
WAVE = tone(440, 0.25, RATE, 1.0)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return write_pcm_wav(tmp_path / "a.wav", WAVE, RATE, "pcm_f32le")


def loudness(*rows: dict[str, Any], **options: Any) -> list[Any]:
    evaluator = create_evaluator(metrics=["audio.loudness"], **options)
    return [row["audio.loudness"] for row in evaluator.evaluate(samples=list(rows))]


ROWS: dict[str, Callable[[bytes], Any]] = {
    "undecoded row": lambda data: {"bytes": data, "path": "clip_0001.wav"},
    "bytes": lambda data: data,
    "file object": io.BytesIO,
    "decoded row": lambda data: {"array": WAVE, "sampling_rate": RATE, "path": None},
    "float64": lambda data: (WAVE.astype(np.float64), RATE),
    "batch of one": lambda data: (torch.from_numpy(WAVE)[None, None], RATE),
    "rate first": lambda data: (RATE, WAVE),
}


@pytest.mark.parametrize("name", list(ROWS))
def test_every_form_of_one_sound_has_one_score(wav: Path, name: str) -> None:
    """Rows of data sets, bytes, open files, arrays and tensors."""
    file, other = loudness({"audio": str(wav)}, {"audio": ROWS[name](wav.read_bytes())})
    assert other.score == pytest.approx(file.score, abs=1e-6)


def test_bfloat16_is_scored_as_its_values_in_float32() -> None:
    """Every bfloat16 is a float32."""
    half = torch.from_numpy(WAVE).bfloat16()
    found, expected = loudness({"audio": (half, RATE)}, {"audio": (half.float(), RATE)})
    assert found.score == expected.score


def test_one_bad_sample_costs_nobody_else(wav: Path) -> None:
    """Each bad one is a skip that says what it is; the good ones are scored; nothing is raised."""
    bad: list[Any] = [
        np.zeros(8),
        3,
        " ",
        object(),
        (torch.zeros(2, 2, 8), RATE),
        (np.zeros(8, np.int64), RATE),
        (WAVE * 32_768, RATE),
        {"bytes": b"no media", "path": "x.wav"},
        b"",
        io.StringIO("text"),
        [[0.0], [0.0, 1.0]],
    ]
    rows = [{"id": f"bad {i}", "audio": value} for i, value in enumerate(bad)]
    results = loudness({"audio": str(wav)}, *rows, {"audio": (WAVE, RATE)})
    assert results[0].score == pytest.approx(results[-1].score, abs=1e-6)
    reasons = [r.skip.reason for r in results[1:-1]]
    assert all(r.score is None for r in results[1:-1])
    assert "shape (8,) without a rate" in reasons[0]
    assert "shape (2, 2, 8) and dtype float32" in reasons[4]
    assert "shape (8,) and dtype int64" in reasons[5]
    assert "x 32768" in reasons[6]
    assert [r.skip.code for r in results[8:10]] == ["unreadable", "empty_file"]
    assert all(reason for reason in reasons)


def test_texts_that_are_none_cost_the_metrics_that_read_them(wav: Path) -> None:
    """A prompt that is a number leaves the loudness."""
    (found,) = loudness({"audio": str(wav), "text_prompt": 5})
    assert found.score is not None


def test_bytes_are_stored_like_files(wav: Path, tmp_path: Path) -> None:
    """A second run over the same bytes decodes nothing."""
    row = {"audio": {"bytes": wav.read_bytes(), "path": "label.wav"}}
    store = tmp_path / "store"
    counts = []
    for rows in ([row], [row], [{"audio": str(wav)}]):
        evaluator = create_evaluator(metrics=["audio.loudness"], store=store)
        counts.append(evaluator.evaluate(samples=rows).provenance["store_reads"])
        evaluator.unload()
    assert counts == [0, 1, 1]


def test_frames_of_every_form_have_the_scores_of_their_file(tmp_path: Path) -> None:
    """Folders and lists of images, tensors of any order: what moves is where it was."""
    frames = np.zeros((25, 64, 96, 3), np.uint8)
    for i in range(25):
        left = 10 + i + (30 if i >= 12 else 0)
        frames[i, 20:40, left : left + 15] = 255
    wave = click(0.5, RATE, 1.0)
    folder = write_image_folder(tmp_path / "frames", frames)
    tensor = torch.from_numpy(frames)
    forms = [
        frames,
        str(folder),
        list(frames),
        tensor.permute(0, 3, 1, 2),
        tensor.permute(3, 0, 1, 2)[None],
        (tensor / 255).bfloat16(),
    ]
    rows = [{"video": f, "fps": 25, "audio": (wave, RATE)} for f in forms]
    results = create_evaluator(metrics=["av.align"]).evaluate(samples=rows)
    scores = [r["av.align"].score for r in results]
    assert scores[0] > 0
    assert scores == [pytest.approx(scores[0])] * len(forms)


def test_choice_of_a_track_reaches_the_decoder(tmp_path: Path) -> None:
    """`audio_stream` of a sample picks the track that is scored."""
    waves = [tone(440, 0.05, RATE, 1.0), tone(440, 0.5, RATE, 1.0)]
    path = write_two_audio_tracks(tmp_path / "a.mkv", waves, RATE, default=0)
    quiet, loud = loudness({"audio": str(path)}, {"audio": str(path), "audio_stream": 1})
    assert loud.score - quiet.score == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(("layout", "num_channels"), [("7.1", 8), ("6.1", 7), ("4.0", 4), ("5.1(side)", 6)])
def test_surround_of_every_layout_has_a_loudness(tmp_path: Path, layout: str, num_channels: int) -> None:
    """The front left channel alone is as loud as mono."""
    wave = np.zeros((num_channels, len(WAVE)), np.float32)
    wave[0] = WAVE
    path = write_media(tmp_path / "a.wav", wave=wave, sample_rate=RATE, audio_codec="pcm_f32le", layout=layout)
    surround, mono = loudness({"audio": str(path)}, {"audio": (WAVE, RATE)})
    assert surround.score == pytest.approx(mono.score, abs=0.01)
