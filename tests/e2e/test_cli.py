"""Every command runs, prints sensible things on the right stream, and fails in a sentence."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shlex
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from avmeter.cli.app import app
from avmeter.run import read_run
from support import require
from support.commandline import PROGRAM, avmeter, contents
from support.media import flash, tone, write_media

RATE = 16_000
needs_full_device = require.needs("system", Path("/dev/full").exists(), "no /dev/full on this system")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Features go into a folder of the test; the test stands in its own folder."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def wav(path: Path, amplitude: float = 0.3, duration_s: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = tone(440, amplitude, RATE, duration_s)
    return write_media(path, wave=wave, sample_rate=RATE, audio_codec="pcm_s16le")


def commands() -> list[tuple[str, ...]]:
    """Every command and command of a group."""
    found: list[tuple[str, ...]] = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found += [(name, n) for n in inner] if inner else [(name,)]
    return found


# -- help and version ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_explains_itself(command):
    """`--help` works, describes the command and each of its options."""
    done = avmeter(*command, "--help")
    assert done.code == 0
    assert "Usage:" in done.out
    assert len(done.out.splitlines()) > 5


@pytest.mark.parametrize("command", ["score", "probe", "audit", "report", "compare", "list"])
def test_help_of_main_commands_has_an_example(command):
    """A stranger can copy a line."""
    assert f"avmeter {command} " in avmeter(command, "--help").out.split("Usage:")[1].split("\n", 1)[1]


def test_version_and_bare_program():
    """`--version` is one line; without a command the help is shown."""
    assert re.fullmatch(r"avmeter \d+\.\d+\S*\n", avmeter("--version").out)
    assert "score" in avmeter().out + avmeter().err


def test_unknown_command_and_option_are_usage_errors():
    """A misspelt command or option ends with code 2 and names it."""
    for arguments in (["scor"], ["score", "--bogus"], ["score"], ["score", "a.wav", "--batch-size", "0"]):
        done = avmeter(*arguments)
        assert done.code == 2
        assert done.out == ""
        assert "Error" in done.err


# -- list and weights ------------------------------------------------------------------------------------------------


def test_list_shows_whole_names_and_what_is_missing():
    """Metrics by group with what they need; names are never cut; a group that is none is an error."""
    done = avmeter("list")
    assert done.code == 0
    for name in avmeter("list", "--names").out.split():
        assert name in done.out
    assert "lacks weights: passt" in done.out
    assert avmeter("list", "av", "--names").out.split() == [
        n for n in avmeter("list", "--names").out.split() if n.startswith("av.")
    ]
    wrong = avmeter("list", "audoi")
    assert wrong.code == 2
    assert "did you mean `audio`" in wrong.err


def test_weights_are_listed_found_and_verified():
    """`weights list|path|verify` name checkpoints in full; an unknown one is an error with near names."""
    listed = avmeter("weights", "list").out
    assert "clap-larger-music-and-speech" in listed
    assert "Apache-2.0" in listed
    found = avmeter("weights", "path", "yamnet")
    assert found.code == 0
    assert Path(found.out.strip()).is_file()
    wrong = avmeter("weights", "path", "yamnett")
    assert wrong.code == 2
    assert "did you mean `yamnet`" in wrong.err
    assert avmeter("weights", "fetch", "nothing").code == 2


def test_weights_that_cannot_be_had_offline_are_a_sentence(monkeypatch):
    """Without a network the error says where to put the file."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    done = avmeter("weights", "path", "passt")
    assert done.code == 2
    assert "passt" in done.err
    assert "AVMETER_WEIGHTS" in done.err
    assert "Traceback" not in done.err


# -- probe -----------------------------------------------------------------------------------------------------------


def test_probe_prints_json_and_goes_on_past_bad_files(tmp_path):
    """One JSON object a line for what can be read; the others are named on standard error."""
    write_media(tmp_path / "a.mp4", wave=tone(440, 0.3, 48_000, 1), frames=flash(0.5, 25, 1))
    (tmp_path / "bad.mp4").write_text("no film")
    done = avmeter("probe", "bad.mp4", "a.mp4", wav(tmp_path / "b.wav"), "--decode")
    assert done.code == 1
    facts = [json.loads(line) for line in done.out.splitlines()]
    assert [Path(f["file"]).name for f in facts] == ["a.mp4", "b.wav"]
    assert facts[0]["picture"]["num_frames"] == 25
    assert facts[1]["sound"]["duration_s"] == pytest.approx(1.0)
    assert done.err.startswith("error: bad.mp4: not a media file")
    for path in ("gone.wav", ".", "bad.mp4"):
        assert avmeter("probe", path).code == 3


