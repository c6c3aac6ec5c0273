"""Scores of the public interface on real clips equal those that the published networks' outputs imply.

All networks are full size with the deterministic fill, so the numbers say nothing about the clips.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter import Evaluator
from avmeter.features.base import Features, WindowExtractor, get_extractor
from avmeter.media import MediaItem
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.result import MetricResult
from avmeter.runtime import Runtime
from avmeter.sample import Sample
from avmeter.stats.divergence import kl_softmax
from avmeter.weights import WeightsSource
from support import require

PROTOCOLS = {"ltx2_fv": "fastvideo", "ltx2_avb": "av-benchmark"}
SAMPLE = Sample(id="ltx2")

pytestmark = pytest.mark.media


def golden(network: str) -> dict[str, np.ndarray]:
    with np.load(require.golden(f"{network}.npz")) as npz:
        return {k: npz[k] for k in npz.files if npz[k].size < 40_000}


def score(metric: str, protocol: str, sample: dict[str, object]) -> MetricResult:
    """One score through the public interface, dummy weights, no store."""
    evaluator = Evaluator([metric], weights="dummy", store=None, protocol=protocol)
    try:
        return evaluator.evaluate(samples=[sample])[0][metric]
    finally:
        evaluator.shutdown()


# -- PaSST -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def passt() -> dict[str, Features]:
    """Golden case -> PaSST features of the clip as its protocol reads it."""
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse("dummy"))
    found = {}
    for case, protocol in PROTOCOLS.items():
        extractor = get_extractor("passt", protocol=protocol)
        assert isinstance(extractor, WindowExtractor)
        extractor.load(runtime)
        item = MediaItem.open(require.media("ltx2.wav"))
        windows = list(extractor.windows(item))
        with torch.inference_mode():
            outputs = extractor.run(windows, runtime)
        found[case] = extractor.pool(outputs, [w.without_inputs() for w in windows], extractor.facts(item))
    return found


@pytest.mark.parametrize("case", PROTOCOLS)
def test_passt_features_of_a_clip_are_the_published_ones(passt: dict[str, Features], case: str) -> None:
    """Logits and embedding agree from file to output, to the tolerance of the network alone."""
    npz = golden("passt")
    for name in ("logits", "embedding"):
        published = npz[f"{case}/{name}"]
        assert np.abs(passt[case][name] - published).max() < 5e-6 * np.abs(published).max()


def test_kl_between_two_readings_of_one_clip_is_the_published_one(passt: dict[str, Features]) -> None:
    """One protocol's reading against the other's: 0.013, which is how much a reading alone matters."""
    npz = golden("passt")
    features = FeatureSet({"generated": passt["ltx2_avb"], "reference": passt["ltx2_fv"]})
    result = get_metric("audio.kl_divergence").score(SAMPLE, features)
    implied = kl_softmax(generated=npz["ltx2_avb/logits"][None], reference=npz["ltx2_fv/logits"][None])
    assert result.score == pytest.approx(implied, rel=1e-4)
    assert result.score == pytest.approx(0.013, abs=5e-4)


def test_frechet_distance_of_own_embeddings_is_that_of_published_ones(passt: dict[str, Features]) -> None:
    """Two clips a side, one side shifted: the score follows from embeddings alone."""
    npz = golden("passt")
    own = {case: passt[case]["embedding"] for case in PROTOCOLS}
    published = {case: npz[f"{case}/embedding"] for case in PROTOCOLS}
    scores = []
    for rows in (own, published):
        metric = get_metric("audio.frechet_distance")
        state = metric.start()  # type: ignore[attr-defined]
        for fv, avb in ((rows["ltx2_fv"], rows["ltx2_avb"]), (rows["ltx2_avb"], -rows["ltx2_fv"])):
            features = FeatureSet(
                {"generated": Features(arrays={"embedding": fv}), "reference": Features(arrays={"embedding": avb})}
            )
            state = metric.update(state, SAMPLE, features)  # type: ignore[attr-defined]
        scores.append(metric.finish(state).score)  # type: ignore[attr-defined]
    assert scores[0] == pytest.approx(scores[1], rel=1e-5)
    assert scores[1] > 1


def test_kl_of_a_clip_against_silence_through_the_public_interface() -> None:
    """`av-benchmark` scores silence: KL(silence || clip) is what the published logits of both imply."""
    npz = golden("passt")
    sample = {"audio": require.media("ltx2.wav"), "reference_audio": (np.zeros(320_000, np.float32), 32_000)}
    result = score("audio.kl_divergence", "av-benchmark", sample)
    implied = kl_softmax(generated=npz["ltx2_avb/logits"][None], reference=npz["zeros/logits"][None])
    assert result.score == pytest.approx(implied, rel=1e-4)
    assert result.dummy
    assert "dummy weights" in str(result)


# -- full-size audio-visual networks ---------------------------------------------------------------------------------

DESYNC_CASES = {
    "ltx2_fv": ("fastvideo", "ltx2.mp4", "ltx2.wav"),
    "ltx2_avb": ("av-benchmark", "ltx2.mp4", "ltx2.wav"),
    "3qesir_avb": ("av-benchmark", "3qesirWAGt4_20000_30000.mp4", None),
}


@pytest.mark.full
@pytest.mark.parametrize("case", DESYNC_CASES)
def test_desync_of_a_clip_is_the_published_one(case: str) -> None:
    """Class probabilities and offsets at both ends, from files to score."""
    npz = golden("synchformer")
    protocol, video, audio = DESYNC_CASES[case]
    sample = {"video": require.media(video), "audio": require.media(audio) if audio else None}
    result = score("audio.desync", protocol, sample)
    offsets = []
    for end, published in (("front", "first14"), ("back", "last14")):
        logits = npz[f"{case}/logits_{published}"].astype(np.float64).reshape(-1)
        probabilities = np.exp(logits - logits.max())
        probabilities /= probabilities.sum()
        assert result.details[f"{end}_probabilities"] == pytest.approx(probabilities.tolist(), abs=5e-5)
        offsets.append(float(npz[f"{case}/offset_{published}"]))
        assert result.details[f"{end}_offset_s"] == pytest.approx(offsets[-1], abs=1e-6)
    assert result.score == pytest.approx(np.mean(np.abs(offsets)), abs=1e-6)


@pytest.mark.full
@pytest.mark.parametrize(
    ("protocol", "vision"), [("fastvideo", "ltx2_pinned_sampler"), ("av-benchmark", "ltx2_avb_video")]
)
def test_imagebind_score_of_a_clip_is_the_published_one(protocol: str, vision: str) -> None:
    """Cosine of the published embeddings of picture and sound, from files to score."""
    npz = golden("imagebind")
    sample = {"video": require.media("ltx2.mp4"), "audio": require.media("ltx2.wav")}
    result = score("audio.imagebind_score", protocol, sample)
    picture, sound = (
        npz[k].astype(np.float64).reshape(-1)
        for k in (f"{vision}/vision_embedding", "ltx2_pinned_sampler/audio_embedding")
    )
    cosine = picture @ sound / (np.linalg.norm(picture) * np.linalg.norm(sound))
    assert result.score == pytest.approx(cosine, abs=1e-5)
