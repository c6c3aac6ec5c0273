"""Files that nobody vouches for: nothing but the file itself is opened, and every refusal has a code."""

import ast
import os
import socket

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import MediaItem, probe
from support.media import tone, write_pcm_wav
from support.paths import ROOT
from support.privileges import without_root


def code_of(path):
    with pytest.raises(MediaError) as caught:
        probe(path)
    return caught.value.code


@pytest.fixture
def wav(tmp_path):
    return write_pcm_wav(tmp_path / "secret.wav", tone(440, 0.5, 16_000, 1.0), 16_000)


def playlists(target):
    return {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile {target}\n",
        "list.wav": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "manifest.mpd": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet>'
        f"<Representation><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "notes.txt": "hello world\n" * 100,
        "page.mp4": "<html><body>404 not found</body></html>" * 20,
    }


@pytest.mark.parametrize("name", list(playlists("")))
def test_playlists_and_texts_are_not_media(tmp_path, wav, name):
    """What names other files, or holds no media, is refused whatever its suffix."""
    path = tmp_path / name
    path.write_text(playlists(wav)[name])
    assert code_of(path) is SkipCode.UNREADABLE


def test_images_and_their_sequences_are_not_media(tmp_path):
    """An image is not a clip, and `%d` in a name is no pattern."""
    png = tmp_path / "frame%d.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    assert code_of(png) is SkipCode.UNREADABLE


def test_urls_and_protocols_are_file_names(tmp_path, wav, monkeypatch):
    """`http:`, `concat:` and the like are names of files that do not exist; nothing connects anywhere."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.mp4"
        for name in (
            url,
            f"concat:{wav}",
            f"file:{wav}",
            f"subfile,,start,0,end,0,,:{wav}",
            "lavfi:sine",
            "-",
            "pipe:0",
        ):
            assert code_of(name) is SkipCode.MISSING_FILE
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "name",
    [
        "-i.wav",
        "a b.wav",
        "ünïcødé 音.wav",
        "concat:x.wav",
        "100%d.wav",
        "a,b;c&d'e.wav",
        "http:x.wav",
        "x" * 240 + ".wav",
    ],
)
def test_any_file_name_will_do(tmp_path, wav, name, monkeypatch):
    """A name is a name: dashes, colons, spaces, percent signs and scripts of the world."""
    (tmp_path / name).write_bytes(wav.read_bytes())
    monkeypatch.chdir(tmp_path)
    with MediaItem.open(name) as item:
        assert item.audio_facts.num_samples == 16_000


@pytest.mark.parametrize("suffix", ["mp3", "txt", "mp4", ""])
def test_a_wrong_suffix_does_not_matter(tmp_path, wav, suffix):
    """The content says what a file is."""
    path = tmp_path / f"renamed.{suffix}"
    path.write_bytes(wav.read_bytes())
    assert probe(path).container == "wav"


def test_files_that_are_none_have_codes(tmp_path, wav):
    """Missing, folder, fifo, empty: four different things."""
    assert code_of(tmp_path / "absent.wav") is SkipCode.MISSING_FILE
    assert code_of(wav / "below.wav") is SkipCode.MISSING_FILE
    assert code_of(tmp_path) is SkipCode.NOT_A_FILE
    assert code_of("a\0b.wav") is SkipCode.UNREADABLE
    empty = tmp_path / "empty.wav"
    empty.touch()
    assert code_of(empty) is SkipCode.EMPTY_FILE
    os.mkfifo(tmp_path / "pipe.wav")
    assert code_of(tmp_path / "pipe.wav") is SkipCode.NOT_A_FILE


def test_file_without_permission_is_unreadable(open_folder, wav):
    """No permission is reported as such."""
    copy = open_folder / "a.wav"
    copy.write_bytes(wav.read_bytes())
    with without_root():
        probe(copy)
    copy.chmod(0)
    with without_root():
        assert code_of(copy) is SkipCode.UNREADABLE


_OTHER_READERS = {"soundfile", "wave", "aifc", "PIL", "imageio", "librosa", "torchaudio", "torchvision", "decord"}


def test_libav_is_opened_in_one_place() -> None:
    """Only this module opens and creates media files; nothing else that could is imported."""
    offences = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if {name.partition(".")[0] for name in names} & _OTHER_READERS:
                offences.append(f"{path.name}:{node.lineno}")
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("av.open", "av.container.open"):
                offences.append(f"{path.name}:{node.lineno}")
    assert [o.partition(":")[0] for o in offences] == ["container.py"] * 2