# -- report and compare ----------------------------------------------------------------------------------------------


def test_report_prints_the_table_of_the_run_again():
    """`report RUN` shows what `score` showed, and writes the page anew."""
    for i in range(3):
        wav(Path(f"clips/{i}.wav"), amplitude=0.1 * (i + 1))
    scored = avmeter("score", "clips", "-m", "audio.loudness", "-o", "run")
    Path("run/report.html").unlink()
    again = avmeter("report", "run")
    assert again.code == 0
    assert again.out == scored.out
    assert Path("run/report.html").is_file()


def test_compare_says_which_run_is_higher():
    """`compare A B` pairs samples by id and shows the difference."""
    for i in range(8):
        for side, factor in (("a", 1.0), ("b", 0.5)):
            wav(Path(f"{side}/{i}.wav"), amplitude=factor * (0.2 + 0.05 * i))
    for side in "ab":
        avmeter("score", side, "-m", "audio.loudness", "-o", f"run_{side}")
    done = avmeter("compare", "run_a", "run_b")
    assert done.code == 0
    (row,) = (line for line in done.out.splitlines() if "audio.loudness" in line)
    assert "-6.02" in row.replace("−", "-")


def test_compare_of_two_clips_is_no_verdict():
    """The table says so, and so does the exit code; a column that nobody has is wrong usage."""
    for side, factor in (("a", 1.0), ("b", 0.5)):
        for i in range(2):
            wav(Path(f"{side}/{i}.wav"), amplitude=factor * (0.2 + 0.05 * i))
        avmeter("score", side, "-m", "audio.loudness", "-o", f"run_{side}")
    done = avmeter("compare", "run_a", "run_b")
    assert done.code == 3
    assert "too few pairs" in done.out
    assert "A = run_a, B = run_b" in done.out
    unknown = avmeter("compare", "run_a", "run_b", "--cluster", "speaker")
    assert unknown.code == 2
    assert "unknown column of the samples `speaker`" in unknown.err


def test_scores_are_broken_down_by_a_column():
    """While scoring or afterwards; a column that no sample has is refused before anything is computed."""
    rows = ["id,audio,language,speaker"]
    for i in range(4):
        wav(Path(f"clips/{i}.wav"), amplitude=0.1 * (i + 1))
        rows.append(f"{i},clips/{i}.wav,{'en' if i < 2 else 'de'},s{i % 2}")
    Path("set.csv").write_text("\n".join(rows) + "\n")
    scored = avmeter("score", "set.csv", "-m", "audio.loudness", "--by", "language", "-o", "run")
    assert scored.code == 0
    assert "By language" in scored.out
    table = Path("run/breakdown.csv").read_text().splitlines()
    assert [line.split(",")[:3] for line in table[1:]] == [
        ['"language"', '"de"', '"audio.loudness"'],
        ['"language"', '"en"', '"audio.loudness"'],
    ]
    again = avmeter("report", "run", "--by", "speaker", "--cluster", "language")
    assert "By speaker" in again.out
    assert "intervals count clips that share a value once: 2 by language" in again.out
    assert '"speaker","s1"' in Path("run/breakdown.csv").read_text()
    assert "By speaker" in Path("run/report.html").read_text()
    refused = avmeter("score", "set.csv", "-m", "audio.loudness", "--by", "langauge", "-o", "other")
    assert refused.code == 2
    assert "did you mean `language`" in refused.err


@pytest.mark.parametrize("arguments", [["report", "gone"], ["report", "clips"], ["compare", "clips", "gone"]])
def test_folder_that_is_no_run_is_a_usage_error(arguments):
    """A folder of clips is not a run."""
    wav(Path("clips/a.wav"))
    done = avmeter(*arguments)
    assert done.code == 2
    assert "not a run folder" in done.err


