"""Which words and which reference belong to which clip, as typed on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer.main

from avmeter.cli.app import app
from avmeter.cli.once import OnceCommand
from avmeter.run import compare, read_run
from support.commandline import avmeter
from support.files import written
from support.media import numbered, tone, write_media, write_two_audio_tracks

LOUDNESS = ("-m", "audio.loudness")


def clips(folder: Path, *names: str) -> Path:
    """Half a second of tone each, of a pitch of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        codec = {".flac": "flac"}.get(Path(name).suffix, "pcm_s16le")
        wave = tone(300 + 100 * number, 0.4, 16_000, 0.5)
        write_media(folder / name, wave=wave, sample_rate=16_000, audio_codec=codec)
    return folder


def samples_of(run: Path) -> dict[str, dict]:
    return {row["id"]: row for row in pq.read_table(run / "samples.parquet").to_pylist()}


def test_captions_of_an_audiocaps_table_go_to_their_clips(tmp_path: Path) -> None:
    """The column of names is found by its values, said before the run, and kept in the run folder."""
    gen = clips(tmp_path / "gen", "Yzzz.wav", "Yaaa.wav")
    table = "audiocap_id,youtube_id,start_time,caption\n1,Yzzz,30,caption of zzz\n2,Yaaa,30,caption of aaa\n"
    prompts = written(tmp_path / "p.csv", table)
    done = avmeter("score", gen, "--prompts", prompts, *LOUDNESS, "-o", tmp_path / "run", "--no-store", "--strict")
    assert done.code == 0
    line = "2 clips; 2 of 2 captions by column youtube_id; columns not used: audiocap_id, start_time"
    assert line in done.err.splitlines()
    found = samples_of(tmp_path / "run")
    assert found["Yaaa.wav"]["text_prompt"] == "caption of aaa"
    assert found["Yzzz.wav"]["text_prompt"] == "caption of zzz"
    assert found["Yzzz.wav"]["extra.audiocap_id"] == "1"
    assert json.loads((tmp_path / "run/run.json").read_text())["provenance"]["understood"] == [line]


def test_table_of_other_names_is_refused(tmp_path: Path) -> None:
    """Nothing is scored, and the message has both kinds of names; the user may say that rows are in order."""
    gen = clips(tmp_path / "gen", "Yzzz.wav", "Yaaa.wav")
    prompts = written(tmp_path / "p.csv", "vid,caption\nzzz,one\naaa,two\n")
    arguments = ("score", gen, "--prompts", prompts, *LOUDNESS, "-o", tmp_path / "run", "--no-store")
    done = avmeter(*arguments)
    assert done.code == 2
    assert "column `vid` has zzz, aaa; clips are Yaaa.wav, Yzzz.wav" in done.err
    assert not (tmp_path / "run").exists()
    done = avmeter(*arguments, "--pairing", "order")
    assert done.code == 0
    assert "2 of 2 captions by position, files in natural order" in done.err


def test_explicit_column_is_followed(tmp_path: Path) -> None:
    """`--column` names the columns of a table whose names say nothing."""
    gen = clips(tmp_path / "gen", "a.wav", "b.wav")
    prompts = written(tmp_path / "p.csv", "x,y,z\nb,a,one\na,b,two\n")
    columns = ("--column", "id=y", "--column", "text_prompt=z")
    done = avmeter("score", gen, "--prompts", prompts, *columns, *LOUDNESS, "-o", tmp_path / "run", "--no-store")
    assert done.code == 0
    assert {i: r["text_prompt"] for i, r in samples_of(tmp_path / "run").items()} == {"a.wav": "one", "b.wav": "two"}
    done = avmeter("score", gen, "--prompts", prompts, "--column", "id=w", *LOUDNESS)
    assert (done.code, "no column `w`" in done.err) == (2, True)


def test_strict_refuses_what_is_doubtful(tmp_path: Path) -> None:
    """A clip without a reference is a warning, and with --strict exit code 2 before anything runs."""
    gen, ref = clips(tmp_path / "gen", "a.wav", "b.wav"), clips(tmp_path / "ref", "a.wav")
    arguments = ("score", gen, "--reference", ref, *LOUDNESS, "--no-store")
    done = avmeter(*arguments)
    assert done.code == 0
    assert "2 clips; 1 reference, missing for: b.wav" in done.err
    done = avmeter(*arguments, "--strict")
    assert (done.code, done.out) == (2, "")
    assert "1 without a reference: b.wav" in done.err


def test_paired_leaves_out_what_has_no_partner(tmp_path: Path) -> None:
    """Corpus metrics see the clips that both sides have; the rest is named once."""
    gen, ref = clips(tmp_path / "gen", "a.wav", "b.wav", "d.wav"), clips(tmp_path / "ref", "a.wav", "c.wav", "d.wav")
    arguments = ("score", gen, "--reference", ref, "--paired", "--strict", *LOUDNESS, "-o", tmp_path / "run")
    done = avmeter(*arguments, "--no-store")
    assert done.code == 0
    assert "2 clips; 2 references; left out, without a partner: b.wav, c.wav" in done.err
    assert list(samples_of(tmp_path / "run")) == ["a.wav", "d.wav"]


