"""Differences of corpus scores: intervals of scores of sets from what each clip adds, and why there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.result import MetricResult
from avmeter.run import Comparison, EvalResults, compare
from avmeter.sample import as_samples
from support.embedding_sets import FRECHET, REFERENCE, corpus_metric, score

RNG = np.random.default_rng(7)
COMMON = RNG.standard_normal((200, 128)).astype(np.float32)


def run(rows: np.ndarray, *, reference: np.ndarray = REFERENCE, prefix: str = "", **columns: list[str]) -> EvalResults:
    """Results of a set of clips "g0", "g1" ..., each with one embedding."""
    result = score(corpus_metric(FRECHET, backbone="vggish"), rows, reference)
    added = {f"{prefix}{clip}": value for clip, value in result.details["clip_influences"].items()}
    result = MetricResult(result.name, result.score, {**result.details, "clip_influences": added})
    samples = as_samples(
        [{"id": f"{prefix}g{i}", "audio": "a.wav", **{k: v[i] for k, v in columns.items()}} for i in range(len(rows))]
    )
    facts = {"metrics": {FRECHET: {"direction": "lower"}}}
    return EvalResults([{} for _ in rows], {FRECHET: result}, samples=samples, provenance=facts)


def width(found: Comparison) -> float:
    assert found.interval is not None
    return found.interval.high - found.interval.low


def test_set_that_is_nearer_is_better_and_the_interval_outlives_the_folder(tmp_path: Path) -> None:
    """Nothing but the two run folders is needed."""
    a, b = run(COMMON + 0.3), run(COMMON + 0.1)
    (found,) = compare(a.write(tmp_path / "a"), b.write(tmp_path / "b"))
    assert (found.verdict, found.is_judged, found.interval.method) == ("better", True, "influence")
    assert found.interval.low < found.difference < found.interval.high < 0
    assert "200 clips, 200 of them in both runs" in found.notes[0]
    assert "reference set is taken as it is" in found.notes[0]
    assert compare(b, a)[0].verdict == "worse"


def test_equal_runs_and_equal_systems_are_not_told_apart() -> None:
    """The run itself, and another draw from one distribution."""
    a, b = run(COMMON), run(RNG.standard_normal((200, 128)).astype(np.float32))
    for other in (a, b):
        (found,) = compare(a, other)
        assert found.verdict == "no clear difference"


def test_pairs_are_clips_of_one_id() -> None:
    """Noise that both systems share leaves the interval; in another order they are no pairs."""
    a, b = COMMON + 0.2, COMMON + 0.2 + 0.05 * RNG.standard_normal((200, 128)).astype(np.float32)
    assert width(compare(run(a), run(b))[0]) < 0.5 * width(compare(run(a), run(b[::-1]))[0])


def test_seeds_of_one_prompt_are_one_term() -> None:
    """Twenty prompts of ten seeds, each prompt with a place of its own."""
    prompts = [f"p{i // 10}" for i in range(200)]
    places = [np.repeat(RNG.standard_normal((20, 128)), 10, axis=0).astype(np.float32) for _ in range(2)]
    a, b = (run(place + 0.2 * COMMON, text_prompt=prompts) for place in places)
    (by_prompt,) = compare(a, b)
    (alone,) = compare(a, b, cluster="id")
    assert "20 by text_prompt" in by_prompt.notes[0]
    assert by_prompt.interval.num_clusters == 20
    assert width(by_prompt) > 2 * width(alone)


@pytest.mark.parametrize("seeds", [10, 1])
def test_seeds_of_one_prompt_are_one_term_where_no_clip_is_in_both_runs(seeds: int) -> None:
    """Clips of the one run and of the other that share a prompt are; those without a prompt stand alone."""
    prompts = [f"p{i // 10}" for i in range(200)]
    a = run(COMMON, text_prompt=prompts)
    b = run(COMMON[::-1][: 20 * seeds], prefix="x", text_prompt=[f"p{i // seeds}" for i in range(20 * seeds)])
    for one, other in ((a, b), (b, a)):
        (found,) = compare(one, other)
        assert found.interval.num_clusters == 20
        assert any("0 of them in both runs, 20 by text_prompt" in note for note in found.notes)
    some = run(COMMON, prefix="y", text_prompt=[*prompts[:190], *[None] * 10])
    assert compare(a, some)[0].interval.num_clusters == 30
    assert compare(some, some)[0].interval.num_clusters == 29


def test_bias_of_a_smaller_set_is_no_difference_of_the_systems() -> None:
    """A hundred clips of a system are farther off than two hundred of it: the interval has the bias in it."""
    a, b = run(COMMON), run(COMMON[:100])
    (found,) = compare(a, b)
    raw = found.corpus_b - found.corpus_a
    bias = b.corpus[FRECHET].details["expected_bias"] - a.corpus[FRECHET].details["expected_bias"]
    assert found.verdict == "no clear difference"
    assert raw > 0
    assert found.interval.low < raw - bias
    assert any("200 against 400 and 100 against 400" in n and "wider" in n for n in found.notes)
    assert compare(b, a)[0].verdict == "no clear difference"


def test_sets_of_other_sizes_whose_bias_is_not_known_have_no_interval() -> None:
    """Of 20 reference clips in 128 dimensions nobody can say how large it is."""
    (found,) = compare(run(COMMON, reference=REFERENCE[:20]), run(COMMON[:100], reference=REFERENCE[:20]))
    assert (found.verdict, found.interval) == ("no interval", None)
    assert any("sets of other sizes" in n and "nobody knows" in n for n in found.notes)


@pytest.mark.parametrize("changed", [{"dim": 64}, {"n_gen": 180, "expected_bias": float("nan")}])
def test_sets_of_other_embeddings_or_an_unusable_bias_have_no_interval(changed: dict) -> None:
    """Whatever changed a run folder."""
    a, b = run(COMMON), run(COMMON + 1)
    result = b.corpus[FRECHET]
    b.corpus[FRECHET] = MetricResult(FRECHET, result.score, {**result.details, **changed})
    (found,) = compare(a, b)
    assert (found.verdict, found.interval) == ("no interval", None)
    assert any(note.startswith("no interval: ") for note in found.notes)


def test_runs_against_other_reference_sets_have_no_interval() -> None:
    """The difference is one of the references as well; rounding of another machine is none."""
    a = run(COMMON)
    for other, is_other in ((REFERENCE * 1.0001, False), (REFERENCE + 1, True), (2 * REFERENCE, True)):
        (found,) = compare(a, run(COMMON + 0.1, reference=other))
        assert (found.interval is None) == is_other
        assert any("other reference sets" in note for note in found.notes) == is_other


def test_small_sets_are_said_to_favour_less_variety() -> None:
    """With fewer clips than dimensions the smaller bias wins."""
    (few,) = compare(run(COMMON[:100]), run(0.9 * COMMON[:100]))
    (many,) = compare(run(COMMON), run(0.9 * COMMON))
    assert any("less variety" in n for n in few.notes)
    assert not any("less variety" in n for n in many.notes)


def test_nine_clips_have_no_interval() -> None:
    """They do not show how clips spread."""
    (found,) = compare(run(COMMON[:9]), run(COMMON[:9] + 1))
    assert (found.verdict, found.interval) == ("no interval", None)
    assert any("fewer than 10 clips" in n for n in found.notes)


@pytest.mark.parametrize(
    "details", [{}, {"clip_influences": {}}, {"clip_influences": {"g0": "x"}}, {"clip_influences": {"g0": 10**400}}]
)
def test_run_without_influences_says_why_there_is_no_interval(details: dict) -> None:
    """A metric that has none, or a file that was changed."""
    a = EvalResults([{}], {"m.fad": MetricResult("m.fad", 3.0, details)})
    b = EvalResults([{}], {"m.fad": MetricResult("m.fad", 2.0, details)})
    (fad,) = compare(a, b)
    assert (fad.difference, fad.verdict, fad.interval) == (-1.0, "no interval", None)
    assert any("what each clip adds" in n for n in fad.notes)
