"""What a metric needs is answered once, and everybody who asks gets that answer."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from avmeter.doctor import diagnose
from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.provenance import provenance
from avmeter.errors import MissingDependencyError, SkipCode
from avmeter.features.base import ClipExtractor, DerivedExtractor, Extractor, Features
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.requirements import missing_fields, requirements_of
from avmeter.metrics.resolve import get_metric
from avmeter.metrics.selection import select_metrics
from avmeter.registry import EXTRACTORS, METRICS
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample
from avmeter.stress.fallbacks import with_fallbacks
from avmeter.weights import WeightsSource
from support.commandline import avmeter
from support.paths import ROOT

PARENT, DERIVED, OPTIONAL = "passt", "synchformer", "yamnet"
"""Names of the catalog, so that a licence can be shown."""
EVERY = (PARENT, DERIVED, OPTIONAL)


class _Clip(ClipExtractor):
    takes = "audio"

    def extract(self, media: Any) -> Features:
        raise AssertionError("nothing is computed here")


class ParentExtractor(_Clip):
    name = "test_parent"
    extra = "flow"

    def weights(self) -> tuple[str, ...]:
        return (PARENT,)


class OptionalExtractor(_Clip):
    name = "test_optional"

    def weights(self) -> tuple[str, ...]:
        return (PARENT, OPTIONAL)


class Derived(DerivedExtractor):
    name = "test_derived"

    def weights(self) -> tuple[str, ...]:
        return (DERIVED,)

    def parents(self) -> Mapping[str, Extractor]:
        return {"sound": ParentExtractor()}

    def windows(self, media: Any) -> Iterator[Any]:
        raise AssertionError

    def pool(self, outputs: Any, windows: Any, facts: Any) -> Features:
        raise AssertionError


class Fake(Metric):
    """A metric over a derived and an optional feature.

    Args:
        backbone: Any.
    """

    name = "audio.fake"
    direction = "higher"
    requires = ("reference_text",)

    def __init__(self, *, backbone: str = "passt", protocol: str = "fastvideo") -> None:
        super().__init__(protocol=protocol)
        self.backbone = backbone

    @property
    def needs(self) -> tuple[Need, ...]:
        if self.backbone == "yamnet":
            return (Need(name="plain", field="audio", extractor="loudness"),)
        return (
            Need(name="main", field="audio", extractor="test_derived"),
            Need(name="other", field="reference_audio", extractor="test_optional", optional=True),
        )

    def check(self, sample: Sample) -> Skip | None:
        if sample.text("reference_text") is None:
            return Skip(code=SkipCode.MISSING_INPUT, reason="no text", hint="say what is spoken")
        return None

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        raise AssertionError


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The fake metric is the only one there is; the set holds the checkpoints that are on this machine."""
    monkeypatch.setattr(METRICS, "_classes", {"audio.fake": Fake})
    monkeypatch.setattr(METRICS, "builtin", dict)
    for cls in (ParentExtractor, OptionalExtractor, Derived):
        monkeypatch.setitem(EXTRACTORS._classes, cls.name, cls)
    entries: set[str] = set()
    monkeypatch.setattr(WeightsSource, "available", lambda self, entry: entry in entries)
    return entries


def test_parents_count_and_optional_needs_are_told_apart(here: set[str]) -> None:
    """A parent's checkpoint is required; what a required extractor already uses is not optional."""
    needed = requirements_of(get_metric("audio.fake"))
    assert needed.required.checkpoints == (PARENT, DERIVED)
    assert needed.checkpoints == (PARENT, DERIVED, OPTIONAL)
    assert needed.required.fields == ("audio", "reference_text")
    assert needed.optional.fields == ("reference_audio",)
    assert [x.name for x in needed.extractors] == ["test_parent", "test_derived", "test_optional"]
    source = WeightsSource()
    assert needed.missing_optional_checkpoints(source) == (OPTIONAL,)
    here.add(PARENT)
    assert needed.missing_checkpoints(source) == (DERIVED,)
    assert needed.missing_checkpoints(WeightsSource(is_dummy=True)) == ()


def _provenance() -> dict[str, Any]:
    return provenance({"audio.fake": get_metric("audio.fake")}, EvaluatorConfig(), Counts(), duration_s=0.0)


