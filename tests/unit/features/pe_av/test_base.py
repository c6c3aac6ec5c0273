"""Which PE-AV is used: a folder or an entry of the catalog, what of it is refused, and every precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import UsageError, WeightsError
from avmeter.features.base import get_extractor
from support import require
from support.extractors import cpu_runtime
from support.pe_av import write_checkpoint
from support.pe_av_features import PARTS, embedded, film, load_all

require.package("transformers")


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_stays_near(folder: Path, precision: str) -> None:
    """A faster mode gives the embeddings to its own accuracy."""
    item = film(0.5, 4)
    exact = embedded(folder, item)
    on = cpu_runtime(precision)
    with torch.autocast("cpu", dtype=on.half_dtype):
        half = embedded(folder, item, on=on)
    for name in ("audio", "video", "audio_video"):
        a, b = exact[name], half[name]
        assert float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) > 0.98
        assert not np.array_equal(a, b)


def test_folder_that_changed_is_another_model(tmp_path: Path) -> None:
    """Features of a folder's earlier content are not taken for those of its new one."""
    folder = write_checkpoint(tmp_path / "model")
    extractors = [get_extractor(name, model=str(folder)) for name in PARTS]
    before = [e.fingerprint(cpu_runtime()) for e in extractors]
    (folder / "model.safetensors").write_bytes(b"changed")
    assert not set(before) & {e.fingerprint(cpu_runtime()) for e in extractors}
    assert all(e.weights() == () for e in extractors)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [("config.json", None, r"no config\.json"), ("model.safetensors", None, r"no model\.safetensors"),
     ("tokenizer.json", None, r"no tokenizer\.json"), ("model.safetensors", b"1", "not a safetensors file"),
     ("config.json", b"[]", "no object, but list")],
)  # fmt: skip
def test_folder_that_is_no_checkpoint_is_refused(
    tmp_path: Path, file: str, content: bytes | None, message: str
) -> None:
    """What is absent or broken is named."""
    folder = write_checkpoint(tmp_path / "model")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load_all(str(folder), cpu_runtime())


def test_absent_checkpoint_is_named_with_a_way_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Offline and not here: every part says which checkpoint and how to fetch it."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    for name in PARTS:
        with pytest.raises(WeightsError, match="pe-av-base"):
            get_extractor(name, model="facebook/pe-av-base").load(cpu_runtime())


def test_checkpoint_of_the_catalog_is_loaded_by_its_own_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`NAME/file` in a folder of weights: sizes come from its `config.json`, not from what is known beforehand."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    write_checkpoint(tmp_path / "weights" / "pe-av-small")
    on = cpu_runtime(weights=tmp_path / "weights")
    with pytest.warns(UserWarning, match="pinned"):
        load_all("pe-av-small", on)
    assert on.networks["pe-av", "frame", "pe-av-small"].config.image_size == 56


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b"[" * 100_000, b'{"video_processor": 3}', b'{"do_sample_frames": true, "num_frames": "x"}'],
)
def test_damaged_sizes_are_met_when_the_folder_is_loaded(tmp_path: Path, content: bytes) -> None:
    """Building the extractor is no error: other metrics of the run have their scores."""
    folder = write_checkpoint(tmp_path / "model")
    (folder / "processor_config.json").write_bytes(content)
    extractor = get_extractor("pe_av_frame", model=str(folder))
    with pytest.raises(WeightsError, match="model"):
        extractor.load(cpu_runtime())


@pytest.mark.parametrize("name", ["/no/such/folder", "pe-av-huge", ""])
def test_name_of_no_folder_and_no_checkpoint_is_refused(name: str) -> None:
    """The default does not stand in for it."""
    with pytest.raises(UsageError, match="pe-av-large"):
        get_extractor("pe_av_frame", model=name)
