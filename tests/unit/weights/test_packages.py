"""Files that installed packages ship whole or in parts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from avmeter.errors import WeightsError
from avmeter.weights import WeightsSource, catalog
from avmeter.weights.catalog import File, Package
from avmeter.weights.packages import find_in_package, has_parts, join_parts
from support import require

AUTO = WeightsSource.parse("auto")
WHISPER = catalog()["faster-whisper-base"]
needs_packages = require.needs("weights", has_parts(WHISPER.file()), "the parts of Whisper base are absent")
BODY = b"one" + b"two"


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two packages with a part each, and code that must not run."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name, body in (("parted_one", b"one"), ("parted_two", b"two")):
        folder = tmp_path / "site" / name
        (folder / "data").mkdir(parents=True)
        (folder / "__init__.py").write_text("raise SystemExit")
        (folder / "data" / "part").write_bytes(body)
    return "parted_one/data/part", "parted_two/data/part"


def file_of(*parts: str, body: bytes = BODY) -> File:
    package = Package(distribution="parted-one parted-two", parts=parts)
    return File(name="net.bin", format="ctranslate2", sha256=hashlib.sha256(body).hexdigest(), package=package)


def test_file_of_a_package_is_found_without_importing_it(parts: tuple[str, str]) -> None:
    """None where the package or the file is absent."""
    found = find_in_package(parts[0])
    assert found is not None
    assert found.read_bytes() == b"one"
    assert find_in_package("parted_one/data/other") is None
    assert find_in_package("parted_three/data/part") is None


def test_parts_make_the_file_once(parts: tuple[str, str], tmp_path: Path) -> None:
    """In their order, and nothing else is left in the folder; a second call writes nothing."""
    file = file_of(*parts)
    target = join_parts(file, tmp_path / "out")
    assert target.read_bytes() == BODY
    assert sorted(p.name for p in target.parent.iterdir() if not p.name.endswith(".lock")) == ["net.bin"]
    before = target.stat().st_mtime_ns
    assert join_parts(file, tmp_path / "out").stat().st_mtime_ns == before


def test_parts_that_make_another_file_are_refused(parts: tuple[str, str], tmp_path: Path) -> None:
    """Nothing is put in place, and the message has the command that helps."""
    with pytest.raises(WeightsError, match="--force-reinstall parted-one parted-two"):
        join_parts(file_of(*parts, body=b"another"), tmp_path / "out")
    assert not (tmp_path / "out" / "net.bin").exists()


def test_all_parts_must_be_installed(parts: tuple[str, str]) -> None:
    """A file without parts has none to be joined."""
    assert has_parts(file_of(*parts))
    assert not has_parts(file_of(parts[0], "parted_three/data/part"))
    assert not has_parts(file_of())
    assert not has_parts(File(name="net.bin", format="ctranslate2"))


@needs_packages
def test_whisper_base_is_the_official_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Model, configuration, tokenizer and vocabulary have exactly the hashes of the official release."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    assert AUTO.available(WHISPER.name)
    folder = AUTO.folder(WHISPER.name)
    for file in WHISPER.files:
        assert hashlib.sha256((folder / file.name).read_bytes()).hexdigest() == file.sha256
    assert AUTO.folder(WHISPER.name) == folder
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == sorted(
        f.name for f in WHISPER.files
    )


@needs_packages
def test_checkpoint_is_built_where_no_cache_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a read-only container it lies in a temporary folder, made once for all of its files."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    folder = AUTO.folder(WHISPER.name)
    assert hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest() == WHISPER.file("model.bin").sha256
    assert AUTO.folder(WHISPER.name) == folder


@needs_packages
@pytest.mark.full
def test_folder_transcribes(rendered_clips: list[dict[str, Any]]) -> None:
    """faster-whisper loads the folder and transcribes speech, without the network."""
    faster_whisper = require.package("faster_whisper")
    clip = rendered_clips[0]["video"]
    net = faster_whisper.WhisperModel(str(AUTO.folder(WHISPER.name)), device="cpu", compute_type="int8")
    segments, info = net.transcribe(str(clip), beam_size=1, temperature=0.0)
    assert info.language == "en"
    assert "train station" in "".join(s.text for s in segments)
