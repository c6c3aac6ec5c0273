"""Where a checkpoint is taken from, and what is refused."""

from __future__ import annotations

import hashlib
import os
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from avmeter.errors import UsageError, WeightsError
from avmeter.runtime.environment import Settings
from avmeter.weights import UnpinnedWeightsWarning, WeightsSource, verify
from avmeter.weights.catalog import Entry, File, Package, catalog
from support import require

AUTO = WeightsSource.parse("auto")
BODY = b"weights" * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


def entry(*files: File, name: str = "net") -> Entry:
    return Entry(name=name, title="Net", code_licence="MIT", weights_licence="CC0", files=files)


def known(name: str = "net.bin", body: bytes = BODY, **traits: object) -> File:
    sha256 = hashlib.sha256(body).hexdigest()
    return File(name=name, format="pickle", sha256=sha256, size_bytes=len(body), **traits)  # type: ignore[arg-type]


def put(path: Path, body: bytes = BODY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may ask the network."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")


def test_words_and_folders_are_understood(tmp_path) -> None:
    """The words auto and dummy, a folder, and a source itself."""
    assert WeightsSource(base=None, is_dummy=False) == AUTO
    assert WeightsSource.parse("dummy").is_dummy
    assert WeightsSource.parse(tmp_path).base == tmp_path.resolve()
    assert WeightsSource.parse(AUTO) is AUTO
    with pytest.raises(UsageError, match="does not exist"):
        WeightsSource.parse(tmp_path / "nothing")


def test_source_travels_to_other_processes(tmp_path) -> None:
    """Workers receive it by pickle."""
    source = WeightsSource.parse(tmp_path)
    assert pickle.loads(pickle.dumps(source)) == source  # noqa: S301


def test_file_of_a_common_name_that_is_another_is_named(tmp_path) -> None:
    """It may be the user's own, or damaged: a message that says only "not here" would hide it."""
    common = put(tmp_path / "model.safetensors", b"somebody else's")
    with pytest.raises(WeightsError, match="was passed over") as found:
        WeightsSource.parse(tmp_path).path("clap-htsat-fused")
    assert str(common) in found.value.message
    assert "not on this machine" in found.value.message
    assert "folder called clap-htsat-fused" in found.value.hint


