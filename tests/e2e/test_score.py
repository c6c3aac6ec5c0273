"""`avmeter score`: the main job, as people type it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from avmeter.run import read_run
from support import require
from support.commandline import avmeter, contents
from support.media import flash, tone, write_media

RATE = 16_000
YAMNET = ("--set", "audio.kl_divergence.backbone=yamnet")
RUN_FILES = {"results.parquet", "results.csv", "samples.parquet", "summary.json", "run.json", "report.html"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Features go into a folder of the test."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))


def wav(path: Path, frequency_hz: float = 440, duration_s: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_media(
        path, wave=tone(frequency_hz, 0.3, RATE, duration_s), sample_rate=RATE, audio_codec="pcm_s16le"
    )  # fmt: skip


def facts(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())["provenance"]


@pytest.fixture(params=["rendered", pytest.param("real", marks=pytest.mark.media)])
def clips(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of films and a sound."""
    if request.param == "real":
        return require.media("ltx2.mp4").parent
    folder = tmp_path / "clips"
    shutil.copytree(Path(request.getfixturevalue("rendered_clips")[0]["video"]).parent, folder)
    wav(folder / "sound.wav", duration_s=3)
    return folder


def test_folder_becomes_a_run_folder(clips, tmp_path):
    """A folder of films and sounds: every clip has a row, every file of the run is there, the input is untouched."""
    before = contents(clips)
    done = avmeter("score", clips, "-m", "audio.loudness,audio.dnsmos", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert {p.name for p in (tmp_path / "run").iterdir()} == RUN_FILES
    results = read_run(tmp_path / "run")
    assert len(results) == len([p for p in clips.iterdir() if p.suffix in (".mp4", ".wav")])
    assert all(row["audio.loudness"].score is not None for row in results)
    assert contents(clips) == before


def test_only_scores_of_stand_in_weights_are_marked(tmp_path):
    """DNSMOS has its own networks beside dummy weights: its scores and features are those of a run without them."""
    for entry in ("dnsmos-p835", "dnsmos-p808"):
        require.weights(entry)
    command = ["score", wav(tmp_path / "a.wav", duration_s=2), "-m"]
    done = avmeter(
        *command, "audio.dnsmos,audio.nisqa,audio.loudness", "--weights", "dummy", "--out", tmp_path / "dummy"
    )
    assert done.code == 0, done.err
    again = avmeter(*command, "audio.dnsmos", "--out", tmp_path / "real")
    assert " 0 features computed" in again.err
    dummy, real = (read_run(tmp_path / run) for run in ("dummy", "real"))
    assert {n for row in dummy for n, r in row.items() if r.dummy} == {"audio.nisqa"}
    assert [row["audio.dnsmos"] for row in dummy] == [row["audio.dnsmos"] for row in real]
    table = (tmp_path / "dummy" / "results.csv").read_text().splitlines()[0]
    assert [h.strip(chr(34)) for h in table.split(",") if "dummy" in h] == ["audio.nisqa [dummy weights]"]
    compared = avmeter("compare", tmp_path / "real", tmp_path / "dummy").out
    assert "audio.dnsmos" in compared
    assert "[dummy weights]" not in compared
    assert "not comparable" not in compared


def test_manifest_scores_the_same_as_the_clips_by_hand(clips, tmp_path):
    """The same clips by a manifest have the same scores."""
    table = tmp_path / "set.csv"
    film, sound = (next(clips.glob(f"*.{suffix}")) for suffix in ("mp4", "wav"))
    table.write_text(f"id,path\nfilm,{film}\nsound,{sound}\n")
    avmeter("score", table, "-m", "audio.loudness", "-o", tmp_path / "a")
    avmeter("score", film, sound, "-m", "audio.loudness", "-o", tmp_path / "b")
    scores = [[row["audio.loudness"].score for row in read_run(tmp_path / run)] for run in "ab"]
    assert scores[0] == scores[1]
    assert None not in scores[0]
    assert read_run(tmp_path / "a").sample_ids == ["film", "sound"]


def test_one_clip_prints_a_table_and_writes_nothing(tmp_path, monkeypatch):
    """A clip by hand: scores on standard output, metrics without their inputs named once, no folder."""
    monkeypatch.chdir(tmp_path)
    wav(Path("clip.wav"))
    done = avmeter("score", "clip.wav", "-m", "audio.loudness,av")
    assert done.code == 0
    assert "audio.loudness" in done.out
    assert "LUFS" in done.out
    lines = done.err.splitlines()
    assert lines[:3] == ["1 clip", "columns: audio", "metrics: audio.loudness"]
    assert lines[3].startswith("not run, no sample has `video`: av.align, ")
    assert "in the store: 0 of 1 features" in lines
    assert lines[-1].startswith("1 clip in ")
    assert not list(Path().glob("*run*"))
    assert done.err.count("av.align") == 1
    assert {p.name for p in tmp_path.iterdir()} == {"clip.wav", "cache"}


def test_folders_are_paired_by_path_and_texts_come_from_a_table(tmp_path):
    """`score gen/ --reference ref/ --prompts prompts.csv` pairs clips of equal path; what is over is named."""
    for side in ("gen", "ref"):
        for name, frequency in (("a/x.wav", 440), ("b/x.wav", 880)):
            wav(tmp_path / side / name, frequency + 500 * (side == "ref"))
    wav(tmp_path / "gen" / "alone.wav")
    (tmp_path / "prompts.csv").write_text("id,text_prompt\na/x.wav,a low tone\nb/x,a high tone\n")
    done = avmeter(
        "score", tmp_path / "gen", "--reference", tmp_path / "ref", "--prompts", tmp_path / "prompts.csv",
        "-m", "audio.kl_divergence", *YAMNET, "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.code == 0, done.err
    results = read_run(tmp_path / "run")
    scored = dict(zip(results.sample_ids, results, strict=True))
    assert scored["a/x.wav"]["audio.kl_divergence"].score > 0
    assert scored["b/x.wav"]["audio.kl_divergence"].score > 0
    assert scored["alone.wav"]["audio.kl_divergence"].skip.code == "missing_input"
    texts = {s.id: s.text("text_prompt") for s in results.samples}
    assert texts == {"a/x.wav": "a low tone", "b/x.wav": "a high tone", "alone.wav": None}
    assert "1 without a reference: alone.wav" in done.err
    assert "1 without a text in the table of prompts: alone.wav" in done.err


def test_clips_of_equal_name_in_both_folders_are_two_clips(tmp_path):
    """gen/clip.wav and ref/clip.wav are not mixed up: the divergence is not 0."""
    wav(tmp_path / "gen" / "clip.wav", 440)
    wav(tmp_path / "ref" / "clip.wav", 3000)
    avmeter("score", tmp_path / "gen", "--reference", tmp_path / "ref", "-m", "audio.kl_divergence", *YAMNET,
            "-o", tmp_path / "run")  # fmt: skip
    (row,) = read_run(tmp_path / "run")
    assert row["audio.kl_divergence"].score > 0.01


def test_clip_that_is_its_own_reference_is_pointed_out(tmp_path):
    """Identical bytes on both sides: a warning, a note in the provenance and on the page."""
    path = wav(tmp_path / "gen" / "same.wav")
    (tmp_path / "ref").mkdir()
    shutil.copy(path, tmp_path / "ref" / "same.wav")
    wav(tmp_path / "gen" / "other.wav", 500)
    wav(tmp_path / "ref" / "other.wav", 900)
    done = avmeter("score", tmp_path / "gen", "--reference", tmp_path / "ref", "-m", "audio.kl_divergence", *YAMNET,
                   "-o", tmp_path / "run")  # fmt: skip
    note = "1 generated files are their own reference, byte for byte; their scores say nothing: same.wav"
    assert f"warning: {note}" in done.err
    assert facts(tmp_path / "run")["notes"] == [note]
    assert note in (tmp_path / "run" / "report.html").read_text()
    assert avmeter("report", tmp_path / "run").code == 0
    assert note in (tmp_path / "run" / "report.html").read_text(), "writing the page anew keeps it"


def test_other_files_are_named_and_left_alone(tmp_path):
    """What is not media is listed, not read; a folder called like a clip too."""
    wav(tmp_path / "clips" / "a.wav")
    for name in (".DS_Store", "notes.txt", "thumbs.jpg"):
        (tmp_path / "clips" / name).write_text("x")
    (tmp_path / "clips" / "x.wav").mkdir()
    before = contents(tmp_path / "clips")
    done = avmeter("score", tmp_path / "clips", "-m", "audio.loudness", "-o", tmp_path / "run")
    assert len(read_run(tmp_path / "run")) == 1
    (line,) = (s for s in done.err.splitlines() if s.startswith("ignored"))
    for name in (".DS_Store", "notes.txt", "thumbs.jpg", "x.wav"):
        assert name in line
    assert contents(tmp_path / "clips") == before


def test_overwritten_clip_has_a_new_score(tmp_path):
    """The same name with other bytes is another clip; a renamed clip is the same one."""
    clip = wav(tmp_path / "clips" / "a.wav", duration_s=1.0)
    arguments = ("-m", "audio.loudness", "-o", tmp_path / "run")
    avmeter("score", tmp_path / "clips", *arguments)
    first = read_run(tmp_path / "run")[0]["audio.loudness"].score
    write_media(clip, wave=0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32), sample_rate=RATE,
                audio_codec="pcm_s16le")  # fmt: skip
    avmeter("score", tmp_path / "clips", *arguments)
    assert read_run(tmp_path / "run")[0]["audio.loudness"].score != first
    clip.rename(tmp_path / "clips" / "b.wav")
    avmeter("score", tmp_path / "clips", *arguments)
    assert facts(tmp_path / "run")["computed"] == {}
    assert facts(tmp_path / "run")["store_reads"] == 1


def test_strict_is_exit_code_1_when_something_was_skipped(tmp_path):
    """`--strict` changes the exit code, never the scores."""
    wav(tmp_path / "clips" / "a.wav")
    arguments = ("score", tmp_path / "clips", "-m", "audio.loudness")
    assert avmeter(*arguments, "--strict").code == 0
    (tmp_path / "clips" / "b.wav").touch()
    assert avmeter(*arguments).code == 0
    assert avmeter(*arguments, "--strict").code == 1


USAGE = {
    "no such clip": (["gone.wav"], "gone.wav is neither a file nor a folder"),
    "no such clip among others": (["a.wav", "gone.wav"], "gone.wav is neither a file nor a folder"),
    "metric among the clips": (
        ["a.wav", "-m", "audio.loudness", "wer", "av.align"],
        "separate metrics by a comma: `-m audio.loudness,wer,av.align`",
    ),
    "empty folder": (["empty"], "no media files in empty"),
    "near miss": (["a.wav", "-m", "audio.loudnes"], "did you mean `audio.loudness`"),
    "unknown metric": (["a.wav", "-m", "xyz"], "known: audio."),
    "no metric": (["a.wav", "-m", ","], "no metric was chosen"),
    "no inputs for it": (["a.wav", "-m", "av"], "no metric has what it needs"),
    "misspelt gate": (
        ["a.wav", "-m", "audio.loudness", "--fail-if", "audio.loudnes > 1", "--out", "run"],
        "did you mean `audio.loudness`",
    ),
    "gate of another metric": (
        ["a.wav", "-m", "audio.loudness", "--dry-run", "--fail-if", "audio.wer > 0.05"],
        "audio.wer is not among the metrics",
    ),
    "unknown option": (["a.wav", "--set", "audio.wer.foo=1"], "audio.wer"),
    "malformed option": (["a.wav", "--set", "foo"], "not of the form"),
    "unknown backbone": (["a.wav", "--set", "audio.kl_divergence.backbone=mrt"], "unknown backbone `mrt`"),
    "unknown protocol": (["a.wav", "--protocol", "paper"], "known: av-benchmark, fastvideo"),
    "unknown precision": (["a.wav", "--precision", "int4"], "known: bf16, float32"),
    "unknown device": (["a.wav", "--device", "gpu"], "not a torch device"),
    "no such weights": (["a.wav", "--weights", "gone"], "gone does not exist"),
    "no such reference": (["a.wav", "--reference", "gone"], "reference: gone"),
    "no such prompts": (["a.wav", "--prompts", "gone.csv"], "gone.csv: cannot be read"),
    "run folder is a file": (["a.wav", "-m", "audio.loudness", "--out", "a.wav"], "a.wav is a file, not a folder"),
    "run folder of others": (["a.wav", "-m", "audio.loudness", "--out", "foreign"], "which no run has written"),
    "run folder is the input": (["clips", "-m", "audio.loudness", "--out", "clips"], "folder of the clips"),
    "store is a file": (["a.wav", "-m", "audio.loudness", "--store", "a.wav"], "feature store cannot be opened"),
    "nobody reads that file": (
        ["a.wav", "-m", "audio.loudness", "--reference-features", "x.npz"],
        "no chosen metric reads a reference set",
    ),
    "no such features": (["a.wav", "-m", "audio", "--reference-features", "x.npz"], "x.npz: no such file"),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_one_paragraph_before_anything_runs(tmp_path, monkeypatch, case):
    """A mistake ends with code 2, a sentence, a hint, nothing on standard output, and no file written."""
    arguments, said = USAGE[case]
    monkeypatch.chdir(tmp_path)
    wav(Path("a.wav"))
    wav(Path("clips/b.wav"))
    Path("empty").mkdir()
    Path("foreign").mkdir()
    Path("foreign/results.csv").write_text("mine")
    before = contents(tmp_path)
    done = avmeter("score", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert said in done.err
    assert sum(not line.startswith("not run") for line in done.err.splitlines()) <= 2
    assert {k: v for k, v in contents(tmp_path).items() if not k.startswith("cache")} == before


def test_missing_package_of_a_named_metric_is_an_error_and_of_a_group_a_warning(tmp_path, monkeypatch):
    """`--metrics av.align` without OpenCV says what to install; `--metrics av,audio.loudness` goes on without it."""
    write_media(tmp_path / "a.mp4", wave=tone(440, 0.3, 48_000, 1), frames=flash(0.5, 25, 1))
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setattr("avmeter.registry.missing_packages", lambda modules: [m for m in modules if m == "cv2"])
    named = avmeter("score", tmp_path / "a.mp4", "-m", "av.align")
    assert named.code == 2
    assert "pip install 'avmeter[flow]'" in named.err
    group = avmeter("score", tmp_path / "a.mp4", "-m", "av,audio.loudness")
    assert group.code == 0
    assert group.err.count("av.align is left out") == 1
    assert "audio.loudness" in group.out


def test_prompts_and_texts_given_by_hand_reach_the_samples(tmp_path):
    """Options give texts to clips that have none of their own."""
    wav(tmp_path / "a.wav")
    avmeter("score", tmp_path / "a.wav", "--text-prompt", "a tone", "--language", "en", "-m", "audio.loudness",
            "-o", tmp_path / "run")  # fmt: skip
    (sample,) = read_run(tmp_path / "run").samples
    assert sample.text("text_prompt") == "a tone"
    assert sample.text("language") == "en"


def test_reference_features_make_a_round_trip(tmp_path):
    """`features export` of a set gives the same distance as the set itself, as statistics and as rows."""
    rng = np.random.default_rng(0)
    for side, frequency in (("gen", 300), ("ref", 900)):
        for i in range(6):
            wav(tmp_path / side / f"{i}.wav", frequency + float(rng.uniform(0, 200)))
    gen, ref = tmp_path / "gen", tmp_path / "ref"
    # This protocol has no diagonal offset, which makes the distance of so few clips far cheaper.
    metric = ("-m", "audio.frechet_distance", "--set", "audio.frechet_distance.backbone=yamnet",
              "--protocol", "av-benchmark")  # fmt: skip
    avmeter("score", gen, "--reference", ref, *metric, "-o", tmp_path / "direct")
    direct = read_run(tmp_path / "direct").corpus["audio.frechet_distance"]
    assert direct.score > 0
    for kind in ([], ["--rows"]):
        done = avmeter(
            "features",
            "export",
            ref,
            "--extractor",
            "yamnet",
            "--protocol",
            "av-benchmark",
            "--out",
            tmp_path / "ref.npz",
            *kind,
        )
        assert done.code == 0, done.err
        assert "6 x 1024 of yamnet" in done.out
        avmeter("score", gen, *metric, "--reference-features", tmp_path / "ref.npz", "-o", tmp_path / "run")
        result = read_run(tmp_path / "run").corpus["audio.frechet_distance"]
        assert result.score == pytest.approx(direct.score, rel=1e-5)
        assert result.details["n_ref"] == 6
        with np.load(tmp_path / "ref.npz") as file:
            expected = {"features", "ids"} if kind else {"mu", "sigma"}
            assert set(file) == expected | {"n", "dim", "extractor", "fingerprint", "dummy"}
            assert int(file["n"]) == 6
            assert int(file["dim"]) == 1024
            assert "yamnet" in str(file["extractor"])
    avmeter("features", "export", tmp_path / "direct", "--field", "reference_audio", "--extractor", "yamnet",
            "--protocol", "av-benchmark",
            "-o", tmp_path / "of_run.npz")  # fmt: skip
    avmeter("score", gen, *metric, "--reference-features", tmp_path / "of_run.npz", "-o", tmp_path / "run")
    assert read_run(tmp_path / "run").corpus["audio.frechet_distance"].score == pytest.approx(direct.score, rel=1e-5)


def test_reference_statistics_are_refused_by_a_named_metric_that_needs_rows(tmp_path):
    """A kernel distance named on its own refuses statistics; in a group it does without, and says so."""
    for i in range(3):
        wav(tmp_path / "gen" / f"{i}.wav", 300 + 100 * i)
    avmeter("features", "export", tmp_path / "gen", "--extractor", "yamnet", "-o", tmp_path / "ref.npz")
    backbones = [a for m in ("kernel", "frechet") for a in ("--set", f"audio.{m}_distance.backbone=yamnet")]
    shared = ("score", tmp_path / "gen", "--reference-features", tmp_path / "ref.npz", *backbones, "-m")
    named = avmeter(*shared, "audio.kernel_distance")
    assert named.code == 2
    assert "export with --rows" in named.err


def test_export_leaves_out_by_name_and_refuses_what_makes_no_sense(tmp_path):
    """Clips without features are named; too few for statistics, or no embedding at all, is an error."""
    wav(tmp_path / "gen" / "a.wav")
    (tmp_path / "gen" / "bad.wav").touch()
    export = ("features", "export", tmp_path / "gen", "--extractor")
    done = avmeter(*export, "yamnet", "--out", tmp_path / "x.npz")
    assert done.code == 2
    assert "left out: bad.wav: empty_file" in done.err
    assert "at least 2 clips, got 1" in done.err
    assert avmeter(*export, "yamnet", "--rows", "--out", tmp_path / "x.npz").code == 0
    assert "makes no embedding" in avmeter(*export, "loudness", "--out", tmp_path / "y.npz").err
    assert "unknown extractor" in avmeter(*export, "yamnat", "--out", tmp_path / "y.npz").err
    assert "written as .npz" in avmeter(*export, "yamnet", "--out", tmp_path / "y.pt").err
    assert "there is no folder" in avmeter(*export, "yamnet", "--out", tmp_path / "gone" / "y.npz").err
    assert not (tmp_path / "y.npz").exists()


def test_dry_run_says_what_would_run_and_writes_nothing(tmp_path, monkeypatch):
    """Clips, columns, metrics, what is missing and how to get it; no folder is made and nothing is scored."""
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path / "no weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no hub"))
    wav(tmp_path / "clip.wav")
    few = "audio.audiobox_aesthetics,audio.utmos,audio.loudness"  # below 1 GB together
    done = avmeter("score", tmp_path / "clip.wav", "-m", few, "--dry-run", "--out", tmp_path / "run")
    assert (done.code, done.out) == (0, "")
    assert "missing: audiobox, 415 MB; without it not run: audio.audiobox_aesthetics" in done.err
    assert re.search(r"^fetch: avmeter weights fetch .*\baudiobox\b", done.err, re.MULTILINE)
    assert "else fetched at the start of the run, unless AVMETER_OFFLINE is set" in done.err
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    offline = avmeter("score", tmp_path / "clip.wav", "-m", "audio.audiobox_aesthetics", "--dry-run")
    assert "AVMETER_OFFLINE forbids the network, so the run fetches nothing" in offline.err
    assert not (tmp_path / "run").exists()


def test_more_than_a_gigabyte_is_not_fetched_unasked(tmp_path, monkeypatch):
    """Without a terminal nobody can agree: what is here is scored, the rest is named once."""
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path / "no weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no hub"))
    wav(tmp_path / "clip.wav")
    film = write_media(
        tmp_path / "film.mp4",
        wave=tone(440, 0.3, 48_000, 1.0),
        audio_codec="aac",
        frames=flash(0.5, 25, 1.0),
    )
    done = avmeter("score", film, "-m", "audio.imagebind_score,audio.loudness")
    assert "more than 1 GB, so the run fetches it with --fetch only, or after a yes at the terminal" in done.err
    agreed = avmeter("score", film, "-m", "audio.imagebind_score", "--dry-run", "--fetch")
    assert "else fetched at the start of the run" in agreed.err
    assert "not fetched, being more than 1 GB: --fetch fetches it" in done.err
    said = "missing: imagebind, 4.8 GB; without it not run: audio.imagebind_score"
    assert [line for line in done.err.splitlines() if "imagebind_score" in line][1:-1] == [said]
    assert "\n\n" not in done.err
    assert done.code == 4