def test_run_that_was_cut_off_or_damaged_says_so():
    """A run folder that was not written to its end, or lost a file, is named."""
    wav(Path("clips/a.wav"))
    avmeter("score", "clips", "-m", "audio.loudness", "-o", "run")
    Path("run/results.parquet").write_text("damaged")
    done = avmeter("report", "run")
    assert done.code == 2
    assert "damaged" in done.err


# -- terminals -------------------------------------------------------------------------------------------------------


def in_terminal(*arguments: str, columns: int = 80, **environment: str) -> tuple[int, str]:
    """Exit code and output of a command in a terminal of this width."""
    main, other = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=other,
        stdout=other,
        stderr=other,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "50", **environment},
    )
    os.close(other)
    text = b""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        if not select.select([main], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            part = os.read(main, 65536)
        except OSError:  # Linux reports the end of a terminal as an error
            break
        if not part:
            break
        text += part
    os.close(main)
    return process.wait(timeout=120), text.decode()


def test_narrow_terminal_loses_no_names():
    """Forty columns fold long cells; a very long name loses its middle, neither its beginning nor its end."""
    wav(Path("clips/a_name_that_is_longer_than_the_terminal_is_wide.wav"))
    wav(Path("clips/b.wav"))
    code, text = in_terminal("score", "clips", "-m", "audio.loudness", columns=40)
    assert code == 0, text
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    leftmost = (line.split("│")[1].strip() for line in plain.splitlines() if line.count("│") > 1)
    assert "a_name_that_is_longer…e_terminal_is_wide.wav" in "".join(leftmost)
    assert "audio.loudness" in plain
    assert max(map(len, plain.replace("\r", "\n").splitlines())) <= 40
    code, text = in_terminal("list", "av", columns=30)
    assert code == 0
    letters = re.sub(r"[^a-z.,]", "", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text))
    assert "av.align" in letters


def test_terminal_without_colour_gets_none():
    """NO_COLOR is honoured, and the words are all there."""
    wav(Path("a.wav"))
    wav(Path("gone/b.wav"))
    Path("gone/c.wav").touch()
    code, text = in_terminal("score", "gone", "-m", "audio.loudness", NO_COLOR="1")
    assert code == 0
    assert "empty_file" in text
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)


def test_pipe_gets_plain_text_and_no_bar():
    """Standard output of a pipe holds the table alone; nothing moves on standard error, where whole lines are."""
    wav(Path("clips/a.wav"))
    done = subprocess.run(
        [*PROGRAM, "score", "clips", "-m", "audio.loudness", "-o", "run"], capture_output=True, text=True, check=True
    )
    assert "\x1b" not in done.stdout + done.stderr
    *before, written, ended = done.stderr.splitlines()
    assert before[:3] == ["1 clip", "columns: audio", "metrics: audio.loudness"]
    assert written == "written: run (open run/report.html)"
    assert ended.startswith("1 clip in ")


def test_page_is_drawn_after_the_tables_and_by_request_not_at_all():
    """From ten clips on a line says what is waited for; the page then has spectrograms, else none."""
    for i in range(10):
        wav(Path(f"clips/{i}.wav"))
    command = [*PROGRAM, "score", "clips", "-m", "audio.loudness", "-o", "run"]
    shown = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout
    assert shown.index("Summary of 10 samples") < shown.index("drawing 10 clips") < shown.index("written: run")
    assert '"data:image' in Path("run/report.html").read_text("utf-8")
    assert (
        "drawing"
        not in avmeter("score", "clips", "-m", "audio.loudness", "-o", "run", "--thumbnails", "0", draws=True).err
    )
    assert '"data:image' not in Path("run/report.html").read_text("utf-8")


