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


def test_provenance_names_the_weights_that_were_used():
    """Stand-ins where there are some, and the hashes of networks that cannot be filled."""
    config = EvaluatorConfig(device="cpu", weights="dummy")
    wanted = config.weights_source.without_stand_ins
    metrics = config.resolve_metrics(["audio.desync", "audio.dnsmos"])
    found = provenance(metrics, config, Counts(), duration_s=1.0)["weights"]
    own = {entry: wanted.fingerprint(entry) for entry in ("dnsmos-p835", "dnsmos-p808") if wanted.available(entry)}
    assert found == {"synchformer": "dummy", **own}
