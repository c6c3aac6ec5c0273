"""What a source of weights gives: paths, folders, state dicts, fingerprints."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from avmeter.errors import UsageError, WeightsError
from avmeter.weights import WeightsSource
from avmeter.weights.catalog import Entry, File, catalog
from support import require
from support.weights import AUTO, BODY, entry, known, put


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


def test_resemblyzer_loads_from_its_package() -> None:
    """A real pickle in the old format, saved from a GPU, is read on the CPU."""
    require.weights("resemblyzer")
    assert AUTO.state_dict("resemblyzer")["linear.weight"].shape == (256, 256)
