"""Which metrics of a run concern its samples, and which read a file of reference features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import UsageError
from avmeter.metrics.resolve import resolve_metrics
from avmeter.metrics.selection import select_metrics, with_reference_features
from avmeter.sample import Sample

AUDIO = Sample.of({"audio": "a.wav"})
PAIR = Sample.of({"audio": "b.wav", "reference_audio": "c.wav"})
NAMES = ["audio.loudness", "audio.kl_divergence", "audio.wer"]


def test_metric_is_left_out_when_no_sample_has_its_fields() -> None:
    """One sample with all fields is enough; the fields that are missing everywhere are named."""
    metrics = resolve_metrics(NAMES)
    selection = select_metrics(metrics, [AUDIO, AUDIO])
    assert selection.chosen == ("audio.loudness",)
    assert selection.left_out == {"audio.kl_divergence": ("reference_audio",), "audio.wer": ("reference_text",)}
    assert select_metrics(metrics, [AUDIO, PAIR]).chosen == ("audio.loudness", "audio.kl_divergence")


def test_reference_without_a_clip_brings_no_inputs_of_clips() -> None:
    """Its video is not that of a generated sound."""
    samples = [AUDIO, Sample.of({"audio": "ref.mp4", "video": "ref.mp4", "role": "reference"})]
    metrics = resolve_metrics(["audio.imagebind_score", "audio.desync"])
    assert select_metrics(metrics, samples).left_out == dict.fromkeys(metrics, ("video",))


def test_metrics_named_by_the_user_stay() -> None:
    """Each sample then says why it has no score."""
    assert select_metrics(resolve_metrics(NAMES), [AUDIO], explicit=NAMES).chosen == tuple(NAMES)


def test_metric_that_has_no_score_on_this_machine_is_left_out() -> None:
    """With what it needs, whatever samples have; named, it stays, and each sample says the same."""
    sample = Sample.of({"video": "a.mp4", "reference": "b.mp4"})
    metrics = resolve_metrics(["optical_flow.gt_optical_flow", "common.psnr"])
    selection = select_metrics(metrics, [sample])
    assert selection.chosen == ("common.psnr",)
    (reason,) = selection.by_reason()
    assert "DPFlow" in reason
    assert select_metrics(metrics, [sample], explicit=list(metrics)).chosen == tuple(metrics)


def test_metrics_are_grouped_by_what_is_missing() -> None:
    """A message names the field once."""
    selection = select_metrics(resolve_metrics([*NAMES, "audio.speaker_similarity"]), [Sample.of({"audio": "a.wav"})])
    assert selection.by_reason()["no sample has `reference_audio`"] == [
        "audio.kl_divergence",
        "audio.speaker_similarity",
    ]


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """Features of PaSST's size."""
    path = tmp_path / "ref.npy"
    np.save(path, np.random.default_rng(0).standard_normal((5, 768)).astype(np.float32))
    return path


def test_file_of_features_goes_to_every_metric_that_reads_one(features: Path) -> None:
    """Other metrics and other options stay as they are."""
    options = {"audio.wer": {"numbers": False}, "audio.frechet_distance": {"backbone": "passt"}}
    merged, refusals = with_reference_features(options, features, metrics="audio", protocol="fastvideo")
    assert refusals == {}
    assert merged["audio.wer"] == {"numbers": False}
    assert merged["audio.frechet_distance"] == {"backbone": "passt", "reference_features": str(features)}
    assert options["audio.frechet_distance"] == {"backbone": "passt"}


def test_metric_that_cannot_use_the_file_is_named_or_refused(features: Path) -> None:
    """In a group it does without, on its own it is an error; so is a group in which none reads such a file."""
    options = {"audio.kernel_distance": {"backbone": "vggish"}}
    merged, refusals = with_reference_features(options, features, metrics="audio", protocol="fastvideo")
    assert list(refusals) == ["audio.kernel_distance"]
    assert "reference_features" not in merged["audio.kernel_distance"]
    with pytest.raises(UsageError, match="128"):
        with_reference_features(options, features, metrics="audio.kernel_distance", protocol="fastvideo")
    with pytest.raises(UsageError, match="no chosen metric reads a reference set"):
        with_reference_features({}, features, metrics="audio.wer", protocol="fastvideo")