def test_what_is_not_run_is_said_once(tmp_path, monkeypatch):
    """With its reason; the line of what is missing adds the size, and the page has no second list."""
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path / "no weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no hub"))
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    metrics = "audio.audiobox_aesthetics,audio.utmos,audio.loudness"
    done = avmeter("score", wav(tmp_path / "clip.wav"), "-m", metrics, "--out", tmp_path / "run")
    lines = [line for line in done.err.splitlines() if "audio.utmos" in line and not line.startswith("error")]
    assert lines == ["not run, needs utmos22, and AVMETER_OFFLINE forbids the network: audio.utmos"]
    assert "missing: audiobox (415 MB), utmos22 (411 MB)" in done.err.splitlines()
    page = (tmp_path / "run" / "report.html").read_text()
    assert page.count("needs utmos22") == 1


def test_named_metric_without_any_score_is_a_failure(tmp_path, monkeypatch):
    """A script that asks for a metric learns that it got none; metrics of a group may have none."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path / "no weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no hub"))
    wav(tmp_path / "clip.wav")
    named = avmeter("score", tmp_path / "clip.wav", "-m", "audio.audiobox_aesthetics,audio.loudness")
    assert named.code == 4
    assert "not run, needs audiobox, and AVMETER_OFFLINE forbids the network: audio.audiobox_aesthetics" in named.err
    assert "error: no score at all: audio.audiobox_aesthetics" in named.err
    alone = avmeter("score", tmp_path / "clip.wav", "-m", "audio.audiobox_aesthetics")
    assert alone.code == 3
    group = avmeter("score", tmp_path / "clip.wav", "-m", "audio")
    assert group.code == 0
