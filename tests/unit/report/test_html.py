"""The page: everything inside one file, foreign text harmless, links relative, large runs bounded."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

from avmeter.errors import SkipCode
from avmeter.metrics.index import cards
from avmeter.report import Section, data_table, write_report
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.sample import as_samples

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"


def run_of(ids: list[str], *, root: Path = Path("/clips"), dummy: bool = False) -> EvalResults:
    rows = [{"m.a": MetricResult("m.a", i / 2, {"transcription": EVIL}, None, dummy)} for i in range(len(ids))]
    samples = as_samples([{"id": n, "video": str(root / f"{i}.mp4"), "text_prompt": EVIL} for i, n in enumerate(ids)])
    return EvalResults(rows, samples=samples, provenance={"command": ["avmeter", "score", EVIL]})


class Tags(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        return sum(t == tag for t, _ in self.found)


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))


def test_foreign_text_is_never_markup(tmp_path: Path) -> None:
    """Ids, prompts, transcripts, reasons and commands of hostile content add no element and no handler."""
    plain_page = write_report(run_of(["a", "b"]), tmp_path / "plain").read_text()
    results = run_of([EVIL, "b"])
    results[1]["m.a"] = MetricResult.skipped("m.a", Skip(code=SkipCode.FAILED, reason=EVIL, hint=EVIL))
    page = write_report(results, tmp_path / "evil", title=EVIL, notes=[EVIL]).read_text()
    tags = Tags(page)
    assert tags.count("script") == Tags(plain_page).count("script") == 2
    assert tags.count("img") == 0
    assert not [a for _, attributes in tags.found for a in attributes if a.startswith("on")]
    assert "49" not in re.sub(r"<style>.*?</style>|<script.*?</script>", "", page, flags=re.S)
    assert data_of(page)["samples"][0]["id"] == EVIL


def test_page_needs_no_network(tmp_path: Path) -> None:
    """No address of a host, no file beside it, and a policy that forbids both."""
    page = write_report(run_of(["a"]), tmp_path).read_text()
    assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", page)
    tags = Tags(page)
    assert tags.count("link") == 0
    assert all("src" not in attributes for tag, attributes in tags.found)
    assert "default-src 'none'" in page


def test_page_says_what_its_metrics_ask_and_what_is_a_good_value(tmp_path: Path) -> None:
    """Of those of the package, under any label; a plug-in and a made-up name have none."""
    names = ["audio.wer@small", "m.a", "audio.no_such"]
    results = EvalResults([{n: MetricResult(n, 0.5, {}) for n in names}])
    page = write_report(results, tmp_path).read_text()
    (part,) = re.findall(r'<details class="cards">.*?</details>', page, re.S)
    card = cards()["audio.wer"]
    assert part.count("<dt>") == 1
    assert "audio.wer@small" in part
    for text in (card.question, card.good_value, card.not_seen):
        assert text in html.unescape(part)


def test_metrics_that_were_not_run_are_named_with_the_reason(tmp_path: Path) -> None:
    """Folded below the scores, each reason once; the line under the title counts them and links there."""
    results = run_of(["a"])
    assert "Not run" not in write_report(results, tmp_path / "all").read_text()
    few = "needs 10 clips or more"
    results.provenance["not_run"] = {"audio.inception_score": few, EVIL: EVIL, "audio.prdc": few}
    page = write_report(results, tmp_path / "some").read_text()
    above, _, below = page.partition("</table>")
    assert '<a href="#not-run">3 not run</a>' in above
    assert few not in above
    folded = below.partition('<details class="not-run" id="not-run">')[2].partition("</details>")[0]
    assert folded.lstrip().startswith("<summary>Not run: 3 metrics</summary>")
    names = ", ".join(f'<span class="metric">{name}</span>' for name in ("audio.inception_score", "audio.prdc"))
    assert f"<li>{few}: {names}</li>" in folded
    assert Tags(page).count("img") == 0
    results.provenance["not_run"] = 3
    assert "Not run" not in write_report(results, tmp_path / "foreign").read_text()


def test_skips_have_reason_and_hint(tmp_path: Path) -> None:
    """Per-sample and corpus skips are listed, with what to do."""
    results = run_of(["a", "b"])
    skip = Skip(code=SkipCode.TOO_SHORT, reason="b: 1.00 s, need >= 4.80 s", hint="give longer clips")
    results[1]["m.a"] = MetricResult.skipped("m.a", skip)
    results.corpus["m.fad"] = MetricResult.skipped("m.fad", Skip(code=SkipCode.TOO_FEW_SAMPLES, reason="needs 2"))
    page = write_report(results, tmp_path).read_text()
    for text in ("b: 1.00 s, need &gt;= 4.80 s", "give longer clips", "too_few_samples", "needs 2", "2 skipped"):
        assert text in page
    assert data_of(page)["samples"][1]["skips"] == {"0": ["too_short", skip.reason, skip.hint]}
    assert data_of(page)["samples"][1]["scores"] == [None]


def test_dummy_scores_have_a_banner_and_marks(tmp_path: Path) -> None:
    """And without dummy weights there is neither."""
    page = write_report(run_of(["a", "b"], dummy=True), tmp_path / "dummy").read_text()
    assert "Dummy weights." in page
    assert data_of(page)["metrics"][0]["dummy"] is True
    assert "Dummy weights." not in write_report(run_of(["a", "b"]), tmp_path / "real").read_text()


def test_references_are_context_and_not_rows(tmp_path: Path) -> None:
    """A clip that is never scored is counted, not listed."""
    samples = as_samples([{"audio": "a.wav"}, {"audio": "r.wav", "role": "reference"}])
    page = write_report(EvalResults([{"m.a": MetricResult("m.a", 1.0)}, {}], samples=samples), tmp_path).read_text()
    assert len(data_of(page)["samples"]) == 1
    assert "1 clip of reference context" in page


def test_empty_results_make_a_page(tmp_path: Path) -> None:
    """No samples, no metrics, no provenance: still a page that says so."""
    page = write_report(EvalResults(), tmp_path).read_text()
    assert "0 samples" in page
    assert "Nothing is known" in page


def test_sections_are_added_and_escaped(tmp_path: Path) -> None:
    """Markup of the pieces stays, plain text is escaped."""
    table = data_table(["x", "y"], [["<b>", 1.5], [None, 3]], caption="c")
    sections = [Section(title="Stress <1>", body=table, lead="<i>"), Section(title="Text", body="<u>plain</u>")]
    page = write_report(run_of(["a"]), tmp_path, sections=sections).read_text()
    assert "Stress &lt;1&gt;" in page
    assert '<th scope="row">&lt;b&gt;</th><td class="num">1.500</td>' in page
    assert '<td class="num absent">–</td><td class="num">3</td>' in page
    assert "&lt;u&gt;plain&lt;/u&gt;" in page


def test_caveats_intervals_and_breakdown_are_on_the_page(tmp_path: Path) -> None:
    """Each interval beside its own number, the values of a column escaped."""
    results = run_of(["a", "b"])
    results[0]["m.a"].details["loop_suspected"] = True
    results.corpus["m.a"] = MetricResult("m.a", 7.0, {"interval": [6.5, 7.5]})
    for i, sample in enumerate(results.samples):
        results.samples[i] = dataclasses.replace(sample, texts={}, extras={"speaker": ["eva", EVIL][i]})
    results.group(by=["speaker"])
    page = write_report(results, tmp_path).read_text()
    assert "1 of 2: transcript goes in circles" in page
    assert "6.500 … 7.500" in page
    assert "By speaker" in page
    assert Tags(page).count("script") == 2
    assert Tags(page).count("img") == 0


def test_summary_has_columns_of_corpus_scores_only_with_some(tmp_path: Path) -> None:
    """On a narrow screen the mean stands beside the name, not behind two empty columns."""
    results = run_of(["a", "b"])
    write_report(results, tmp_path)
    assert "95% of corpus" not in (tmp_path / "report.html").read_text("utf-8")
    results.corpus["m.fad"] = MetricResult("m.fad", 7.0)
    write_report(results, tmp_path)
    assert "95% of corpus" in (tmp_path / "report.html").read_text("utf-8")


def test_details_of_a_corpus_score_are_shown_without_a_number_for_every_clip(tmp_path: Path) -> None:
    """Those are in the run's `summary.json`, for `compare`."""
    results = run_of(["a", "b"])
    results.corpus["m.fad"] = MetricResult("m.fad", 7.0, {"n_gen": 2, "clip_influences": {"a": 0.53125}})
    page = write_report(results, tmp_path).read_text("utf-8")
    assert "n_gen" in page
    assert "0.53125" not in page