@pytest.mark.parametrize("present", [(), (PARENT,), (DERIVED,), (PARENT, DERIVED), (OPTIONAL,)])
def test_list_doctor_stress_and_provenance_agree(here: set[str], present: tuple[str, ...]) -> None:
    """Whatever is on the machine, all call the same checkpoints absent."""
    here.update(present)
    absent = {PARENT, DERIVED} - set(present)
    assert set(requirements_of(get_metric("audio.fake")).missing_checkpoints(WeightsSource())) == absent
    listed = avmeter("list").out.partition("lacks weights:")[2]
    assert {e for e in EVERY if e in listed} == absent
    (finding,) = (f for f in diagnose() if f.topic == "audio.fake")
    assert {e for e in EVERY if e in finding.text.partition("not on this machine:")[2]} == absent
    assert set(_provenance()["weights"]) == set(present)
    assert len(_provenance()["extractors"]) == 3
    assert with_fallbacks("all", {}, WeightsSource())[1] == (["audio.fake"] if absent else [])


def test_metric_that_lacks_only_optional_weights_is_ready(here: set[str]) -> None:
    """It runs, and list and doctor say what it does without."""
    here.update({PARENT, DERIVED})
    assert f"yes, without optional {OPTIONAL}" in avmeter("list").out
    (finding,) = (f for f in diagnose() if f.topic == "audio.fake")
    assert finding.text == f"ready; without optional {OPTIONAL}"
    assert finding.hint == f"avmeter weights fetch {OPTIONAL}"


def test_page_of_a_metric_names_the_same(here: set[str]) -> None:
    """The generated page has all checkpoints and marks the optional one, and the fields likewise."""
    path = ROOT / "docs" / "generate.py"
    spec = importlib.util.spec_from_file_location("docs_generate_requirements", path)
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = generate
    spec.loader.exec_module(generate)
    facts = generate._facts(Fake())
    (line,) = (row for row in facts.splitlines() if row.startswith("| checkpoints"))
    assert [e for e in EVERY if f"`{e}`" in line] == list(EVERY)
    assert line.count("optional") == 1
    assert "`audio`, `reference_text`, `reference_audio` (optional)" in facts


def test_package_of_a_parent_is_required(here: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A derived extractor whose parent's package is absent is refused with the parent's extra."""
    monkeypatch.setattr(ParentExtractor, "dependencies", ("no_such_package",))
    with pytest.raises(MissingDependencyError, match="no_such_package") as refused:
        get_metric("audio.fake")
    assert refused.value.hint == "pip install 'avmeter[flow]'"
    assert requirements_of(Fake()).missing_packages() == ("no_such_package",)


def test_missing_field_is_named_though_the_hint_does_not(here: set[str]) -> None:
    """The field of `requires` is data: a hint without a backtick changes nothing."""
    sample = Sample.of({"audio": "a.wav"})
    assert missing_fields(Fake(), sample) == ("reference_text",)
    assert missing_fields(Fake(), Sample.of({"video": "a.mp4", "reference_text": "x"})) == ()
    assert missing_fields(Fake(), Sample.of({"reference_text": "x"})) == ("audio",)
    selection = select_metrics({"audio.fake": Fake()}, [sample])
    assert selection.chosen == ()
    assert selection.by_reason() == {"no sample has `reference_text`": ["audio.fake"]}
    assert select_metrics({"audio.fake": Fake()}, [sample], explicit=["audio.fake"]).chosen == ("audio.fake",)


def test_field_of_a_skip_wins_over_requires(here: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric that says which field it misses is believed."""
    skip = Skip(code=SkipCode.MISSING_INPUT, reason="no text", field="language")
    monkeypatch.setattr(Fake, "check", lambda self, sample: skip)
    assert missing_fields(Fake(), Sample.of({"audio": "a.wav"})) == ("language",)


def test_metric_that_refuses_a_value_is_not_left_out(here: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample with all fields lacks none, whatever the metric says of their values."""
    skip = Skip(code=SkipCode.UNSUPPORTED, reason="no such language")
    monkeypatch.setattr(Fake, "check", lambda self, sample: skip)
    assert missing_fields(Fake(), Sample.of({"audio": "a.wav", "reference_text": "x"})) == ()


def test_score_names_the_missing_field(here: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`avmeter score` says which field no sample has."""
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    monkeypatch.chdir(tmp_path)
    done = avmeter("score", "a.wav", "--no-store")
    assert done.code == 2
    assert "not run, no sample has `reference_text`: audio.fake" in done.err