def test_places_are_searched_in_the_documented_order(tmp_path, cache, monkeypatch) -> None:
    """Given folder, AVMETER_WEIGHTS, installed package, downloads, hub cache: the first that has it wins."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    put(tmp_path / "site" / "netpackage" / "__init__.py", b"raise AssertionError('a package must not be imported')")
    file = known(urls=("hf://o/r@rev/net.bin",), package=Package(distribution="netpackage", path="netpackage/net.bin"))
    net = entry(file)
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path / "env"))
    (tmp_path / "given").mkdir()
    source = WeightsSource.parse(tmp_path / "given")
    places = [
        put(tmp_path / "given" / "net" / "net.bin"),
        put(tmp_path / "env" / "net.bin"),
        put(tmp_path / "site" / "netpackage" / "net.bin"),
        put(cache / "weights" / "net" / "net.bin"),
        put(tmp_path / "hub" / "models--o--r" / "snapshots" / "rev" / "net.bin"),
        put(tmp_path / "hub" / "models--o--r" / "blobs" / SHA256),
    ]
    for place in places:
        assert source.available(net)
        assert source.path(net) == place
        place.unlink()
    assert not source.available(net)
    with pytest.raises(WeightsError, match="AVMETER_OFFLINE"):
        source.path(net)


def test_single_file_serves_its_checkpoint(tmp_path) -> None:
    """A path to the file itself is as good as its folder."""
    path = put(tmp_path / "net.bin")
    assert WeightsSource.parse(path).path(entry(known())) == path


def test_another_file_under_the_name_is_refused(tmp_path) -> None:
    """The message has both hashes and the way out."""
    other = BODY[::-1]
    put(tmp_path / "net.bin", other)
    with pytest.raises(WeightsError) as caught:
        WeightsSource.parse(tmp_path).path(entry(known()))
    for part in (SHA256, hashlib.sha256(other).hexdigest(), "avmeter weights fetch net", "AVMETER_WEIGHTS"):
        assert part in str(caught.value)


def test_file_of_another_size_is_refused_without_hashing(tmp_path) -> None:
    """A truncated copy is found at once."""
    put(tmp_path / "net.bin", BODY[:-1])
    with pytest.raises(WeightsError, match=f"{len(BODY) - 1} bytes instead of {len(BODY)}"):
        WeightsSource.parse(tmp_path).path(entry(known()))


def test_file_that_changes_after_it_was_verified_is_found(tmp_path) -> None:
    """The memory of verified files holds only as long as size and time stay."""
    path = put(tmp_path / "net.bin")
    source = WeightsSource.parse(tmp_path)
    source.path(entry(known()))
    path.write_bytes(BODY[::-1])
    os.utime(path, ns=(1, 1))
    with pytest.raises(WeightsError, match="SHA-256"):
        source.path(entry(known()))


def test_verified_file_is_not_read_again(tmp_path, monkeypatch) -> None:
    """Gigabytes are hashed once, not at each start."""
    put(tmp_path / "net.bin")
    source = WeightsSource.parse(tmp_path)
    source.path(entry(known()))
    monkeypatch.setattr("avmeter.weights.hashes.sha256_of", lambda path: pytest.fail("read again"))
    source.path(entry(known()))


def test_another_serialisation_is_accepted(tmp_path) -> None:
    """`also` lists files of other bytes and the same content."""
    other = b"same content, other bytes"
    put(tmp_path / "net.bin", other)
    file = known(also=(hashlib.sha256(other).hexdigest(),))
    assert WeightsSource.parse(tmp_path).path(entry(file)).read_bytes() == other


def test_file_name_of_many_checkpoints_is_taken_by_hash_only(tmp_path) -> None:
    """A lone `model.safetensors` in a folder is not given to whoever asks first."""
    put(tmp_path / "model.safetensors")
    source = WeightsSource.parse(tmp_path)
    assert source.available(entry(known("model.safetensors")))
    assert not source.available(entry(known("model.safetensors", BODY[::-1])))
    assert not source.available(entry(File(name="model.safetensors", format="safetensors")))
    assert not source.available("whisper-tiny")
    assert not source.available("audiobox")


def test_unknown_hash_is_pinned_with_a_warning_then_required(tmp_path, cache) -> None:
    """First use warns and pins; the same file is silent; another one is an error that names the lock file."""
    path = put(tmp_path / "net.bin")
    source, net = WeightsSource.parse(tmp_path), entry(File(name="net.bin", format="pickle"))
    with pytest.warns(UnpinnedWeightsWarning, match=SHA256):
        source.path(net)
    assert source.path(net) == path
    assert source.fingerprint(net) == SHA256
    path.write_bytes(b"another")
    with pytest.raises(WeightsError, match=r"weights-lock\.json"):
        source.path(net)


def test_damaged_lock_file_is_an_error(tmp_path, cache) -> None:
    """Pins are not lost silently."""
    put(tmp_path / "net.bin")
    put(cache / "weights-lock.json", b"{")
    with pytest.raises(WeightsError, match="lock file"):
        WeightsSource.parse(tmp_path).path(entry(File(name="net.bin", format="pickle")))


def test_fingerprint_is_the_hash_or_says_what_would_be_used(tmp_path) -> None:
    """The word dummy, the catalog's hash without any file, or place and revision while nobody knows the hash."""
    assert WeightsSource.parse("dummy").fingerprint("passt") == "dummy"
    assert AUTO.fingerprint("passt") == catalog()["passt"].file().sha256
    assert AUTO.fingerprint("glm-asr-nano").startswith("hf://zai-org/GLM-ASR-Nano-2512@61ba4e0b")


