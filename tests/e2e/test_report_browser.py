"""The page of a run in a real browser, opened from disk as a person does."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import wave
from html import unescape
from pathlib import Path
from urllib.parse import quote

import av
import numpy as np
import pytest

from avmeter.errors import SkipCode
from avmeter.report import Curve, Section, curves, heat_map, write_report
from avmeter.report.bundle import write_bundle
from avmeter.report.compare_page import write_comparison
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults, compare
from avmeter.sample import as_samples
from support import require

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=document.title='broken'></script><b>bold</b>"
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def chromium() -> str:
    """Path of a headless browser."""
    found = next((p for n in NAMES if (p := shutil.which(n))), None)
    if found is None:
        require.absent("browser", "needs a headless Chromium: apt-get install chromium")
    return found


class Browser:
    """A fresh browser per call: what it draws and what the page is after its scripts ran."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._calls = 0

    def _run(self, url: str, *options: str) -> str:
        self._calls += 1
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                 f"--user-data-dir={self._folder / f'profile{self._calls}'}")  # fmt: skip
        done = subprocess.run([self._program, *flags, *options, url], capture_output=True, timeout=600, check=True)
        return done.stdout.decode()

    def dom(self, page: Path, state: str = "", *, is_virtual: bool = True, options: tuple[str, ...] = ()) -> str:
        """The page's elements after its scripts ran; `performance` measures only without virtual time."""
        clock = ("--virtual-time-budget=4000",) if is_virtual else ()
        return self._run(
            page.as_uri() + (f"#{quote(state, safe='&=+')}" if state else ""), "--dump-dom", *clock, *options
        )

    def screenshot(self, page: Path, *, width: int = 1280, height: int = 1600) -> Path:
        """A picture of the page."""
        out = self._folder / f"{page.parent.name}-{width}.png"
        self._run(page.as_uri(), "--virtual-time-budget=4000", f"--screenshot={out}", f"--window-size={width},{height}")
        return out


@pytest.fixture
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return Browser(chromium, tmp_path_factory.mktemp("browser"))


