"""Keys are those of contents; what has none has a named skip."""

import pytest

from avmeter.engine.compute.keys import Fingerprints, content_keys
from avmeter.engine.plan import Plan
from avmeter.engine.store import FeatureKey
from avmeter.errors import SkipCode, WeightsError
from avmeter.result import Skip
from avmeter.sample import MediaSource
from support.engine import Blocks, Difference, runtime


def test_equal_contents_have_one_key_whatever_their_names(tmp_path):
    """Files, texts and what is missing, hashed side by side."""
    for name, content in {"a": b"same", "b": b"same", "c": b"other"}.items():
        (tmp_path / name).write_bytes(content)
    sources = {name: MediaSource(path=tmp_path / name) for name in ("a", "b", "c", "gone")}
    keys = content_keys({**sources, "text": "words", "again": "words"}, num_threads=3)
    assert keys["a"] == keys["b"] != keys["c"]
    assert keys["text"] == keys["again"]
    assert keys["gone"].code == SkipCode.MISSING_FILE
    assert content_keys({}, num_threads=3) == {}


def test_fault_while_hashing_is_raised_where_the_run_waits():
    """It is neither lost nor a hang."""
    with pytest.raises(AttributeError):
        content_keys({"broken": 5, "text": "words"}, num_threads=2)


def key(fingerprints, extractor, *names):
    plan = Plan()
    request = plan.add(extractor, names)
    return fingerprints.key(request, plan, {name: f"hash of {name}" for name in names})


def test_key_of_a_derived_feature_has_the_contents_of_all_sources():
    """In the order of the sources."""
    fingerprints = Fingerprints(runtime())
    found = key(fingerprints, Difference(), "a", "b")
    assert found == FeatureKey("hash of a+hash of b", Difference().fingerprint(runtime()))
    assert key(fingerprints, Difference(), "b", "a") != found


@pytest.mark.parametrize(("extractor", "sources"), [(Blocks(), "a"), (Difference(), "ab")], ids=["own", "parents"])
def test_absent_checkpoint_is_a_skip_and_asked_for_once(extractor, sources):
    """Its own, or one of those that it is derived from; after `forget` it may have arrived."""
    asked, run = [], runtime()

    def absent(entry):
        asked.append(entry)
        raise WeightsError(f"{entry}: no network", hint="fetch it")

    run.weights.fingerprint = absent
    fingerprints = Fingerprints(run)
    for _ in range(2):
        found = key(fingerprints, extractor, *sources)
        assert found == Skip(code=SkipCode.WEIGHTS_UNAVAILABLE, reason="blocks: no network", hint="fetch it")
    assert asked == ["blocks"]
    fingerprints.forget()
    key(fingerprints, extractor, *sources)
    assert asked == ["blocks"] * 2


def test_derived_feature_of_a_changed_parent_has_another_key(monkeypatch):
    """Within one run too: what the store holds of the old parent is not asked for."""
    fingerprints = Fingerprints(runtime())
    before = key(fingerprints, Difference(), "a", "b")
    monkeypatch.setattr(Blocks, "version", "2")
    after = key(fingerprints, Difference(), "a", "b")
    assert before.media == after.media
    assert before.fingerprint != after.fingerprint


def test_fingerprints_of_another_process_are_taken_as_they_are():
    """Checkpoints, which may have to be hashed for them, are not asked for here."""
    plan, run = Plan(), runtime()
    plan.add(Difference(), ("a", "b"))
    known = Fingerprints(run).of_all(plan)
    assert known == {e.identity(): e.fingerprint(run) for e in (Blocks(), Difference())}
    run.weights.fingerprint = None
    fingerprints = Fingerprints(run)
    fingerprints.assume(known)
    assert key(fingerprints, Difference(), "a", "b").fingerprint == Difference().fingerprint(runtime())