def test_available_never_raises(tmp_path, monkeypatch) -> None:
    """Unknown names and unreadable places are simply not available."""
    assert not AUTO.available("nonsense")
    monkeypatch.setenv("AVMETER_WEIGHTS", "/dev/null/x")
    assert not AUTO.available("passt")


def test_explain_names_file_size_address_and_command() -> None:
    """The user can act on it."""
    text = AUTO.explain("passt")
    for part in ("passt-s-f128", "344.7 MB", "github.com/kkoutini", "avmeter weights fetch passt", "AVMETER_OFFLINE"):
        assert part in text


def test_dummy_uses_what_is_here_and_fetches_nothing(tmp_path, cache, monkeypatch) -> None:
    """Files that cannot be filled may be used, but the network is not."""
    monkeypatch.delenv("AVMETER_OFFLINE")
    dummy, net = WeightsSource.parse("dummy"), entry(known(urls=("https://127.0.0.1:1/net.bin",)))
    with pytest.raises(WeightsError, match="dummy weights fetch nothing"):
        dummy.path(net)
    put(cache / "weights" / "net" / "net.bin")
    assert dummy.path(net).exists()
    with pytest.raises(WeightsError, match="no state dict"):
        dummy.state_dict(net)


def test_damaged_download_is_replaced_by_fetch_only(server, cache, monkeypatch) -> None:
    """`path` reports a damaged download, the command that its hint names repairs it."""
    monkeypatch.delenv("AVMETER_OFFLINE")
    net = entry(known(urls=(server.put("/net.bin", BODY),)))
    put(cache / "weights" / "net" / "net.bin", BODY[::-1])
    with pytest.raises(WeightsError, match="fetch it again"):
        AUTO.path(net)
    assert AUTO.fetch(net).read_bytes() == BODY


def test_folder_holds_all_files_side_by_side(tmp_path, cache, monkeypatch) -> None:
    """Files from several places are brought together; a folder that has them all is used as it is."""
    net = entry(known("a.bin"), known("b.bin", BODY[::-1]))
    put(tmp_path / "one" / "a.bin")
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path / "two"))
    put(tmp_path / "two" / "b.bin", BODY[::-1])
    folder = WeightsSource.parse(tmp_path / "one").folder(net)
    assert folder == cache / "weights" / "net"
    assert (folder / "a.bin").read_bytes() == BODY
    assert (folder / "b.bin").read_bytes() == BODY[::-1]
    put(tmp_path / "one" / "b.bin", BODY[::-1])
    assert WeightsSource.parse(tmp_path / "one").folder(net) == tmp_path / "one"


def test_hub_snapshot_is_used_as_folder(tmp_path) -> None:
    """What the hub's own library downloaded is found under the pinned revision."""
    net = entry(known("a.bin", urls=("hf://o/r@rev/a.bin",)), known("b.bin", urls=("hf://o/r@rev/b.bin",)))
    snapshot = tmp_path / "hub" / "models--o--r" / "snapshots" / "rev"
    put(snapshot / "a.bin")
    put(snapshot / "b.bin")
    assert AUTO.folder(net) == snapshot


class Surprise:
    def __reduce__(self):
        return print, ("code in a pickle ran",)


def saved(tmp_path: Path, content: object, **traits: object) -> tuple[WeightsSource, Entry]:
    path = tmp_path / "net.pth"
    torch.save(content, path, _use_new_zipfile_serialization=not traits.pop("old", False))
    file = known("net.pth", path.read_bytes(), **traits)
    return WeightsSource.parse(path), entry(file)


@pytest.mark.parametrize("old", [False, True])
def test_state_dict_of_a_pickle(tmp_path, old) -> None:
    """Member and prefix of the catalog are applied, in both formats of torch."""
    content = {"epoch": 3, "state": {"model": {"module.w": torch.arange(3.0)}}}
    source, net = saved(tmp_path, content, member="state.model", prefix="module.", old=old)
    state = source.state_dict(net)
    assert list(state) == ["w"]
    assert torch.equal(state["w"], torch.arange(3.0))