def sound(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<8000h", *([0, 9000] * 4000)))
    return path


def write_page(root: Path, num_samples: int, *, most_drawn: int = 0) -> Path:
    """A run of sounds with odd names: WER falls from 0.9, clip 1 is skipped, clip 2 has an aligned transcript."""
    rows, samples = [], []
    for i in range(num_samples):
        wer = MetricResult("audio.wer", 0.9 - 0.8 * i / num_samples, {"transcription": f"word{i}"}, None, True)
        if i == 1:
            skip = Skip(code=SkipCode.SILENT, reason=f"clip {EVIL} is silent", hint="use a clip with sound")
            wer = MetricResult.skipped("audio.wer", skip)
        if i == 2:
            steps = [["equal", "that's", "that's"], ["substitute", "dad's", "dad"], ["insert", None, EVIL]]
            wer.details["diff"] = steps
        rows.append({"audio.wer": wer, "audio.loudness": MetricResult("audio.loudness", -20.0 - i)})
        path = root / "gen" / f"{i} ü#?%.wav"
        if i < 3:
            sound(path)
        texts = {"text_prompt": EVIL if i == 0 else f"prompt {i}", "language": "de" if i % 3 else "en"}
        samples.append({"id": f"s{i}", "audio": str(path), **texts, "speaker": i % 2})
    facts = {"audio.wer": {"direction": "lower", "unit": "edits per word", "options": {"protocol": "fastvideo"}}}
    results = EvalResults(
        rows,
        {"audio.wer": MetricResult("audio.wer", 0.42, {"edits": 3})},
        samples=as_samples(samples),
        provenance={"created": "2026-01-01T00:00:00+00:00", "metrics": facts, "command": ["avmeter", "score", "gen/"]},
    )
    body = heat_map(["audio.wer"], ["noise"], [[0.5]]) + curves([Curve(name="c", x=[0, 1], y=[0, 1])], title="t")
    sections = [Section(title="Reaction to damage", body=body)]
    return write_report(results, root / "run", sections=sections, most_drawn=most_drawn)


def order(dom: str) -> list[str]:
    return re.findall(r'<tr class="main" data-id="([^"]*)"', dom)


def test_page_shows_everything_without_errors(browser: Browser, tmp_path: Path) -> None:
    """Summary, plots, players, skips, provenance, banner and added sections are there; foreign text is text."""
    dom = browser.dom(write_page(tmp_path, 5))
    assert order(dom) == ["s0", "s2", "s3", "s4", "s1"]
    for text in ("0.4200", "mean over 4 of 5; 1 skipped: silent", "use a clip with sound", "avmeter score gen/",
                 "Reaction to damage", "Dummy weights.", "edits per word"):  # fmt: skip
        assert text in dom, text
    assert dom.count('<svg class="plot"') == 3
    assert dom.count("<audio ") == 5
    assert dom.count('preload="none"') == 5
    assert "<title>run – avmeter report</title>" in dom
    assert "<img" not in dom
    assert "<b>bold" not in dom
    assert EVIL in unescape(re.search(r'<span class="prompt"[^>]*>(.*?)</span>', dom).group(1))


def test_page_addresses_nothing_outside(browser: Browser, tmp_path: Path) -> None:
    """Every address in the drawn page is a fragment or a relative link to a clip that exists."""
    page = write_page(tmp_path, 3)
    dom = browser.dom(page, "open=s2")
    addresses = re.findall(r'\b(?:src|href|action|poster|data)="([^"]*)"', dom)
    links = [a for a in addresses if not a.startswith("#")]
    assert links == [f"../gen/{i}%20%C3%BC%23%3F%25.wav" for i in (0, 2, 1)]
    assert not re.search(r"https?://", dom)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("sort=audio.wer&dir=asc", ["s4", "s3", "s2", "s0", "s1"]),
        ("sort=audio.wer&dir=desc", ["s0", "s2", "s3", "s4", "s1"]),
        ("sort=audio.loudness&dir=asc", ["s4", "s3", "s2", "s1", "s0"]),
        ("sort=id&dir=desc", ["s4", "s3", "s2", "s1", "s0"]),
        ("q=word3", ["s3"]),
        ("q=PROMPT+4", ["s4"]),
        ("show=skipped", ["s1"]),
        ("sort=input", ["s0", "s1", "s2", "s3", "s4"]),
        ("sort=nonsense&page=-7&rows=x", ["s0", "s2", "s3", "s4", "s1"]),
        ("samples", ["s0", "s2", "s3", "s4", "s1"]),
        ('where=["language","en"]', ["s0", "s3"]),
        ('where=["speaker",1,null]&sort=input', ["s1", "s3"]),
        ('where=["audio.wer",0.3,0.6]', ["s2", "s3"]),
        ('where=["audio.wer",0.3,0.6]&where=["language","en"]', ["s3"]),
        ('where=["nonsense","en"]&where=[&where=7', ["s0", "s2", "s3", "s4", "s1"]),
        ("sort=speaker&dir=desc", ["s1", "s3", "s0", "s2", "s4"]),
    ],
)
def test_table_sorts_and_filters(browser: Browser, tmp_path: Path, state: str, expected: list[str]) -> None:
    """The address restores order and filter; what was skipped is last in both directions."""
    assert order(browser.dom(write_page(tmp_path, 5), state)) == expected


def test_click_on_a_heading_sorts(browser: Browser, tmp_path: Path) -> None:
    """From the worst first to the best first, to the order of the run, and back; screen readers are told."""
    page = write_page(tmp_path, 4)
    cases = (
        (1, ["s3", "s2", "s0", "s1"], "ascending"),
        (2, ["s0", "s1", "s2", "s3"], None),
        (3, ["s0", "s2", "s3", "s1"], "descending"),
    )
    for clicks, expected, said in cases:
        clicked = page.with_name(f"clicked{clicks}.html")
        press = "document.querySelector('th[data-column=\"audio.wer\"] button').click();" * clicks
        clicked.write_text(page.read_text().replace("</body>", f"<script>{press}</script></body>"))
        dom = browser.dom(clicked)
        assert order(dom) == expected
        assert re.findall(r'<th [^>]*aria-sort="(\w+)"', dom) == ([said] if said else [])


def test_opened_sample_shows_aligned_transcript(browser: Browser, tmp_path: Path) -> None:
    """What should have been heard and what was, word by word."""
    dom = browser.dom(write_page(tmp_path, 3), "open=s2")
    assert '<del title="expected">dad\'s</del> <ins title="heard">dad</ins>' in dom
    assert EVIL in unescape(dom)
    assert dom.count('<tr class="more"') == 1


