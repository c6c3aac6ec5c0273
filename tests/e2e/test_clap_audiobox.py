"""CLAP and Audiobox at full size, from samples to scores, against the published implementations under the fill."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from avmeter import create_evaluator
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.nets import clap
from avmeter.nets.audiobox import AXES
from avmeter.run import read_run
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from golden import synth
from support import require
from support.paths import PORTABLE

require.package("transformers")

AESTHETICS, SCORE = "audio.audiobox_aesthetics", "audio.clap_score"
FEATURE_TOLERANCE = 2e-6
SCORE_TOLERANCE = 1e-5

AUDIOBOX_WAVES = {
    "synth_1s": lambda: synth.chirp_noise(16000, 1, seed=3),
    "synth_10s": lambda: synth.chirp_noise(16000, 10),
    "synth_23s": lambda: synth.chirp_noise(16000, 23, seed=2),
    "zeros_10s": lambda: np.zeros(160000, np.float32),
}
CLAP_WAVES = {
    "synth_10s": lambda: synth.chirp_noise(48000, 10),
    "synth_13s_npseed0": lambda: synth.chirp_noise(48000, 13, seed=4),
}


@pytest.fixture(scope="module")
def audiobox_evaluator() -> Any:
    return create_evaluator(metrics=[AESTHETICS], weights="dummy")


@pytest.mark.parametrize(
    "case", ["synth_1s", *(pytest.param(c, marks=pytest.mark.full) for c in ("synth_10s", "synth_23s", "zeros_10s"))]
)
def test_aesthetics_of_an_array_are_the_published_scores(audiobox_evaluator: Any, case: str) -> None:
    """All four axes, from the array to the result: padded, full, several and silent windows."""
    golden = np.load(PORTABLE / "audiobox.npz")
    result = audiobox_evaluator.evaluate(audio=(AUDIOBOX_WAVES[case](), 16000))[AESTHETICS]
    scores = [result.details[axis] for axis in AXES]
    np.testing.assert_allclose(scores, golden[f"{case}/scores"], rtol=0, atol=SCORE_TOLERANCE)
    assert result.score == result.details["PQ"]
    assert result.dummy


@pytest.mark.full
@pytest.mark.media
def test_aesthetics_of_a_stereo_file_are_the_published_scores(audiobox_evaluator: Any) -> None:
    """24 kHz stereo: mixed, then resampled to 16 kHz as the published predictor does with a path."""
    path = require.media("ltx2.wav")
    golden = np.load(require.golden("audiobox.npz"))
    result = audiobox_evaluator.evaluate(audio=str(path))[AESTHETICS]
    scores = [result.details[axis] for axis in AXES]
    np.testing.assert_allclose(scores, golden["ltx2/scores"], rtol=0, atol=5 * SCORE_TOLERANCE)


@pytest.fixture(scope="module")
def clap_runtime() -> Runtime:
    return Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource(is_dummy=True))


def embedding_of(media: Any, runtime: Runtime) -> np.ndarray:
    extractor: Any = get_extractor("clap_audio")
    extractor.load(runtime)
    windows = list(extractor.windows(media))
    with torch.inference_mode():
        outputs = extractor.run(windows, runtime)
    found: np.ndarray = extractor.pool(outputs, windows, extractor.facts(media))["embedding"]
    return found


@pytest.mark.parametrize("case", ["synth_10s", pytest.param("synth_13s_npseed0", marks=pytest.mark.full)])
def test_clap_embedding_is_the_published_one(clap_runtime: Runtime, case: str) -> None:
    """The published case has no peak normalisation: the waveform is handed in behind it."""
    wave = CLAP_WAVES[case]()
    facts = SimpleNamespace(duration_s=len(wave) / 48_000, header_duration_mismatch=False)
    media = SimpleNamespace(name=case, audio=lambda _spec: wave, audio_facts=facts)
    golden = np.load(PORTABLE / "clap.npz")
    embedding = embedding_of(media, clap_runtime)
    np.testing.assert_allclose(embedding, golden[f"{case}/audio_features"], rtol=0, atol=FEATURE_TOLERANCE)


def test_clap_embedding_of_token_ids_is_the_published_one(clap_runtime: Runtime) -> None:
    """The text tower behind the extractor, with ids padded as the extractor pads them."""
    golden = np.load(PORTABLE / "clap.npz")
    ids = torch.from_numpy(golden["ids_a/input_ids"])
    extractor: Any = get_extractor("clap_text")
    extractor.load(clap_runtime)
    extractor._tokenizer = lambda _: clap.Tokens(ids=ids[None], mask=torch.ones_like(ids)[None], num_dropped=(0,))
    (window,) = extractor.windows("whatever")
    assert window.inputs["ids"].shape == (32,)
    with torch.inference_mode():
        (output,) = extractor.run([window], clap_runtime)
    np.testing.assert_allclose(output["embedding"], golden["ids_a/text_features"], rtol=0, atol=FEATURE_TOLERANCE)


@pytest.mark.media
def test_clap_embedding_of_a_file_is_the_published_one(clap_runtime: Runtime) -> None:
    """Stereo at 24 kHz through our own decoding, mixing, resampling and peak normalisation: FastVideo's reading."""
    path = require.media("ltx2.wav")
    golden = np.load(require.golden("clap.npz"))
    with MediaItem.open(path) as item:
        embedding = embedding_of(item, clap_runtime)
    np.testing.assert_allclose(embedding, golden["ltx2_fv/audio_features"], rtol=0, atol=5 * FEATURE_TOLERANCE)


@pytest.mark.full
@pytest.mark.media
def test_command_line_scores_real_clips_and_marks_dummy_weights(tmp_path: Path) -> None:
    """`avmeter score` over a folder with prompts: every clip has both scores, the corpus its retrieval, all marked."""
    clips = tmp_path / "clips"
    clips.mkdir()
    names = ["ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4"]
    for name in names:
        (clips / name).symlink_to(require.media(name))
    prompts = tmp_path / "prompts.csv"
    with prompts.open("w", newline="") as file:
        csv.writer(file).writerows([["file", "text_prompt"], *([n, f"the sound of {n}"] for n in names)])
    metrics = f"{SCORE},{AESTHETICS},audio.text_audio_retrieval"
    arguments = ["score", str(clips), "--prompts", str(prompts), "-m", metrics, "--weights", "dummy", "--no-store"]
    code = "from avmeter.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--out", str(tmp_path / "run")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "dummy" in done.stdout
    results = read_run(tmp_path / "run")
    for row in results:
        for name in (SCORE, AESTHETICS):
            assert row[name].score is not None
            assert row[name].dummy
    longer = [row[SCORE].details for row in results if row[SCORE].details["used_seconds"] > 10]
    assert len(longer) == 2
    assert all(len(details["crop_starts_s"]) == 3 for details in longer)
    retrieval = results.corpus["audio.text_audio_retrieval"]
    assert retrieval.details["num_prompts"] == 3
    assert retrieval.dummy
