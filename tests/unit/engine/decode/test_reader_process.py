"""Files are read in another process as in this one; a file that crashes or hangs libav costs its process."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

from avmeter.engine.decode.reader_process import ReaderProcess
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.engine.ipc.process import Process
from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, MediaLimits, open_media
from avmeter.media.opening import open_reader
from avmeter.media.packets import Losses
from avmeter.sample import MediaSource
from support.crashing import crash_over_names
from support.media import cut_file, numbered, tone, write_image_folder, write_media

RATE = 16_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    frames = np.random.default_rng(0).integers(0, 255, (50, 64, 96, 3), np.uint8)
    wave = tone(440, 0.5, RATE, 20)
    return write_media(path, wave=wave, sample_rate=RATE, frames=frames, options={"movflags": "faststart"})


@pytest.fixture(scope="module")
def process():
    found = ReaderProcess()
    yield found
    found.close()


def opened(process, path, **options):
    return process.open(MediaSource(path=path, **options), watch=DecodeWatch())


def blocks_of(reader, losses):
    return [(b.samples.tobytes(), b.samples.shape, b.time_s, b.channels) for b in reader.audio_blocks(losses)]


@pytest.mark.parametrize("share", [1.0, 0.6], ids=["whole", "cut off"])
def test_clip_that_is_read_there_is_the_clip_that_is_read_here(clip, process, tmp_path, share):
    """Headers, every block with its time, every frame, and what was lost of a damaged file."""
    path = cut_file(clip, tmp_path / "a.mp4", share)
    here, there = open_reader(MediaSource(path=path)), opened(process, path)._reader
    assert there.info == here.info
    assert (there.name, there.key()) == (here.name, here.key())
    losses = Losses(), Losses()
    assert blocks_of(there, losses[1]) == blocks_of(here, losses[0])
    assert losses[0] == losses[1]
    stamps = here.timestamps(), there.timestamps()
    np.testing.assert_array_equal(stamps[0].stamps, stamps[1].stamps)
    indices = set(range(0, len(stamps[0]), 3))
    frames = [dict(r.frames(s, indices, Losses())) for r, s in zip((here, there), stamps, strict=True)]
    assert frames[0].keys() == frames[1].keys()
    assert frames[0]
    for index, frame in frames[0].items():
        np.testing.assert_array_equal(frame, frames[1][index])


def test_bytes_and_folders_of_images_are_read_there_too(clip, process, tmp_path):
    """They hold what people downloaded, as files do."""
    folder = write_image_folder(tmp_path / "frames", numbered(3))
    for source in (MediaSource(data=clip.read_bytes(), label="x"), MediaSource(path=folder, fps=25)):
        with process.open(source, watch=DecodeWatch()) as there, open_media(source) as here:
            request = FrameRequest(indices=(0, 2), resize=None, crop=None, output="uint8")
            np.testing.assert_array_equal(there.frames(request), here.frames(request))
            assert there.info == here.info


def test_file_that_cannot_be_opened_is_the_same_error(process, tmp_path):
    """Code, sentence and hint; the process goes on."""
    (tmp_path / "text.wav").write_text("no sound")
    pid = process.process.pid
    for name in ("absent.wav", "text.wav"):
        errors = []
        for open_it in (opened, lambda _, path: open_media(MediaSource(path=path))):
            with pytest.raises(MediaError) as caught:
                open_it(process, tmp_path / name)
            errors.append((caught.value.code, caught.value.message, caught.value.hint))
        assert errors[0] == errors[1]
    assert process.process.pid == pid


def test_files_are_read_in_turns(clip, process, tmp_path):
    """An item that was opened before another is still the same clip."""
    other = write_media(tmp_path / "b.wav", wave=tone(440, 0.1, RATE, 1), sample_rate=RATE, audio_codec="pcm_f32le")
    older, newer = opened(process, clip), opened(process, other)
    assert len(newer.audio(AudioSpec(sample_rate=None))) == RATE
    assert len(older.audio(AudioSpec(sample_rate=None))) > 19 * RATE
    assert len(older.frame_times) == 50


def test_answer_that_another_request_interrupts_goes_on_afterwards(clip, process):
    """Frames that are taken one by one, and the sound in between: nothing is mixed up."""
    source = MediaSource(path=clip)
    expected = open_reader(source)
    stamps = expected.timestamps()
    frames = dict(expected.frames(stamps, {0, 1, 2, 3}, Losses()))
    reader = opened(process, clip)._reader
    taken = reader.frames(stamps, {0, 1, 2, 3}, Losses(), planar={2})
    found = [next(taken)]
    assert blocks_of(reader, Losses()) == blocks_of(expected, Losses())
    found += list(taken)
    assert [index for index, _ in found] == [0, 1, 2, 2, 3]
    for index, frame in found:
        assert frame.ndim == 2 or np.array_equal(frame, frames[index])


def test_limits_hold_there_and_the_clip_can_be_used_afterwards(clip, process):
    """Breaking off in the middle of the sound ends the process, and the video is read by the next."""
    source = MediaSource(path=clip)
    with process.open(source, MediaLimits(max_duration_s=5), watch=DecodeWatch()) as item:
        with pytest.raises(MediaError) as caught:
            item.audio(AudioSpec())
        assert caught.value.code == SkipCode.OVER_LIMIT
        assert len(item.frame_times) == 50


def test_file_that_crashes_libav_is_named_and_the_next_one_is_read(clip, tmp_path, monkeypatch, caplog):
    """Whatever is asked of it, it takes two processes at most, and no other file pays for it."""
    crash_over_names(tmp_path, monkeypatch)
    process = ReaderProcess()
    for name in ("segfault.mp4", "abort.mp4"):
        path = tmp_path / name
        path.write_bytes(clip.read_bytes())
        with pytest.raises(MediaError, match=f"{name}: the decoding process died 2 times") as caught:
            opened(process, path)
        assert caught.value.code == SkipCode.WORKER_DIED
        assert len(opened(process, clip).frame_times) == 50
    assert caplog.text.count("the process that read it died") == 4
    process.close()


def test_process_that_is_killed_in_the_middle_is_replaced(clip, process):
    """The rest comes from another, and nothing twice: memory that ran out once is no fault of the file."""
    expected = blocks_of(open_reader(MediaSource(path=clip)), Losses())
    blocks = opened(process, clip)._reader.audio_blocks(Losses())
    found = [next(blocks)]
    os.kill(process.process.pid, signal.SIGKILL)
    process.process._process.wait()
    found += list(blocks)
    assert [b.samples.tobytes() for b in found] == [samples for samples, *_ in expected]


def test_thread_whose_process_hangs_ends_when_it_is_closed(clip, tmp_path, monkeypatch):
    """No file is blamed for being stopped, and no process stays."""
    crash_over_names(tmp_path, monkeypatch)
    path = tmp_path / "hang.mp4"
    path.write_bytes(clip.read_bytes())
    process, watch, caught = ReaderProcess(), DecodeWatch(), []

    def read():
        try:
            process.open(MediaSource(path=path), watch=watch)
        except MediaError as error:
            caught.append(error.code)

    thread = threading.Thread(target=read)
    thread.start()
    while watch.waited_s(time.monotonic()) < 0.2:
        time.sleep(0.01)
    watch.end()
    process.close()
    thread.join(120)
    assert caught == [SkipCode.INTERRUPTED]
    assert process.process.pid is None


@pytest.mark.parametrize("command", [["/no/such/program"], [sys.executable, "-c", "pass"]], ids=["absent", "ends"])
def test_where_no_process_can_be_started_files_are_read_here(clip, command, caplog):
    """Said once, not for every file."""
    process = ReaderProcess(Process("none", command=command))
    for _ in range(2):
        assert len(opened(process, clip).frame_times) == 50
    assert caplog.text.count("no process to read files") == 1


def test_what_is_decoded_there_is_counted_here(clip, process):
    """The time limit of a file grows with it."""
    watch = DecodeWatch()
    with process.open(MediaSource(path=clip), watch=watch) as item:
        item.audio(AudioSpec())
        assert watch.decoded_s == pytest.approx(20, abs=0.5)
        item.frames(FrameRequest(indices=(49,), resize=None, crop=None, output="uint8"))
        assert watch.decoded_s == pytest.approx(22, abs=0.5)