def test_clip_plays_from_its_relative_link(browser: Browser, tmp_path: Path) -> None:
    """The browser loads a clip with an odd name through the link, under the page's own policy."""
    page = write_page(tmp_path, 1)
    probe = page.with_name("probe.html")
    script = ("const a = document.querySelector('audio'); a.preload = 'metadata'; a.load();"
              "a.addEventListener('loadedmetadata', () => { document.title = 'length ' + a.duration; });"
              "a.addEventListener('error', () => { document.title = 'error ' + a.error.message; });")  # fmt: skip
    probe.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    assert "<title>length 1</title>" in browser.dom(probe)


def scripted(page: Path, script: str) -> Path:
    """The page with a script of the test at its end."""
    changed = page.with_name("scripted.html")
    changed.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    return changed


def test_filter_and_columns_are_chosen_by_hand(browser: Browser, tmp_path: Path) -> None:
    """A value or a range is picked from what there is, shown as a chip, and a column leaves with its heading."""
    press = """
    const set = (id, value) => { const e = document.getElementById(id); e.value = value;
      e.dispatchEvent(new Event("change", { bubbles: true })); };
    set("by", "language"); set("is", "de"); document.getElementById("add").click();
    set("by", "audio.loudness"); set("low", "-22.5"); document.getElementById("add").click();
    document.querySelector('#columns input[value="audio.loudness"]').click();
    document.querySelector('#columns input[value="speaker"]').click();"""
    dom = browser.dom(scripted(write_page(tmp_path, 5), press))
    assert order(dom) == ["s2", "s1"]
    assert re.findall(r'<th [^>]*data-column="([^"]*)"', dom) == ["id", "audio.wer", "speaker"]
    assert re.findall(r'class="chip"[^>]*>([^<]*)<', dom) == ["language: de ×", "-22.50 ≤ audio.loudness ×"]
    assert "2 of 5 samples" in dom


def test_signature_is_copied_with_a_click(browser: Browser, tmp_path: Path) -> None:
    """The whole line, also where a browser has no clipboard for files from disk."""
    press = """document.execCommand = () => { document.title = document.querySelector("textarea").value; };
      Object.defineProperty(navigator, "clipboard", { value: undefined });
      document.querySelector("button.copy").click();"""
    dom = browser.dom(scripted(write_page(tmp_path, 3), press))
    assert re.search(r"<title>audio\.wer\|protocol:fastvideo\|n:2\|skipped:1\|avmeter:unknown</title>", dom)


def test_dead_players_say_why(browser: Browser, tmp_path: Path) -> None:
    """A file that is gone, and one that is there but no sound, are not the same silence."""
    page = write_page(tmp_path, 5)
    (tmp_path / "gen/0 ü#?%.wav").unlink()
    (tmp_path / "gen/2 ü#?%.wav").write_bytes(b"no sound" * 1000)
    press = 'document.querySelectorAll("audio").forEach((a) => { a.preload = "metadata"; a.load(); });'
    dom = browser.dom(scripted(page, press))
    said = dict(re.findall(r'aria-label="audio of (s\d)"[^>]*></audio>(?:<p class="dead"[^>]*>([^<]*)</p>)?', dom))
    assert "moved or deleted" in said["s0"]
    assert "lacks the codec or container" in said["s2"] or "of a kind this browser does not know" in said["s2"]
    assert "does not load" in said["s3"]
    assert said["s1"] == ""
    assert "The file was not there when this page was made." in browser.dom(page)


def test_spectrogram_is_beside_the_player(browser: Browser, tmp_path: Path) -> None:
    """As an image inside the page, of as many samples as asked for, worst first."""
    dom = browser.dom(write_page(tmp_path, 5, most_drawn=2))
    assert dom.count('<img src="data:image/jpeg;base64,') == 2
    assert "Frames and spectrograms are drawn of 2 samples" in dom
    drawn = re.findall(r'data-id="(s\d)"(?:(?!data-id).)*?<img', dom, re.S)
    assert drawn == ["s0", "s2"]