def test_state_dict_of_safetensors(tmp_path) -> None:
    """Safetensors need no member."""
    path = tmp_path / "net.safetensors"
    safetensors.torch.save_file({"w": torch.ones(2)}, path)
    file = File(name=path.name, format="safetensors", sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    assert torch.equal(WeightsSource.parse(path).state_dict(entry(file))["w"], torch.ones(2))


def test_pickle_with_code_is_refused(tmp_path, capsys) -> None:
    """Nothing in a pickle runs, even if its hash is right."""
    source, net = saved(tmp_path, {"w": torch.ones(1), "x": Surprise()})
    with pytest.raises(WeightsError, match="cannot be read"):
        source.state_dict(net)
    assert "ran" not in capsys.readouterr().out


def test_hash_is_checked_before_the_pickle_is_opened(tmp_path, monkeypatch) -> None:
    """A wrong file is not even parsed."""
    source, net = saved(tmp_path, {"w": torch.ones(1)})
    (tmp_path / "net.pth").write_bytes(b"x" * (tmp_path / "net.pth").stat().st_size)
    monkeypatch.setattr(torch, "load", lambda *a, **k: pytest.fail("opened"))
    with pytest.raises(WeightsError, match="SHA-256"):
        source.state_dict(net)


@pytest.mark.parametrize("old", [False, True])
def test_numpy_scalars_need_the_catalogs_word(tmp_path, old) -> None:
    """NumPy values in a pickle are read only where the catalog says that they are there."""
    content = {"w": torch.ones(1)}
    extra = {"best": np.float64(0.5), "indices": np.arange(4), "seen": np.int64(3)}
    source, net = saved(tmp_path, {"model": content, **extra}, member="model", numpy=True, old=old)
    assert torch.equal(source.state_dict(net)["w"], torch.ones(1))
    source, net = saved(tmp_path, {"model": content, **extra}, member="model", old=old)
    with pytest.raises(WeightsError, match="cannot be read"):
        source.state_dict(net)


@pytest.mark.parametrize("content", [{"model": [1]}, {"model": {"w": 1}}, {"other": {}}, [torch.ones(1)]])
def test_pickle_of_another_layout_is_refused(tmp_path, content) -> None:
    """What is not a state dict is not passed on."""
    source, net = saved(tmp_path, content, member="model")
    with pytest.raises(WeightsError, match="no state dict under `model`"):
        source.state_dict(net)


def test_verify_lists_what_is_here(tmp_path, monkeypatch) -> None:
    """Right, wrong, unknown; absent only when asked for; nothing is pinned."""
    put(tmp_path / "passt" / catalog()["passt"].file().name, b"x")
    put(tmp_path / "glm-asr-nano" / "model.safetensors", b"x")
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {(s.entry, s.file): s.status for s in verify()}
        everything = {(s.entry, s.file): s.status for s in verify(absent=True)}
    assert found["passt", catalog()["passt"].file().name] == "mismatch"
    assert found["glm-asr-nano", "model.safetensors"] == "unpinned"
    assert "absent" not in found.values()
    assert everything["vggish", "vggish-10086976.pth"] == "absent"
    assert not Settings.read().lock_file.exists()


@pytest.mark.parametrize(
    "name", [e.name for e in catalog().values() if all(f.package and f.package.path for f in e.files)]
)
def test_installed_package_serves_its_file(name) -> None:
    """Packages on this machine give the files that the catalog describes, byte for byte."""
    require.weights(name)
    assert AUTO.path(name).is_file()


def test_resemblyzer_loads_from_its_package() -> None:
    """A real pickle in the old format, saved from a GPU, is read on the CPU."""
    require.weights("resemblyzer")
    assert AUTO.state_dict("resemblyzer")["linear.weight"].shape == (256, 256)