def test_terminal_that_lacks_characters_does_not_end_a_run():
    """Box lines and arrows that an ASCII stream cannot show are escaped."""
    wav(Path("ünï.wav"))
    done = subprocess.run(
        [*PROGRAM, "score", "ünï.wav", "-m", "audio.loudness"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert b"audio.loudness" in done.stdout


def test_reader_that_goes_away_is_no_traceback():
    """`avmeter ... | head` ends quietly."""
    for i in range(3):
        wav(Path(f"clips/{i}.wav"))
    process = subprocess.Popen(
        [*PROGRAM, "score", "clips", "-m", "audio.loudness"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(timeout=300)


# -- output that cannot be written -----------------------------------------------------------------------------------

RUN_FILES = ["report.html", "results.csv", "results.parquet", "run.json", "samples.parquet", "summary.json"]


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `avmeter` is the program."""
    python = " ".join(map(shlex.quote, PROGRAM))
    line = f'set -o pipefail\navmeter() {{ {python} "$@"; }}\n{command}'
    environment = {**os.environ, **variables}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=False, env=environment, timeout=600
    )


@needs_full_device
@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        ("| head -2", 0),
        ("> /dev/full", 2),
        (">&- 2>&-", 0),
        pytest.param("| grep -q loudness", 0, marks=pytest.mark.endurance),
        pytest.param("2>&-", 0, marks=pytest.mark.endurance),
        pytest.param("2> /dev/full", 0, marks=pytest.mark.endurance),
    ],
)
def test_run_folder_is_whole_whatever_becomes_of_the_output(tmp_path, redirection, code):
    """Without a store there is no other copy: the folder is written before anything is printed."""
    wav(tmp_path / "gen/a.wav")
    wav(tmp_path / "gen/b.wav")
    done = shell(f"avmeter score gen -m audio.loudness --no-store --out run {redirection}")
    assert done.returncode == code
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == RUN_FILES
    assert len(read_run(tmp_path / "run")) == 2
    if code:
        assert "error: standard output cannot be written: No space left on device" in done.stderr


@needs_full_device
@pytest.mark.endurance
def test_other_commands_write_before_they_print_too(tmp_path):
    """Variants, exported features, a page; and what only prints says that it could not."""
    (tmp_path / "gen").mkdir()
    write_media(tmp_path / "gen/a.mp4", wave=tone(440, 0.3, 48_000, 2), frames=flash(1, 25, 2))
    stress = "avmeter stress gen/a.mp4 -m audio.loudness --variants silence --no-store --out run"
    assert shell(f"{stress} 2>&- | head -1").returncode == 0
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == sorted([*RUN_FILES, "clips", "stress.json"])
    export = "avmeter features export gen/a.mp4 --extractor yamnet --weights dummy --rows --no-store --out f.npz"
    assert shell(f"{export} > /dev/full").returncode == 2
    assert (tmp_path / "f.npz").is_file()
    (tmp_path / "run/report.html").unlink()
    assert shell("avmeter report run > /dev/full").returncode == 2
    assert (tmp_path / "run/report.html").is_file()
    done = shell("avmeter compare run run > /dev/full; echo $?; avmeter audit gen | head -c 1; echo $?")
    assert done.stdout.split("\n")[0] == "3"  # one pair is no verdict
    assert "standard output cannot be written" in done.stderr
    assert done.stdout.endswith("0\n")


# -- files of others -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.html", "results.csv", "run.json", "summary.json", "samples.parquet"])
@pytest.mark.parametrize("make", [lambda p: p.write_text("mine"), lambda p: p.mkdir()], ids=["file", "folder"])
def test_foreign_file_of_a_run_is_refused_before_anything_is_scored(tmp_path, name, make):
    """Whatever its name: nothing is decoded, nothing is written, and the sentence names it."""
    clip = wav(tmp_path / "a.wav")
    (tmp_path / "run").mkdir()
    make(tmp_path / "run" / name)
    before = contents(tmp_path)
    for command in ("score", "stress"):
        done = avmeter(command, clip, "-m", "audio.loudness", "--no-store", "--out", tmp_path / "run")
        assert done.code == 2
        assert name in done.err
        assert "scoring" not in done.err
    assert contents(tmp_path) == before


def test_empty_values_are_refused(tmp_path):
    """An unset variable of a script does not mean the current folder, or all metrics."""
    clip = wav(tmp_path / "a.wav")
    before = contents(tmp_path)
    for arguments in (["--out", ""], ["--store", ""], ["--reference", ""], ["-m", ""], ["--weights", ""], [""]):
        done = avmeter("score", clip, *arguments)
        assert done.code == 2
        assert "is empty" in done.err
    assert avmeter("demo", "--out", "").code == 2
    assert contents(tmp_path) == before


def test_export_replaces_its_own_files_alone(tmp_path):
    """A file of features is replaced as a whole; any other is refused before features are computed."""
    clips = [wav(tmp_path / f"{i}.wav") for i in range(2)]
    command = ["features", "export", *clips, "--extractor", "yamnet", "--weights", "dummy", "--no-store", "--out"]
    out = tmp_path / "ref.npz"
    assert avmeter(*command, out).code == 0
    assert avmeter(*command, out, "--rows").code == 0
    foreign = tmp_path / "mine.npz"
    np.savez(foreign, n=np.zeros(3))
    (tmp_path / "folder.npz").mkdir()
    before = contents(tmp_path)
    for path in (foreign, tmp_path / "folder.npz", tmp_path / "no/where.npz", tmp_path / "x.npy"):
        assert avmeter(*command, path).code == 2
    assert contents(tmp_path) == before


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 100 kB, and what fills it."""
    place = tmp_path / "tiny"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "none", place], check=False, capture_output=True
    )
    if mounted.returncode:
        require.absent("system", "a file system cannot be mounted by this user")
    yield place
    subprocess.run(["umount", place], check=True)


def fill(place: Path) -> None:
    with contextlib.suppress(OSError), (place / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_full_disk_leaves_what_was_there(tiny_disk, tmp_path):
    """An export and a run of before stay whole, no part of a new one is left, and the scores are printed at least."""
    clips = [wav(tmp_path / f"{i}.wav") for i in range(2)]
    export = ["features", "export", *clips, "--extractor", "yamnet", "--weights", "dummy", "--rows", "--no-store"]
    score = ["score", *clips, "-m", "audio.loudness", "--no-store", "--out", tiny_disk / "run"]
    assert avmeter(*export, "--out", tiny_disk / "ref.npz").code == 0
    assert avmeter(*score).code == 0
    before = {p: p.read_bytes() for p in tiny_disk.rglob("*") if p.is_file()}
    fill(tiny_disk)
    done = [avmeter(*export, "--out", tiny_disk / "ref.npz"), avmeter(*score), avmeter("report", tiny_disk / "run")]
    for each in done:
        assert each.code == 2
        assert "No space left on device" in each.err
    assert all("audio.loudness" in each.out for each in done[1:])
    (tiny_disk / "fill").unlink()
    assert {p: p.read_bytes() for p in tiny_disk.rglob("*") if p.is_file()} == before


# -- what a terminal obeys -------------------------------------------------------------------------------------------

NASTY = "a\x9b31m\u202eb\x1b[31mc"


def test_nothing_printed_steers_the_terminal(tmp_path):
    """Names of files and of options come out as escapes, on both streams, from every command."""
    clip = wav(tmp_path / "gen" / f"{NASTY}.wav")
    run, out = tmp_path / f"run{NASTY}", tmp_path / f"{NASTY}.npz"
    done = [
        avmeter("score", clip, "-m", "audio.loudness,av.align", "--out", run),
        avmeter("score", tmp_path / "gen", f"--{NASTY}"),
        avmeter("score", clip, "--gpus", NASTY),
        avmeter(NASTY),
        avmeter("probe", clip, tmp_path / NASTY),
        avmeter("audit", tmp_path / "gen"),
        avmeter("report", run),
        avmeter("compare", run, run),
        avmeter("list", NASTY),
        avmeter("weights", "fetch", NASTY),
        avmeter("stress", clip, "-m", "audio.loudness", "--variants", "silence", "--out", tmp_path / f"s{NASTY}"),
        avmeter("features", "export", clip, "--extractor", "yamnet", "--weights", "dummy", "--rows", "--out", out),
        avmeter("eval", "run", "--videos", clip, "--metrics", "audio.loudness"),
        avmeter("eval", "run", "--videos", clip, "--metrics", "audio.loudness", "--output", tmp_path / NASTY / "x"),
        avmeter("eval", "list", "--group", NASTY),
        avmeter("score", clip, "-m", "audio.loudness", "--format", "fastvideo"),
        avmeter("doctor", NASTY),
        avmeter("demo", "--out", clip),
        avmeter("weights", "path", NASTY),
    ]
    for each in done:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", each.out + each.err)
    assert json.loads(done[4].out)["file"].endswith(f"{NASTY}.wav")
    assert json.loads(done[12].out)[0]["video"].endswith(f"{NASTY}.wav")