@pytest.mark.parametrize("width", [400, 1280])
def test_page_does_not_scroll_sideways(browser: Browser, tmp_path: Path, width: int) -> None:
    """Long names and wide tables scroll in boxes of their own, or are stacked."""
    page = write_page(tmp_path, 5, most_drawn=5)
    measure = "document.title = 'wide ' + document.documentElement.scrollWidth + ' of ' + innerWidth;"
    frame = page.with_name("frame.html")  # a window is never narrower than 500, a frame is
    whole = scripted(page, measure.replace("document.title =", "parent.document.title ="))
    frame.write_text(f'<iframe src="{whole.name}" style="width:{width}px;height:900px;border:0"></iframe>')
    dom = browser.dom(frame, options=("--allow-file-access-from-files",))
    assert f"<title>wide {width} of {width}</title>" in dom


def test_opening_a_page_costs_no_more_for_a_row_where_there_are_many(browser: Browser, tmp_path: Path) -> None:
    """The script's time, from its first line to the drawn table, of 5,000 rows against 500 on the same machine."""
    few, many = (min(_script_ms(browser, write_page(tmp_path / str(n), n)) for _ in "123") for n in (500, 5_000))
    assert many < 10 * few


def _script_ms(browser: Browser, page: Path) -> float:
    text = page.read_text()
    start = text.index('<script type="application/json"')
    timed = page.with_name("timed.html")
    timed.write_text(
        (text[:start] + "<script>const begun = performance.now();</script>" + text[start:]).replace(
            "</body>", "<script>document.title = 'took ' + (performance.now() - begun);</script></body>"
        )
    )
    return float(re.search(r"<title>took ([0-9.]+)", browser.dom(timed, is_virtual=False)).group(1))


def test_bundled_sound_plays_without_its_file(browser: Browser, tmp_path: Path) -> None:
    """Out of the page alone, under its policy."""
    samples = as_samples([{"id": f"s{i}", "audio": str(sound(tmp_path / f"{i}.wav"))} for i in range(2)])
    results = EvalResults([{"m.a": MetricResult("m.a", float(i))} for i in range(2)], samples=samples)
    page = write_bundle(results, tmp_path / "run", tmp_path / "mail/page.html").path
    for path in tmp_path.glob("*.wav"):
        path.unlink()
    script = ("const a = document.querySelector('audio'); a.preload = 'auto'; a.load();"
              "a.addEventListener('loadeddata', () => { document.title = 'length ' + Math.round(a.duration); });"
              "a.addEventListener('error', () => { document.title = 'error ' + a.error.message; });")  # fmt: skip
    assert "<title>length 1</title>" in browser.dom(scripted(page, script))


def test_comparison_begins_with_what_got_worse(browser: Browser, tmp_path: Path) -> None:
    """Both players of a pair stand beside each other under the names of the runs."""
    runs = []
    for name, losses in (("old", [0, 0, 0, 0, 0, 0]), ("new", [1, 3, 2, 6, 5, 4])):
        rows = [{"m.a": MetricResult("m.a", 9.0 - loss)} for loss in losses]
        samples = as_samples([{"id": f"s{i}", "audio": str(sound(tmp_path / name / f"{i}.wav"))} for i in range(6)])
        facts = {"metrics": {"m.a": {"direction": "higher"}}}
        runs.append(EvalResults(rows, samples=samples, provenance=facts))
        runs[-1].write(tmp_path / "runs" / name)
    found = compare(tmp_path / "runs/old", tmp_path / "runs/new")
    dom = browser.dom(write_comparison(found, *runs, tmp_path / "page/compare.html"))
    assert re.findall(r'<article class="pair" data-id="([^"]*)"', dom) == ["s3", "s4", "s5", "s1", "s2", "s0"]
    assert dom.count("<audio ") == 12
    assert "A: old" in dom
    assert "B: new" in dom
    assert '<span class="verdict worse">-6.000</span>' in dom


def test_thousands_of_rows_are_paged(browser: Browser, tmp_path: Path) -> None:
    """Of fifteen thousand samples five thousand are in the table, and one page of them is drawn."""
    dom = browser.dom(write_page(tmp_path, 15_000), "sort=audio.loudness&dir=asc&page=2&rows=100")
    assert order(dom) == [f"s{i}" for i in range(14_899, 14_799, -1)]
    assert "Page 2 of 50" in dom
    assert "15000 samples" in dom


@pytest.mark.parametrize("width", [1280, 420])
def test_page_is_drawn(browser: Browser, tmp_path: Path, width: int) -> None:
    """The picture is not blank, on a wide screen and on a narrow one."""
    shot = browser.screenshot(write_page(tmp_path, 5), width=width)
    with av.open(str(shot)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape[1] == width
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
