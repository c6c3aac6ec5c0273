"""Which PE-AV an extractor is of, and its part of the network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from avmeter.errors import WeightsError
from avmeter.features.base import WindowExtractor
from avmeter.features.speech.base import folder_fingerprint
from avmeter.nets import pe_av
from avmeter.nets.pe_av import PeAvConfig
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network

DEFAULT_MODEL = "pe-av-large"
"""The largest one, which its authors' and transformers' examples use."""

WEIGHTS_FILE, CONFIG_FILE, TOKENS_FILE = "model.safetensors", "config.json", "tokenizer.json"
# Either says how many frames the checkpoint wants.
_FRAMES_FILES = ("processor_config.json", "video_preprocessor_config.json")


class PeAvPart(WindowExtractor):
    """An extractor around one of `pe_av.PARTS`, loaded alone and once for everybody.

    Args:
        model: Checkpoint: name in the catalog or on the hub, or a folder in the layout of transformers.
    """

    part: ClassVar[str]
    extra = "pe-av"

    def __init__(self, *, model: str | None = None) -> None:
        given = os.fspath(model) if isinstance(model, str | os.PathLike) else str(model) if model is not None else ""
        given = given or DEFAULT_MODEL
        self.folder = Path(given) if os.path.isdir(given) else None  # noqa: PTH112 - no error for any text
        self.model = given if self.folder else pe_av.checkpoint_name(given)
        self._net: Any = None

    def options(self) -> Mapping[str, Any]:
        return {"model": self.model}

    def weights(self) -> tuple[str, ...]:
        return () if self.folder else (self.model,)

    def fingerprint(self, runtime: Runtime) -> str:
        """As every extractor's; a folder enters with the names, sizes and dates of its files."""
        known = super().fingerprint(runtime)
        return folder_fingerprint(known, self.folder, runtime) if self.folder else known

    def load(self, runtime: Runtime) -> None:
        self._net = runtime.network(network_key(self.part, self.model), lambda: self._build(runtime))

    def unload(self) -> None:
        self._net = None

    def config(self, runtime: Runtime) -> PeAvConfig:
        """Sizes of the checkpoint; with dummy weights those that are known without its files.

        Raises:
            WeightsError: It is absent, or another model's.
        """
        if runtime.weights.is_dummy and not self.folder:
            return pe_av.CHECKPOINTS[self.model].config
        file = self.file(runtime, CONFIG_FILE)
        return PeAvConfig.read(_read_json(file), source=str(file))

    def file(self, runtime: Runtime, name: str) -> Path:
        """A file of the checkpoint.

        Raises:
            WeightsError: It is absent.
        """
        if not self.folder:
            return runtime.weights.path(self.model, name)
        if not (self.folder / name).is_file():
            raise WeightsError(f"{self.folder}: no {name}", hint="give a folder with the files of a PE-AV of the hub")
        return self.folder / name

    def _build(self, runtime: Runtime) -> nn.Module:
        net, keys = pe_av.build(self.part, self.config(runtime)), pe_av.KEY_MAPS[self.part]
        if runtime.weights.is_dummy and not self.folder:
            fill_network(net, keys.official)
        else:
            keys.load(net, pe_av.without_aliases(self._state(runtime)), source=self.model)
        return net.to(runtime.device).eval().requires_grad_(False)

    def _state(self, runtime: Runtime) -> Mapping[str, Tensor]:
        if not self.folder:
            return runtime.weights.state_dict(self.model)
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        file = self.file(runtime, WEIGHTS_FILE)
        try:
            state: dict[str, Tensor] = load_file(file)
        except SafetensorError as error:
            raise WeightsError(f"{file}: not a safetensors file: {error}") from error
        return state


def network_key(part: str, model: str) -> tuple[str, str, str]:
    """Key of a part's network in `Runtime.networks`."""
    return ("pe-av", part, model)


def num_frames(folder: Path | None, model: str) -> int | None:
    """How many frames a checkpoint sees; None: all. A folder that does not say sees all."""
    if folder is None:
        return pe_av.CHECKPOINTS[model].num_frames
    for name in _FRAMES_FILES:
        if (folder / name).is_file():
            given = _read_json(folder / name)
            given = given.get("video_processor", given)
            if given.get("do_sample_frames") and given.get("num_frames"):
                return int(given["num_frames"])
    return None


def image_size(folder: Path | None, model: str) -> int:
    """Side of a frame, pixels."""
    if folder is None:
        return pe_av.CHECKPOINTS[model].config.frame.image_size
    if not (folder / CONFIG_FILE).is_file():  # loading says so
        return pe_av.FrameConfig().image_size
    file = folder / CONFIG_FILE
    return PeAvConfig.read(_read_json(file), source=str(file)).frame.image_size


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{file}: no object, but {type(content).__name__}")
    return content
