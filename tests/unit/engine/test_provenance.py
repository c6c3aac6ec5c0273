"""A run says what it was made with."""

import json

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.provenance import provenance
from avmeter.features.base import get_extractor


def test_provenance_names_weights_options_and_extractors():
    """Of the metrics that were computed, as JSON."""
    config = EvaluatorConfig(device="cpu", weights="dummy", protocol="av-benchmark", precision="bf16")
    metrics = config.resolve_metrics(["audio.desync"])
    found = provenance(metrics, config, Counts(computed={"synchformer_audio": 3}, store_reads=2), duration_s=1.23456)
    assert json.loads(json.dumps(found)) == found
    assert (found["precision"], found["dummy_weights"], found["duration_s"]) == ("bf16", True, 1.235)
    assert found["metrics"]["audio.desync"]["options"]["protocol"] == "av-benchmark"
    assert set(found["weights"]) == {"synchformer"}
    assert get_extractor("synchformer_audio", protocol="av-benchmark").name in " ".join(found["extractors"])
    assert (found["computed"], found["store_reads"]) == ({"synchformer_audio": 3}, 2)
    assert found["device"].startswith("cpu")
