"""Whatever callers have as a medium is read, or said to be none."""

from __future__ import annotations

import io
import tempfile
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.sample import MediaSource, Video
from avmeter.sample.reading import Rates, UnreadableError, as_array, as_frames, positive_number, read_bytes, read_medium

WAVE = np.linspace(-0.5, 0.5, 8)
FRAMES = np.arange(2 * 4 * 6 * 3, dtype=np.uint8).reshape(2, 4, 6, 3)


class Image:
    """As an image of PIL."""

    def __init__(self, pixels: np.ndarray) -> None:
        self._pixels = pixels

    def convert(self, mode: str) -> np.ndarray:
        assert mode == "RGB"
        return self._pixels


class Decoder:
    """As a video decoder of torchcodec."""

    metadata = SimpleNamespace(average_fps=24.0)
    _hf_encoded: Any = None

    def __getitem__(self, key: slice) -> torch.Tensor:
        return torch.from_numpy(FRAMES.transpose(0, 3, 1, 2).copy())[key]


def audio(value: Any, **rates: Any) -> MediaSource:
    return read_medium(value, is_audio=True, rates=Rates(**rates))


def video(value: Any, **rates: Any) -> MediaSource:
    return read_medium(value, is_audio=False, rates=Rates(**rates))


@pytest.mark.parametrize(
    "value",
    [
        (WAVE, 8000),
        (8000, WAVE),
        (torch.from_numpy(WAVE), torch.tensor(8000)),
        (WAVE.tolist(), np.int64(8000)),
        (WAVE, "8000"),
        {"array": WAVE, "sampling_rate": 8000},
        {"array": WAVE, "sampling_rate": 8000, "path": "label.wav"},
        {"array": WAVE, "sampling_rate": 8000, "path": None, "bytes": None},
        {"waveform": torch.from_numpy(WAVE), "sample_rate": 8000},
        SimpleNamespace(get_all_samples=lambda: SimpleNamespace(data=torch.from_numpy(WAVE), sample_rate=8000)),
        Video(audio=WAVE, audio_sr=8000),
    ],
    ids=lambda v: type(v).__name__,
)
def test_samples_in_memory_are_read_with_their_rate(value: Any) -> None:
    """Pairs in either order, rows of data sets, dicts of toolboxes, decoders."""
    source = audio(value)
    np.testing.assert_array_equal(source.samples, WAVE)
    assert source.sample_rate == 8000
    assert isinstance(source.sample_rate, int)


@pytest.mark.parametrize("value", [WAVE, torch.from_numpy(WAVE), WAVE.tolist(), {"array": WAVE}])
def test_rate_of_the_sample_holds_for_arrays_without_one(value: Any) -> None:
    """A rate beside the audio is as good as one with it."""
    assert audio(value, sample_rate=8000).sample_rate == 8000
    with pytest.raises(UnreadableError, match="without a rate"):
        audio(value)


@pytest.mark.parametrize(
    "value",
    [
        (FRAMES, 24),
        {"frames": FRAMES, "fps": 24},
        Decoder(),
        ([Image(f) for f in FRAMES], 24.0),
        (list(torch.from_numpy(FRAMES)), 24.0),
        (FRAMES, torch.empty(0), {"video_fps": 24.0}),
        Video(frames=FRAMES, fps=24),
    ],
    ids=lambda v: type(v).__name__,
)
def test_frames_in_memory_are_read_with_their_rate(value: Any) -> None:
    """Arrays, lists of images or tensors, dicts, decoders, torchvision's triple."""
    source = video(value)
    assert source.frames.shape in (FRAMES.shape, (2, 3, 4, 6))
    assert source.frames.sum() == FRAMES.sum()
    assert source.fps == 24.0


@pytest.mark.parametrize("value", [FRAMES, list(FRAMES), [Image(f) for f in FRAMES], {"frames": FRAMES}])
def test_frame_rate_of_the_sample_holds_for_frames_without_one(value: Any) -> None:
    """Without any the source has none, which is a skip when it is opened."""
    assert video(value, fps=12.5).fps == 12.5
    assert video(value).fps is None