def test_metrics_given_twice_add(tmp_path: Path) -> None:
    """Both are run, as with a comma."""
    gen = clips(tmp_path / "gen", "a.wav")
    both = ("-m", "audio.loudness", "-m", "av.align")
    done = avmeter("score", gen, *both, "-o", tmp_path / "run", "--no-store")
    assert done.code == 4  # sound alone has no score of the latter
    assert set(json.loads((tmp_path / "run/summary.json").read_text())["metrics"]) == {"audio.loudness", "av.align"}


@pytest.mark.parametrize(
    "option",
    ["--reference", "--prompts", "--text-prompt", "--reference-text", "--language", "--out", "--protocol", "--weights",
     "--device", "--gpus", "--precision", "--store", "--batch-size", "--threads", "--processes",
     "--scoring-processes", "--reference-features", "--pairing"],
)  # fmt: skip
def test_option_of_one_value_given_twice_is_refused(tmp_path: Path, option: str) -> None:
    """Neither the first nor the last value is taken in silence."""
    done = avmeter("score", tmp_path, option, "1", option, "2")
    assert done.code == 2
    assert f"Option '{option}' was given 2 times" in " ".join(done.err.replace("│", " ").split())


def test_setting_with_two_values_is_refused(tmp_path: Path) -> None:
    """`--set` collects, but an option of a metric has one value."""
    settings = ("--set", "audio.wer.model_name=small", "--set", "audio.wer.model_name=base")
    done = avmeter("score", tmp_path, *settings)
    assert (done.code, "audio.wer.model_name is both 'small' and 'base'" in done.err) == (2, True)


def test_every_command_refuses_options_given_twice() -> None:
    """A command that is added is no exception."""
    groups = [typer.main.get_command(app)]
    while groups:
        for command in groups.pop().commands.values():  # type: ignore[attr-defined]
            if hasattr(command, "commands"):
                groups.append(command)
            else:
                assert isinstance(command, OnceCommand)


def test_runs_over_other_file_types_compare(tmp_path: Path) -> None:
    """Two systems, one of which writes FLAC: three pairs."""
    for name, extension in (("a", "wav"), ("b", "flac")):
        gen = clips(tmp_path / f"gen_{name}", *(f"clip{i}.{extension}" for i in range(1, 4)))
        assert avmeter("score", gen, *LOUDNESS, "-o", tmp_path / name, "--no-store").code == 0
    done = avmeter("compare", tmp_path / "a", tmp_path / "b")
    assert (done.code, done.err) == (3, "")  # compared, and too few for a verdict
    assert "3 pairs: a verdict needs 6" in done.out
    (loudness,) = compare(tmp_path / "a", tmp_path / "b")
    assert loudness.num_paired == 3


def test_table_of_generated_speech_needs_no_renaming(tmp_path: Path) -> None:
    """Two hundred lines of JSON with the names that speech sets have; the speaker prompt is the reference."""
    clips(tmp_path / "wav", "0.wav", "1.wav")
    clips(tmp_path / "spk", "p.wav")
    lines = [
        {"utt_id": f"u{i:03d}", "audio_path": f"wav/{i % 2}.wav", "speaker_prompt": "spk/p.wav", "text": f"text {i}",
         "lang": "en"}
        for i in range(200)
    ]  # fmt: skip
    table = written(tmp_path / "set.jsonl", "\n".join(map(json.dumps, lines)))
    done = avmeter("score", table, *LOUDNESS, "-o", tmp_path / "run", "--no-store", "--strict")
    assert done.code == 0
    assert "200 clips" in done.err.splitlines()
    assert (
        "reference_audio by column speaker_prompt, reference_text by column text, language by column lang" in done.err
    )
    found = samples_of(tmp_path / "run")
    assert len(found) == 200
    assert found["u137"]["reference_text"] == "text 137"
    assert found["u137"]["reference_audio"] == str(tmp_path / "spk/p.wav")


def test_transport_stream_in_a_folder_is_scored(tmp_path: Path) -> None:
    """A folder with a.ts and b.mp4 holds two clips, and source code is named as ignored."""
    for name in ("a.ts", "b.mp4"):
        wave = tone(440, 0.4, 48_000, 1.0)
        (tmp_path / "gen").mkdir(exist_ok=True)
        write_media(tmp_path / "gen" / name, wave=wave, frames=numbered(25), fps=25)
    written(tmp_path / "gen/code.ts", "export const answer = 42;\n")
    done = avmeter("score", tmp_path / "gen", *LOUDNESS, "-o", tmp_path / "run", "--no-store", "--strict")
    assert done.code == 0
    assert "ignored, not media:" in done.err
    assert [row["audio.loudness"].score is not None for row in read_run(tmp_path / "run")] == [True, True]


def test_chosen_audio_track_is_the_one_that_is_scored(tmp_path: Path) -> None:
    """`--audio-stream` picks among the tracks of a file; a track that no file has is a skip."""
    waves = [tone(440, level, 16_000, 1.0) for level in (0.5, 0.05)]
    clip = write_two_audio_tracks(tmp_path / "a.mkv", waves, 16_000, default=0)
    scores = {}
    for track in (0, 1):
        run = tmp_path / f"run{track}"
        assert avmeter("score", clip, *LOUDNESS, "--audio-stream", track, "-o", run, "--no-store").code == 0
        (row,) = read_run(run)
        scores[track] = row["audio.loudness"].score
    assert scores[0] - scores[1] == pytest.approx(20, abs=0.1)
    done = avmeter("score", clip, *LOUDNESS, "--audio-stream", 2, "--no-store")
    assert done.code == 3
    assert "no audio stream 2 (2 in the file)" in done.out + done.err
