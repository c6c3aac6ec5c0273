"""Tables for the terminal and for Markdown: few samples one by one, skips by code, foreign text disarmed."""

from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

from avmeter.errors import SkipCode
from avmeter.report import markdown_comparison, markdown_table, print_comparison, print_run
from avmeter.result import MetricResult, Skip
from avmeter.run import Comparison, EvalResults, compare
from avmeter.sample import as_samples

SKIP = MetricResult.skipped("m.a", Skip(code=SkipCode.SILENT, reason="c: silent", hint=""))


def run_of(scores: list[float | None], *, ids: list[str] | None = None, dummy: bool = False) -> EvalResults:
    rows = [{"m.a": SKIP if s is None else MetricResult("m.a", s, {}, None, dummy)} for s in scores]
    names = ids or [f"c{i}.wav" for i in range(len(scores))]
    samples = as_samples([{"id": n, "audio": "a.wav"} for n in names])
    return EvalResults(rows, samples=samples, provenance={"metrics": {"m.a": {"direction": "lower", "unit": "dB"}}})


def printed(results: EvalResults, width: int = 200) -> str:
    out = io.StringIO()
    print_run(results, console=Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_few_samples_are_shown_one_by_one() -> None:
    """With their scores and what they amount to."""
    text = printed(run_of([0.25, 0.75]))
    assert "c0.wav" in text
    assert "0.2500" in text
    assert "Summary of 2 samples" in text
    assert "m.a ↓" in text


def test_many_samples_are_summed_up() -> None:
    """A table of thousands of rows helps nobody."""
    text = printed(run_of([0.5] * 21))
    assert "c0.wav" not in text
    assert "21/21" in text


def test_single_sample_is_a_list_of_metrics() -> None:
    """With units, and no means of one."""
    text = printed(run_of([0.25]))
    assert "dB" in text
    assert "mean" not in text


def test_skip_is_a_code_and_never_a_number() -> None:
    """In the row, in the note and in the list of skips."""
    text = printed(run_of([0.25, None]))
    row = next(line for line in text.splitlines() if "c1.wav" in line)
    assert "silent" in row
    assert "mean over 1 of 2; 1 skipped: silent" in text
    assert "c: silent" in text


def test_dummy_scores_are_marked_in_every_cell() -> None:
    """No score without its mark."""
    text = printed(run_of([0.25, 0.75], dummy=True))
    for line in text.splitlines():
        assert "0.2500" not in line or "[dummy weights]" in line
    assert "these scores mean nothing" in text


def test_names_cannot_command_the_terminal() -> None:
    """Escape sequences, markup and characters that turn the text are shown, not obeyed."""
    text = printed(run_of([0.1, 0.2], ids=["\x1b[31mred\x1b[0m[bold]x[/bold]\r\n\u202egnp", "b"]))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mred\\x1b[0m[bold]x[/bold]⏎⏎\\u202egnp" in text


def test_wide_runs_are_split_into_tables_that_fit() -> None:
    """No cell is cut on a narrow terminal."""
    rows = [{f"metric.number_{i}": MetricResult(f"metric.number_{i}", 0.5) for i in range(12)} for _ in range(2)]
    text = printed(EvalResults(rows), width=90)
    assert text.count("Samples") > 1
    for i in range(12):
        assert f"metric.number_{i}" in text


def test_names_of_metrics_stay_whole_at_eighty_columns() -> None:
    """Intervals are wrapped, empty columns left out, and the summary split; no name is broken in pieces."""
    names = ("audio.kl_divergence", "audio.frechet_distance_infinity")
    rows = [{n: MetricResult(n, -0.12345 * i, {}, None, True) for n in names} for i in range(3)]
    text = printed(EvalResults(rows), width=80)
    _, _, summary = text.partition("Summary")
    for word in (*names, "[dummy weights]", "median", "scored"):
        assert word in summary
    assert "corpus" not in summary
    assert max(map(len, text.splitlines())) <= 80


def test_corpus_only_run_prints_its_score() -> None:
    """A run of reference context and one corpus metric is not empty."""
    samples = as_samples([{"audio": "a.wav", "role": "reference"}])
    assert "12.50" in printed(EvalResults([{}], {"m.fad": MetricResult("m.fad", 12.5)}, samples=samples))


def test_output_to_a_pipe_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal nothing is cut to 80 columns, and there are no colours."""
    print_run(run_of([0.1, 0.2], ids=["x" * 44, "y" * 44]))
    text = capsys.readouterr().out
    assert "x" * 44 in text
    assert "\x1b" not in text


def test_markdown_shows_names_as_they_are() -> None:
    """Bars and stars do not break the table."""
    text = markdown_table(run_of([0.1, None], ids=["a|b*c", "d"]))
    assert "| a\\|b\\*c | 0.1000 |" in text
    assert "| d | silent |" in text
    assert "| sample | m.a ↓ |\n| :-- | --: |" in text


def test_comparison_says_who_is_better() -> None:
    """With both means, the difference and its interval."""
    found = compare(run_of([0.5, 0.6, 0.7] * 2), run_of([0.1, 0.2, 0.31] * 2))
    out = io.StringIO()
    print_comparison(found, console=Console(file=out, width=160, highlight=False))
    row = next(line for line in out.getvalue().splitlines() if "m.a" in line)
    assert "better" in row
    assert "-0.3967" in row
    assert "| m.a ↓ | better | 0.6000 | 0.2033 | -0.3967 |" in markdown_comparison(found)


def test_corpus_score_has_a_row_of_its_own() -> None:
    """With its own verdict; clusters and why there is no verdict are said."""
    sides = {"metric": "m.a", "direction": "lower", "num_paired": 8, "num_only_a": 0, "num_only_b": 0}
    scores = {"mean_a": 1.0, "mean_b": 2.0, "difference": 1.0, "corpus_a": 3.0, "corpus_b": 2.5}
    corpus = {"corpus_difference": -0.5, "corpus_verdict": "better", "clusters": "4 by speaker"}
    names = {"run_a": "old", "run_b": "new", "notes": ("8 pairs in 4 by speaker: a verdict needs 6",)}
    found = Comparison(**sides, **scores, **corpus, **names, interval=None, verdict="too few pairs")
    text = markdown_comparison([found])
    assert "B against A, A = old, B = new" in text
    assert "| m.a ↓ | too few pairs | 1.000 | 2.000 | 1.000 | – | 8 (4 by speaker) |" in text
    assert "| m.a ↓, corpus | better | 3.000 | 2.500 | -0.5000 | – | corpus |" in text
    assert "a verdict needs 6" in text


def test_caveats_and_clusters_stand_under_the_table() -> None:
    """A line per metric, for the terminal and for Markdown; in a run of one clip too."""
    results = run_of([0.1, 0.2, 0.3, 0.4])
    for i, sample in enumerate(results.samples):
        results.samples[i] = dataclasses.replace(sample, texts={"text_prompt": f"p{i // 2}"})
    results[0]["m.a"].details["header_mismatch"] = "4 s, 2 s"
    for text in (printed(results), markdown_table(results).replace("\\", "")):
        assert "intervals count clips that share a value once: 2 by text_prompt" in text
        assert "m.a: 1 of 4: the file's header reports another duration" in text
    alone = run_of([0.1])
    alone[0]["m.a"].details["loop_suspected"] = True
    assert "transcript goes in circles" in printed(alone)


def test_interval_of_a_corpus_score_stands_beside_it() -> None:
    """And not that of the mean."""
    results = run_of([0.1, 0.2])
    results.corpus["m.a"] = MetricResult("m.a", 7.0, {"interval": [6.5, 7.5]})
    row = next(line for line in markdown_table(results).splitlines() if line.startswith("| m.a ↓"))
    assert "| 7.000 | 6.500 … 7.500 | 0.1500 |" in row


def test_breakdown_has_a_table_per_column() -> None:
    """Values are foreign text; a corpus score that a group cannot have says what it needs."""
    results = run_of([0.1, 0.2])
    for i, sample in enumerate(results.samples):
        results.samples[i] = dataclasses.replace(sample, extras={"speaker": ["eva", "a\x1b[31mb"][i]})
    results.corpus["m.fad"] = MetricResult("m.fad", 7.0)
    results.group(by=["speaker"])
    text = printed(results)
    assert "By speaker" in text
    assert "\x1b" not in text
    row = next(line for line in text.splitlines() if "eva" in line and "m.fad" in line)
    assert "own run" in row


def test_what_to_do_about_skips_stands_under_the_table() -> None:
    """Each hint once, however many clips have it."""
    skip = Skip(code=SkipCode.WEIGHTS_UNAVAILABLE, reason="m is not here", hint="run `avmeter weights fetch m`")
    results = EvalResults([{"m.a": MetricResult.skipped("m.a", skip)} for _ in range(3)])
    assert printed(results).count("weights_unavailable: run `avmeter weights fetch m`") == 1