def test_triple_of_torchvision_has_audio_too() -> None:
    """Frames, samples and both rates."""
    source = video((torch.from_numpy(FRAMES), torch.from_numpy(WAVE)[None], {"video_fps": 24.0, "audio_fps": 8000}))
    assert (source.fps, source.sample_rate, source.samples.shape) == (24.0, 8000, (1, 8))


@pytest.mark.parametrize("read", [audio, video])
def test_whole_files_are_read_for_either_field(read: Any, tmp_path: Path) -> None:
    """Paths stay paths; bytes and open files become bytes."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"content")
    assert read(str(path)).path == read(path).path == path
    assert read(b"content").data == read(bytearray(b"content")).data == read(memoryview(b"content")).data == b"content"
    assert read(io.BytesIO(b"content")).data == b"content"
    with path.open("rb") as file:
        source = read(file)
    assert (source.data, source.label) == (b"content", "a.mp4")


@pytest.mark.parametrize("read", [audio, video])
def test_undecoded_rows_of_data_sets_are_their_bytes(read: Any) -> None:
    """The path of such a row is a label; it is a file only where there are no bytes."""
    row = {"bytes": b"content", "path": "clip_0001.wav"}
    assert (read(row).data, read(row).label, read(row).path) == (b"content", "clip_0001.wav", None)
    assert read({"bytes": None, "path": "a.wav"}).path == Path("a.wav")
    assert read({"bytes": b"content", "path": None}).data == b"content"
    assert read(SimpleNamespace(_hf_encoded=row)).data == b"content"


def test_decoder_of_a_remote_file_is_decoded(tmp_path: Path) -> None:
    """A file that is not here is read through the decoder; one that is here is read as a file."""
    decoder = Decoder()
    decoder._hf_encoded = {"bytes": None, "path": "hf://datasets/x/clip.mp4"}
    assert video(decoder).frames.shape == (2, 3, 4, 6)
    path = tmp_path / "clip.mp4"
    path.touch()
    decoder._hf_encoded = {"bytes": None, "path": str(path)}
    assert video(decoder).path == path


def test_position_of_a_file_stays_where_it_is() -> None:
    """The whole file is read, whatever was read of it before."""
    file = io.BytesIO(b"content")
    file.seek(3)
    assert read_bytes(file) == b"content"
    assert file.tell() == 3


def test_files_that_give_no_bytes_are_refused() -> None:
    """A closed file, and one that was opened as text."""
    closed = io.BytesIO(b"content")
    closed.close()
    with pytest.raises(UnreadableError, match="BytesIO that cannot be read"):
        audio(closed)
    with tempfile.TemporaryFile("w+") as file, pytest.raises(UnreadableError, match="gives str"):
        audio(file)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64", "int16", "int32", "uint8"])
def test_tensors_of_any_dtype_are_arrays(dtype: str) -> None:
    """bfloat16 becomes float32, which holds all its values; the others stay."""
    array = as_array(torch.tensor([1, 2], dtype=getattr(torch, dtype)))
    assert array.tolist() == [1, 2]
    assert array.dtype.name == ("float32" if dtype == "bfloat16" else dtype)


@pytest.mark.parametrize(
    "value",
    [[[1.0], [1.0, 2.0]], ["x"], None, {}, np.array([object()]), np.array([True]), torch.ones(2).to_sparse(), 1j],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_array_of_numbers_is_refused(value: Any) -> None:
    """Ragged lists, texts, objects, truth values."""
    with pytest.raises(UnreadableError):
        as_array(value)


def test_masked_values_are_refused() -> None:
    """What lies below a mask is unknown; a mask that hides nothing changes nothing."""
    with pytest.raises(UnreadableError, match="masked values"):
        as_array(np.ma.masked_array(WAVE, mask=WAVE[0] == WAVE))
    np.testing.assert_array_equal(as_array(np.ma.masked_array(WAVE)), WAVE)


def test_view_that_is_negated_lazily_is_an_array() -> None:
    """PyTorch has such views of imaginary parts."""
    wave = torch.complex(torch.zeros(3), torch.ones(3)).conj().imag
    assert wave.is_neg()
    assert as_array(wave).tolist() == [-1, -1, -1]


@pytest.mark.parametrize("rate", [torch.tensor([8000]), np.array([8000]), np.int64(8000), torch.tensor(8000.0)])
def test_rate_may_be_alone_in_an_array(rate: Any) -> None:
    """Loaders put rates into tensors, and batches of one into arrays of one."""
    assert audio((WAVE, rate)).sample_rate == 8000
    assert audio((rate, WAVE)).sample_rate == 8000
    assert audio({"array": WAVE, "sampling_rate": rate}).sample_rate == 8000
    assert audio((np.zeros(1), 8000)).samples.shape == (1,)


@pytest.mark.parametrize("rate", ["30000/1001", "30000 / 1001", Fraction(30000, 1001), 30000 / 1001])
def test_frame_rate_may_be_a_ratio(rate: Any) -> None:
    """As probes write it."""
    assert video((FRAMES, rate)).fps == pytest.approx(29.97003)
    assert positive_number("1/0") is None


@pytest.mark.parametrize("value", ["https://example.org/a.wav", "s3://bucket/a.wav", Path("s3://bucket/a.wav")])
def test_url_is_a_file_elsewhere(value: Any) -> None:
    """It is no missing file, and nothing is fetched yet."""
    source = audio(value)
    assert source.path is None
    assert source.has_audio
    assert str(source) == str(value).replace(":/b", "://b")


def test_url_of_another_kind_is_called_a_url() -> None:
    """It is no missing file either."""
    with pytest.raises(UnreadableError, match="a URL, rtsp://camera/1, of a kind that is not read"):
        audio("rtsp://camera/1")


def test_list_of_tensors_is_stacked() -> None:
    """Also of tensors that NumPy cannot read."""
    assert as_array([torch.ones(2).bfloat16(), torch.zeros(2).bfloat16()]).tolist() == [[1, 1], [0, 0]]


class Broken:
    """As a decoder that finds its file damaged."""

    metadata = SimpleNamespace(average_fps=24.0)

    def __getitem__(self, key: slice) -> None:
        raise RuntimeError("no frame")


class Hostile:
    """Raises at whatever is asked of it."""

    def __getattr__(self, name: str) -> None:
        raise RuntimeError("no attribute")


@pytest.mark.parametrize("kind", [Broken, Hostile])
def test_object_that_raises_is_no_medium(kind: type) -> None:
    """Whatever a foreign object raises is said, and ends nothing else."""
    with pytest.raises(UnreadableError, match=r"that fails \(RuntimeError: no "):
        video(kind())


def test_frames_of_different_sizes_are_refused() -> None:
    """Both shapes are named."""
    with pytest.raises(UnreadableError, match=r"shapes \(4, 6, 3\) and \(4, 5, 3\)"):
        as_frames([np.zeros((4, 6, 3)), np.zeros((4, 5, 3))])


@pytest.mark.parametrize(
    "images",
    [["a.png", "b.png"], (Path("a.png"),), [b"x", b"y"], [{"bytes": b"x", "path": "a"}, {"bytes": None, "path": "b"}],
     [io.BytesIO(b"x")]],
    ids=["names", "paths", "bytes", "rows", "files"],
)  # fmt: skip
def test_images_that_are_not_decoded_are_refused_with_what_to_give(images: Any) -> None:
    """Alone, with a rate, and in a dict."""
    for value in (images, (images, 25), {"frames": images, "fps": 25}):
        with pytest.raises(UnreadableError, match="images that are not decoded") as caught:
            video(value, fps=25)
        assert "the folder of the images" in caught.value.hint


def test_track_of_the_sample_is_read_unless_the_source_has_one() -> None:
    """A source that was made by hand keeps its own choice."""
    assert audio("a.mkv", audio_stream=2).audio_stream == 2
    assert audio(MediaSource(path=Path("a.mkv"), audio_stream=1), audio_stream=2).audio_stream == 1
