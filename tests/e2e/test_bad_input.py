"""Clips that cannot be measured cost their own scores, each with its own code; mistakes are one paragraph."""

from __future__ import annotations

import functools
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from avmeter.run import read_run
from support import commandline, require
from support.commandline import contents
from support.media import flash, tone, write_media
from support.privileges import without_root

RATE = 16_000
ALIGN = "audio.loudness,av.align"
avmeter = functools.partial(commandline.avmeter, isolates=True)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Features go into a folder of the test."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))


def wav(path: Path, wave: np.ndarray, codec: str = "pcm_f32le") -> Path:
    return write_media(path, wave=np.asarray(wave, np.float32), sample_rate=RATE, audio_codec=codec)


def raw_float_wav(path: Path, wave: np.ndarray) -> Path:
    data = np.asarray(wave, "<f4").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, RATE, 4 * RATE, 4, 32,
                       b"data", len(data))  # fmt: skip
    path.write_bytes(head + data)
    return path


def spoilt(value: float) -> np.ndarray:
    wave = tone(440, 0.3, RATE, 1.5)
    wave[100] = value
    return wave


def cut(source: Path, path: Path, share: float) -> Path:
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def bad_clips(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    """Writes the clips; name -> skip code of loudness and of av.align (None: scored)."""
    folder.mkdir()
    good = tone(440, 0.3, RATE, 1.5)
    wav(folder / "good.wav", good)
    (folder / "zero_bytes.wav").touch()
    (folder / "text.mp4").write_text("This is no film.")
    write_media(folder / "both.mp4", wave=tone(440, 0.3, 48_000, 2), frames=flash(1, 25, 2))
    cut(folder / "both.mp4", folder / "truncated.mp4", 2 / 3)
    write_media(folder / "no_sound.mp4", frames=flash(1, 25, 2))
    write_media(folder / "no_picture.mp4", wave=tone(440, 0.3, 48_000, 2))
    raw_float_wav(folder / "no_samples.wav", np.zeros(0))
    wav(folder / "one_sample.wav", np.array([0.5]))
    wav(folder / "zeros.wav", np.zeros(RATE))
    wav(folder / "100ms.wav", good[: RATE // 10])
    raw_float_wav(folder / "nan.wav", spoilt(np.nan))
    raw_float_wav(folder / "inf.wav", spoilt(np.inf))
    cut(folder / "good.wav", folder / "lying.wav", 1 / 2)
    absent = "missing_input"
    return {
        "good.wav": (None, absent),
        "zero_bytes.wav": ("empty_file", absent),
        "text.mp4": ("unreadable", "unreadable"),
        "both.mp4": (None, None),
        "truncated.mp4": ("decode_error", "decode_error"),
        "no_sound.mp4": ("no_audio_track", "no_audio_track"),
        "no_picture.mp4": (None, "no_video_track"),
        "no_samples.wav": ("empty_audio", absent),
        "one_sample.wav": ("too_short", absent),
        "zeros.wav": ("silent", absent),
        "100ms.wav": ("too_short", absent),
        "nan.wav": ("non_finite", absent),
        "inf.wav": ("non_finite", absent),
        "lying.wav": (None, absent),
    }


def codes(run: Path, metric: str) -> dict[str, str | None]:
    results = read_run(run)
    rows = zip(results.sample_ids, results, strict=True)
    return {i: None if row[metric].skip is None else str(row[metric].skip.code) for i, row in rows}


def test_each_kind_of_bad_clip_has_its_own_code_and_the_others_are_scored(tmp_path):
    """One run over every kind of bad clip: named codes, scores for the good ones, nothing written beside them."""
    clips = tmp_path / "clips"
    expected = bad_clips(clips)
    before = contents(clips)
    done = avmeter("score", clips, "--metrics", ALIGN, "--out", tmp_path / "run", "--strict")
    assert done.code == 1, done.err
    assert "Traceback" not in done.out + done.err
    assert codes(tmp_path / "run", "audio.loudness") == {name: sound for name, (sound, _) in expected.items()}
    assert codes(tmp_path / "run", "av.align") == {name: both for name, (_, both) in expected.items()}
    assert contents(clips) == before
    lying = next(r for i, r in zip(*_rows(tmp_path / "run"), strict=True) if i == "lying.wav")
    assert lying["audio.loudness"].details["duration_s"] == pytest.approx(0.75, abs=0.01), "what exists is measured"


def _rows(run: Path):
    results = read_run(run)
    return results.sample_ids, results


def test_every_reason_names_the_file(tmp_path):
    """A reason says which clip it is about, and a hint or the reason what is wrong with it."""
    bad_clips(tmp_path / "clips")
    avmeter("score", tmp_path / "clips", "-m", "audio.loudness", "-o", tmp_path / "run")
    for sample_id, row in zip(*_rows(tmp_path / "run"), strict=True):
        skip = row["audio.loudness"].skip
        assert skip is None or sample_id in skip.reason


def test_missing_file_and_folder_of_a_manifest_are_skips(tmp_path):
    """A row whose clip is absent, or a folder, is counted, and the other rows are scored."""
    wav(tmp_path / "good.wav", tone(440, 0.3, RATE, 1.5))
    (tmp_path / "folder.wav").mkdir()
    table = tmp_path / "set.csv"
    table.write_text("id,audio\na,good.wav\nb,gone.wav\nc,folder.wav\n")
    done = avmeter("score", table, "-m", "audio.loudness", "-o", tmp_path / "run")
    assert done.code == 0
    assert codes(tmp_path / "run", "audio.loudness") == {"a": None, "b": "missing_file", "c": "not_a_file"}
    assert "mean over 1 of 3" in done.out


def test_clip_without_permission_is_a_skip(open_folder, monkeypatch):
    """A file that may not be read is named as such."""
    monkeypatch.setenv("AVMETER_CACHE", str(open_folder / "cache"))
    wav(open_folder / "secret.wav", tone(440, 0.3, RATE, 1.5)).chmod(0)
    wav(open_folder / "good.wav", tone(440, 0.3, RATE, 1.5))
    with without_root():
        avmeter("score", open_folder, "-m", "audio.loudness", "-o", open_folder / "run")
    assert codes(open_folder / "run", "audio.loudness") == {"good.wav": None, "secret.wav": "unreadable"}


def test_mp3_that_promises_more_than_it_holds_is_measured_as_it_is(tmp_path):
    """The length of a cut mp3 is what can be decoded, and `audit` says that the header lies."""
    write_media(
        tmp_path / "full.mp3", wave=tone(440, 0.3, 44_100, 5), sample_rate=44_100, audio_codec="libmp3lame",
        bit_rate=128_000,
    )  # fmt: skip
    cut(tmp_path / "full.mp3", tmp_path / "half.mp3", 1 / 2)
    (tmp_path / "full.mp3").unlink()
    avmeter("score", tmp_path / "half.mp3", "-m", "audio.loudness", "-o", tmp_path / "run")
    (row,) = read_run(tmp_path / "run")
    assert row["audio.loudness"].details["duration_s"] == pytest.approx(2.5, abs=0.1)
    assert "header_duration_mismatch" in avmeter("audit", tmp_path / "half.mp3").out


NAMES = ["with space.wav", "ünï-漢字.wav", "-dash.wav", "new\nline.wav", "[bold]markup[red].wav", "%s{0}.wav",
         "quote'\".wav", "x" * 250 + ".wav", "\x1b[31mred.wav"]  # fmt: skip


def test_odd_file_names_are_scored_and_do_not_steer_the_terminal(tmp_path):
    """Spaces, other scripts, leading dashes, newlines, markup, escapes and very long names are only names."""
    clips = tmp_path / "clips"
    clips.mkdir()
    data = wav(tmp_path / "plain.wav", tone(440, 0.3, RATE, 1.0)).read_bytes()
    for name in NAMES:
        (clips / name).write_bytes(data)
    done = avmeter("score", clips, "-m", "audio.loudness", "-o", tmp_path / "run")
    assert done.code == 0
    assert set(codes(tmp_path / "run", "audio.loudness")) == set(NAMES)
    assert not any(codes(tmp_path / "run", "audio.loudness").values())
    looked = avmeter("audit", clips)
    for text in (done.out, done.err, looked.out, looked.err):
        assert "\x1b[31mred" not in text
    assert "[bold]markup[red].wav" in done.out
    assert all(line for line in looked.out.splitlines()), "a newline in a name does not break a line"


def test_name_that_is_no_text_is_scored(tmp_path):
    """A name of bytes that are not UTF-8 is scored and printed with escapes."""
    path = os.fsencode(tmp_path) + b"/caf\xe9.wav"
    try:
        with open(path, "wb") as file:  # noqa: PTH123 - a name of bytes
            file.write(wav(tmp_path / "a.wav", tone(440, 0.3, RATE, 1.0)).read_bytes())
    except OSError as error:
        require.absent("system", f"this file system takes text names only ({error})")
    (tmp_path / "a.wav").unlink()
    done = avmeter("score", tmp_path, "-m", "audio.loudness", "-o", tmp_path / "run", "--no-store")
    assert done.code == 0, done.err
    assert (tmp_path / "run" / "report.html").is_file()


def test_file_that_looks_like_an_option_is_explained(tmp_path, monkeypatch):
    """`avmeter score -dash.wav` says how to name such a file; after `--` it is scored."""
    monkeypatch.chdir(tmp_path)
    wav(Path("-dash.wav"), tone(440, 0.3, RATE, 1.0))
    refused = avmeter("score", "-dash.wav")
    assert refused.code == 2
    assert "put -- before it" in refused.err
    assert avmeter("score", "-m", "audio.loudness", "--", "-dash.wav").code == 0


MANIFESTS = {
    "duplicate ids": ("set.csv", "id,audio\na,x.wav\na,y.wav\n", "id `a`", "unique"),
    "wrong columns": ("set.csv", "foo,bar\n1,2\n", "no column of clips", "columns are"),
    "misspelt column": ("set.csv", "id,audoi\na,x.wav\n", "no column of clips", "did you mean `audio`"),
    "nothing in it": ("set.csv", "", "no rows", "first line"),
    "open quotation mark": ("set.csv", 'id,audio\na,"x.wav\n', "line 2", "quotation"),
    "too many cells": ("set.csv", "id,audio\na,x.wav,y\n", "3 cells", "quotation"),
    "not JSON": ("set.jsonl", "{audio\n", "line 1: not JSON", "one JSON object per line"),
    "not Parquet": ("set.parquet", "PAR1", "not a Parquet file", ""),
    "bad rate": ("set.csv", "audio,sample_rate\nx.wav,fast\n", "not a positive number", ""),
    "bad role": ("set.csv", "audio,role\nx.wav,real\n", "role is 'real'", '"reference"'),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_bad_manifest_is_one_paragraph_with_a_hint(tmp_path, case):
    """What is wrong with a table is said with file and line, exit code 2, before anything runs."""
    name, text, said, hint = MANIFESTS[case]
    (tmp_path / name).write_text(text)
    done = avmeter("score", tmp_path / name, "-m", "audio.loudness", "-o", tmp_path / "run")
    assert done.code == 2
    assert done.out == ""
    assert said in done.err
    assert hint in done.err
    assert len(done.err.splitlines()) <= 2
    assert not (tmp_path / "run").exists()


def test_empty_prompts_are_skips_of_their_clips(tmp_path):
    """A clip without text is skipped by the metrics of text alone."""
    wav(tmp_path / "a.wav", tone(440, 0.3, RATE, 1.0))
    (tmp_path / "set.jsonl").write_text('{"audio": "a.wav", "reference_text": " ", "text_prompt": ""}\n')
    done = avmeter("score", tmp_path / "set.jsonl", "-m", "audio.loudness,audio.wer", "-o", tmp_path / "run")
    assert done.code == 4, done.err  # it was named, and has no score at all
    assert codes(tmp_path / "run", "audio.wer")["a.wav"] in ("missing_input", "empty_text")


def test_nothing_scored_is_exit_code_3(tmp_path):
    """A run in which every clip was skipped is not a success."""
    (tmp_path / "empty.wav").touch()
    done = avmeter("score", tmp_path / "empty.wav", "-m", "audio.loudness", "-o", tmp_path / "run")
    assert done.code == 3
    assert "empty_file" in done.out


# -- input of any shape ----------------------------------------------------------------------------------------------

GOOD = '{"audio": "good.wav"}\n'
ONE_ROW = {
    "home of nobody": '{"audio": "~nosuchuser/x.wav"}',
    "lone surrogate": '{"audio": "\\ud800.wav", "text_prompt": "\\udfff"}',
    "long name": '{"audio": "' + "x" * 300 + '.wav"}',
    "long path": '{"audio": "' + "x/" * 3000 + '.wav"}',
    "NUL": '{"audio": "a\\u0000b.wav"}',
}


@pytest.mark.parametrize("case", ONE_ROW)
def test_row_of_any_shape_costs_itself_alone(tmp_path, case):
    """The other row is scored, and the run folder and its page are written."""
    wav(tmp_path / "good.wav", tone(440, 0.3, RATE, 1.5))
    (tmp_path / "set.jsonl").write_text(GOOD + ONE_ROW[case])
    done = avmeter("score", tmp_path / "set.jsonl", "-m", "audio.loudness", "--out", tmp_path / "run")
    assert done.code == 0
    good, bad = (row["audio.loudness"] for row in read_run(tmp_path / "run"))
    assert good.score is not None
    assert bad.skip.code in ("missing_file", "unreadable", "not_a_file")
    assert (tmp_path / "run/report.html").is_file()


WHOLE_TABLE = {
    "deep line": ("set.jsonl", GOOD + '{"audio": "good.wav", "note": ' + "[" * 5000 + "]" * 5000 + "}"),
    "deep file": ("set.json", '{"a": ' * 5000 + "1" + "}" * 5000),
    "digits": ("set.jsonl", GOOD + '{"audio": "good.wav", "seed": ' + "9" * 4400 + "}"),
    "rate": ("set.jsonl", GOOD + '{"audio": "good.wav", "fps": ' + "9" * 400 + "}"),
    "track": ("set.csv", "audio,audio_stream\ngood.wav," + "9" * 5000),
    "no objects": ("set.jsonl", '5\n"x"\nnull\n'),
}


@pytest.mark.parametrize("case", WHOLE_TABLE)
@pytest.mark.parametrize("place", ["manifest", "prompts"])
def test_table_of_any_shape_is_a_sentence(tmp_path, case, place):
    """As a manifest and as a table of prompts; nothing raw comes out."""
    name, text = WHOLE_TABLE[case]
    wav(tmp_path / "good.wav", tone(440, 0.3, RATE, 1.5))
    (tmp_path / name).write_text(text)
    given = [tmp_path / name] if place == "manifest" else [tmp_path / "good.wav", "--prompts", tmp_path / name]
    done = avmeter("score", *given, "-m", "audio.loudness")
    assert done.code == 2
    assert "error: " in done.err


@pytest.mark.parametrize("name", ["set.csv", "set.tsv"])
def test_cell_of_any_length_is_a_text(tmp_path, name):
    """Also beyond the 131,072 characters that the standard library takes by default."""
    wav(tmp_path / "good.wav", tone(440, 0.3, RATE, 1.5))
    mark = "\t" if name.endswith("tsv") else ","
    (tmp_path / name).write_text(f"audio{mark}text_prompt\ngood.wav{mark}{'x' * 200_000}\n")
    done = avmeter("score", tmp_path / name, "-m", "audio.loudness", "--out", tmp_path / "run")
    assert done.code == 0
    assert len(read_run(tmp_path / "run").samples[0].text("text_prompt")) == 200_000


def test_file_of_an_impossible_name_is_a_skip_in_a_table(tmp_path):
    """On the command line it is wrong usage, as a file that is not there; as a row of a table it is one skip."""
    good = wav(tmp_path / "good.wav", tone(440, 0.3, RATE, 1.5))
    long = "x" * 300 + ".wav"
    table = tmp_path / "set.csv"
    table.write_text(f"audio\n{good}\n{long}\n")
    done = avmeter("score", table, "-m", "audio.loudness", "--out", tmp_path / "run")
    assert done.code == 0
    assert read_run(tmp_path / "run")[1]["audio.loudness"].skip.code in ("missing_file", "unreadable")
    assert avmeter("score", long, "-m", "audio.loudness").code == 2
    assert avmeter("score", good, long, "-m", "audio.loudness").code == 2
    assert avmeter("score", good, "-m", "audio.loudness", "--reference", long).code == 2


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000, '{"a":' * 5000])
def test_option_of_any_shape_is_a_sentence(tmp_path, value):
    """Nesting and digits beyond what Python takes."""
    good = wav(tmp_path / "good.wav", tone(440, 0.3, RATE, 1.5))
    done = avmeter("score", good, "-m", "audio.loudness", "--set", f"audio.loudness.x={value}")
    assert (done.code, "no value that an option takes" in done.err) == (2, True)


@pytest.mark.parametrize("content", ["[" * 5000, "[]", "5", "", '{"format": "avmeter-run"}'])
def test_run_folder_of_any_shape_is_a_sentence(tmp_path, content):
    """Whatever stands in its `run.json`, for every command that reads runs."""
    (tmp_path / "run.json").write_text(content)
    for command in (["report", tmp_path], ["compare", tmp_path, tmp_path], ["features", "export", tmp_path, "--out",
                                                                            tmp_path / "x.npz"]):  # fmt: skip
        done = avmeter(*command)
        assert (done.code, "not a run folder" in done.err) == (2, True)


def test_limit_is_raised_by_the_option_that_the_skip_names(tmp_path):
    """A clip of 900 Hz is over a limit, then within it; what is no limit is refused by name."""
    clip = wav(tmp_path / "slow.wav", tone(100, 0.3, 900, 3.0))
    data = bytearray(clip.read_bytes())
    data[24:28] = struct.pack("<I", 900)
    clip.write_bytes(data)
    command = ["score", clip, "--metrics", "audio.loudness", "--no-store"]
    assert "over_limit" in avmeter(*command).out
    raised = avmeter(*command, "--limit", "min_sample_rate=500")
    assert "at least 4000 Hz, got 900 Hz" in raised.out
    for setting, said in (("min_rate=5", "min_sample_rate"), ("max_fps=many", "name=number")):
        refused = avmeter(*command, "--limit", setting)
        assert (refused.code, said in refused.err) == (2, True)


def report_of(folder: Path) -> str:
    """Return the cells of the stress run in a folder, if there is one."""
    path = folder / "run" / "stress.json"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(
    "command",
    [
        ["audit"],
        ["stress", "-m", "audio.loudness", "--variants", "silence", "--no-store", "--out", "run"],
        ["features", "export", "--extractor", "yamnet", "--rows", "--no-store", "--out", "features.npz"],
    ],
    ids=["audit", "stress", "export"],
)
def test_every_command_that_decodes_takes_the_limit_that_its_skip_names(command, tmp_path, monkeypatch):
    """Of six seconds of sound where three are the limit."""
    if "yamnet" in command:
        require.weights("yamnet")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set").mkdir()
    wav(tmp_path / "set" / "long.wav", tone(100, 0.3, RATE, 6.0))
    bounded = avmeter(*command, "set", "--limit", "max_duration_s=3")
    assert "max_duration_s is 3" in bounded.out + bounded.err + report_of(tmp_path)
    raised = avmeter(*command, "set")
    assert raised.code == 0, raised.err
    assert "max_duration_s" not in raised.out + raised.err
    refused = avmeter(*command, "set", "--limit", "max_durations=30")
    assert (refused.code, "max_duration_s" in refused.err) == (2, True)


@pytest.mark.parametrize(
    "command",
    [
        ["score", "pipe.csv"],
        ["score", "pipe.parquet"],
        ["score", "set", "--prompts", "pipe.txt"],
        ["score", "set", "--prompts", "/dev/zero"],
        ["report", "run"],
        ["compare", "run", "run"],
        ["features", "export", "run", "--out", "features.npz"],
        ["score", "set", "--out", "run"],
        ["stress", "set", "--out", "stress"],
        ["features", "export", "set", "--out", "pipe.npz"],
        ["score", "set", "-m", "audio.frechet_distance", "--reference-features", "pipe.npz"],
    ],
    ids=" ".join,
)
def test_pipes_and_devices_in_place_of_files_are_not_waited_for(command, tmp_path, monkeypatch):
    """Nobody writes to these pipes, and the device has no end: one sentence, at once."""
    monkeypatch.chdir(tmp_path)
    for folder in ("set", "run", "stress/clips"):
        (tmp_path / folder).mkdir(parents=True)
    wav(tmp_path / "set" / "a.wav", tone(440, 0.3, RATE, 1.0))
    for name in ("pipe.csv", "pipe.parquet", "pipe.txt", "pipe.npz", "run/run.json", "stress/clips/.avmeter-files"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "stress/clips/siren.flac").write_bytes(b"mine")
    done = avmeter(*command)
    assert done.code == 2
    assert done.err.startswith("error: ")
