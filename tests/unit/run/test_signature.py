"""A score's signature."""

from __future__ import annotations

from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.run.signature import comparable_part, signature
from support.systems import system_run


def test_signature_says_all_that_the_score_depends_on() -> None:
    """Options that stand for something, checkpoints by their hash, protocol, precision, counts and version."""
    results = system_run([1.0, 2.0], metric="m.a@panns", backbone="panns", reference_features=None, splits=10)
    results[1]["m.a@panns"] = MetricResult.skipped("m.a@panns", Skip(code=SkipCode.SILENT, reason="r", hint=""))
    assert signature(results, "m.a@panns") == (
        "m.a@panns|backbone:panns|splits:10|weights:net=01234567|protocol:fastvideo|precision:float32"
        "|n:1|skipped:1|avmeter:1.2.3"
    )


def test_stand_in_weights_are_named() -> None:
    """In place of a hash."""
    assert "|weights:dummy|" in signature(system_run([1.0], dummy=True), "m.a")


def test_metric_that_stand_ins_did_not_touch_is_that_of_any_run() -> None:
    """One without a network, or whose network another program runs, in a run with stand-in weights."""
    results = system_run([1.0])
    results.provenance["dummy_weights"] = True
    assert comparable_part(results, "m.a") == comparable_part(system_run([1.0]), "m.a")
    results.provenance["metrics"]["m.a"]["checkpoints"] = []
    assert "weights:" not in signature(results, "m.a")
    mixed = system_run([1.0])
    mixed.provenance["metrics"]["m.a"]["checkpoints"] = ["net", "other"]
    mixed.provenance["weights"]["other"] = "dummy"
    assert "|weights:net=01234567,other=dummy|" in signature(mixed, "m.a")


def test_corpus_metric_counts_the_clips_that_it_used() -> None:
    """Not those that the run has."""
    results = system_run([1.0, 2.0, 3.0])
    results.corpus["m.c"] = MetricResult("m.c", 1.0, {"n_given": 3, "n_used": 2})
    assert "|n:2|skipped:1|" in signature(results, "m.c")


def test_scores_compare_where_nothing_but_counts_and_version_differs() -> None:
    """An option or a checkpoint makes another score of it."""
    one = system_run([1.0])
    two = system_run([1.0, 2.0])
    two.provenance["versions"] = {"avmeter": "9"}
    assert comparable_part(one, "m.a") == comparable_part(two, "m.a")
    assert comparable_part(one, "m.a") != comparable_part(system_run([1.0], backbone="x"), "m.a")


def test_text_of_an_option_cannot_add_a_field() -> None:
    """Whatever a path or a name holds."""
    assert signature(system_run([1.0], model="a|n:99"), "m.a").count("|n:") == 1


def test_damaged_provenance_still_gives_a_signature() -> None:
    """Of what is left."""
    results = system_run([1.0])
    results.provenance = {"metrics": 3, "weights": None}
    assert signature(results, "m.a") == "m.a|n:1|skipped:0|avmeter:unknown"
