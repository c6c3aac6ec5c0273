"""A plan holds every feature that is needed, once, and says what is missing."""

import pytest

from avmeter.engine import plan as plan_module
from avmeter.engine.plan import FeatureRequest, Plan, make_plan, resolve_sources
from avmeter.errors import SkipCode
from avmeter.metrics.base import Need
from avmeter.metrics.resolve import resolve_metrics
from avmeter.result import Skip
from avmeter.sample import as_samples
from support.engine import Blocks, CompareMetric, Difference, MeanMetric, SumMetric, clip


def plan_of(samples, *metrics):
    return make_plan(as_samples(samples), {m.name: m for m in metrics}, {})


def test_feature_that_two_metrics_need_is_requested_once():
    """For one source; both are told of the same request."""
    sample = clip(0.5)
    plan = plan_of([sample, dict(sample)], MeanMetric(), SumMetric())
    (request,) = plan.requests
    assert {r for needs in plan.requested.values() for r in needs.values()} == {request}
    assert len(plan.sources) == 1


def test_extractors_are_made_once_for_all_samples(monkeypatch):
    """Not for every sample anew: a set has thousands."""
    made = []
    original = plan_module.get_extractor
    monkeypatch.setattr(plan_module, "get_extractor", lambda *a, **k: made.append(a) or original(*a, **k))
    plan_of([clip(value / 10) for value in range(1, 6)], MeanMetric(), SumMetric())
    assert len(made) == 1


def test_parents_come_before_what_is_derived_from_them():
    """And are requested for the field that each reads."""
    plan = plan_of([{**clip(0.5), "reference_audio": clip(0.25)["audio"]}], CompareMetric())
    *parents, derived = plan.requests
    assert plan.requests[derived] == tuple(parents)
    assert derived.sources == tuple(p.sources[0] for p in parents)
    assert derived.extractor == Difference().identity()


def test_reference_samples_concern_metrics_of_a_corpus_alone():
    """They have no score of their own."""
    plan = plan_of([{**clip(0.5), "role": "reference"}], MeanMetric(), SumMetric())
    assert set(plan.requested) == {(0, "test.sum")}


def test_metric_that_refuses_a_sample_needs_none_of_its_features():
    """Nothing is decoded in vain."""
    skip = Skip(code=SkipCode.MISSING_INPUT, reason="no text")

    class Refusing(MeanMetric):
        def check(self, sample):
            return skip

    plan = plan_of([clip(0.5)], Refusing())
    assert plan.skips == {(0, "test.mean"): skip}
    assert not plan.requests


@pytest.mark.parametrize(("field", "value"), [("reference_text", b"hi"), ("given_transcript", 5), ("language", 5)])
def test_text_of_another_type_is_refused_and_not_absent(field, value):
    """A number in `language` was no hint, and bytes were "not given"."""
    texts = {"reference_text": "hi", "given_transcript": "hi", field: value}
    (metric,) = resolve_metrics(["audio.wer@given"]).values()
    plan = make_plan(as_samples([{**clip(0.5), **texts}]), {"audio.wer@given": metric}, {})
    (skip,) = plan.skips.values()
    assert (skip.code, skip.field) == (SkipCode.UNSUPPORTED, field)
    assert f"{field} is a {type(value).__name__}" in skip.reason


def test_option_that_comes_from_the_sample_makes_another_extractor():
    """Samples without it share the default."""

    class Worded(MeanMetric):
        @property
        def needs(self):
            return (Need(name="x", field="audio", extractor="test_blocks", options_from={"fail": "language"}),)

    plan = plan_of([clip(0.5), {**clip(0.5), "language": "en"}, {**clip(0.5), "language": "en"}], Worded())
    assert len({r.extractor for r in plan.requests}) == 2


def test_option_of_a_sample_that_no_extractor_takes_concerns_that_sample_alone():
    """A language that does not exist is a skip of its clip; before, it ended the run of all."""

    class Heard(MeanMetric):
        @property
        def needs(self):
            return (Need(name="x", field="audio", extractor="whisper", options_from={"language": "language"}),)

    plan = plan_of([{**clip(0.5), "language": "klingon"}, clip(0.5)], Heard())
    skip = plan.requested[0, "test.mean"]["x"]
    assert (skip.code, "klingon" in skip.reason) == (SkipCode.UNSUPPORTED, True)
    assert isinstance(plan.requested[1, "test.mean"]["x"], FeatureRequest)


@pytest.mark.parametrize(
    ("sample", "field", "code", "said"),
    [
        ({"id": "a"}, "reference_text", SkipCode.MISSING_INPUT, "no `reference_text`"),
        ({"id": "a", "text_prompt": " "}, "text_prompt", SkipCode.EMPTY_TEXT, "`text_prompt` is empty"),
    ],
)
def test_field_that_is_missing_or_empty_is_named(sample, field, code, said):
    """With what to pass."""
    found = resolve_sources(Plan(), as_samples([sample])[0], (field,))
    assert found.code == code
    assert said in found.reason
    assert field in found.hint
    assert found.field == (field if code == SkipCode.MISSING_INPUT else None)


def test_misspelt_key_of_a_sample_is_pointed_out():
    """It became an extra; the skip says which was probably meant."""
    found = resolve_sources(Plan(), as_samples([{"id": "a", "referense_text": "hi"}])[0], ("reference_text",))
    assert "did you mean it by `referense_text`" in found.hint


def test_requests_are_equal_by_extractor_and_sources():
    """They are keys of everything that follows."""
    assert FeatureRequest("x", ("a",)) == FeatureRequest("x", ("a",)) != FeatureRequest("x", ("b",))


def test_nothing_is_decoded_for_a_sample_that_lacks_another_input():
    """Sound without video has no alignment, however long the sound is."""
    (metric,) = resolve_metrics(["av.align"], protocol="fastvideo").values()
    plan = plan_of([{"id": "a", "audio": "hours.flac"}], metric)
    assert (plan.requests, plan.sources) == ({}, {})
    assert {s.code for s in plan.requested[0, "av.align"].values()} == {SkipCode.MISSING_INPUT}


def test_reference_that_is_missing_is_named_as_such():
    """Not as the generated side, whose feature the sample could have."""
    plan = plan_of([clip(0.5)], CompareMetric())
    (skip,) = plan.requested[0, CompareMetric().name].values()
    assert (skip.code, skip.field) == (SkipCode.MISSING_INPUT, "reference_audio")


def test_extractors_are_told_who_reads_their_features(monkeypatch):
    """Those that are used, of whatever chunk: a metric, or what is derived from them."""
    readers = []
    monkeypatch.setattr(Blocks, "note_reader", lambda self, reader: readers.append((self, reader)))
    extractors = {}
    for _ in range(2):
        make_plan(as_samples([clip(0.5)]), {"test.mean": MeanMetric()}, extractors)
    pair = {**clip(0.5), "reference_audio": clip(0.4)["audio"]}
    make_plan(as_samples([pair]), {"test.mean": CompareMetric()}, extractors)
    (blocks,) = [e for e in extractors.values() if isinstance(e, Blocks)]
    assert {told for told, _ in readers} == {blocks}
    assert {type(reader).__name__ for _, reader in readers} == {"NoneType", "Difference"}
