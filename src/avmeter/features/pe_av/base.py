"""Which PE-AV an extractor uses, and its part of the network."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from avmeter.errors import WeightsError
from avmeter.features.model_folder import ModelFolderExtractor, reading_model
from avmeter.features.network import NetworkExtractor
from avmeter.nets import pe_av
from avmeter.nets.keys import KeyMap
from avmeter.nets.pe_av import PeAvConfig
from avmeter.runtime import Runtime

DEFAULT_MODEL = "pe-av-large"
"""The largest one, which its authors' and transformers' examples use."""

_KIND = "a PE-AV of transformers"
WEIGHTS_FILE, CONFIG_FILE, TOKENS_FILE = "model.safetensors", "config.json", "tokenizer.json"
# Either says how many frames the checkpoint reads.
_FRAMES_FILES = ("processor_config.json", "video_preprocessor_config.json")


class PeAvPart(ModelFolderExtractor, NetworkExtractor):
    """An extractor around one of `pe_av.PARTS`, which all extractors of the part share.

    Args:
        model: Checkpoint: name in the catalog or on the hub, or a folder in the layout of transformers.
    """

    part: ClassVar[str]
    family = "pe-av-"
    option_names: ClassVar[tuple[str, ...]] = ("model",)
    extra = "pe-av"

    def __init__(self, *, model: str | None = None) -> None:
        self.model = DEFAULT_MODEL if model is None else str(model)
        super().__init__(self.model)
        if self.user_folder is None:
            self.model = self.entry()

    def entry(self) -> str:
        return pe_av.checkpoint_name(self.model)

    def checkpoint_name(self) -> str:
        return self.model

    def network_key(self) -> Hashable:
        return ("pe-av", self.part, self.model)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return pe_av.build(self.part, self.config(runtime)), pe_av.KEY_MAPS[self.part]

    def checkpoint(self, runtime: Runtime) -> Mapping[str, Tensor]:
        """Read the checkpoint, of the catalog or from the folder's safetensors file."""
        state = super().checkpoint(runtime) if self.user_folder is None else self._folder_state(runtime)
        return pe_av.without_aliases(state)

    def config(self, runtime: Runtime) -> PeAvConfig:
        """Read the sizes of the checkpoint; with dummy weights those that are known without its files.

        Raises:
            WeightsError: It is absent, or another model's.
        """
        if self.has_dummy_weights(runtime):
            return pe_av.CHECKPOINTS[self.model].config
        file = self.file(runtime, CONFIG_FILE)
        with reading_model(file, "the configuration of a PE-AV"):
            return PeAvConfig.read(_read_json(file), source=str(file))

    def file(self, runtime: Runtime, name: str) -> Path:
        """Return the path of a file of the checkpoint.

        Raises:
            WeightsError: It is absent.
        """
        if self.user_folder is None:
            return runtime.weights.path(self.model, name)
        file = self.user_folder / name
        if not file.is_file():
            raise WeightsError(
                f"{self.user_folder}: no {name}", hint="give a folder with the files of a PE-AV of the hub"
            )
        return file

    def _folder_state(self, runtime: Runtime) -> Mapping[str, Tensor]:
        from safetensors.torch import load_file

        file = self.file(runtime, WEIGHTS_FILE)
        with reading_model(file, "a safetensors file"):
            state: dict[str, Tensor] = load_file(file)
        return state


def num_frames(folder: Path | None, model: str) -> int | None:
    """Return how many frames a checkpoint reads; None is all, also for a folder that does not say."""
    if folder is None:
        return pe_av.CHECKPOINTS[model].num_frames
    with reading_model(folder, _KIND):
        for name in _FRAMES_FILES:
            if (folder / name).is_file():
                config = _read_json(folder / name)
                config = config.get("video_processor", config)
                if config.get("do_sample_frames") and config.get("num_frames"):
                    return int(config["num_frames"])
    return None


def image_size(folder: Path | None, model: str) -> int:
    """Return the side of a frame, pixels."""
    if folder is None:
        return pe_av.CHECKPOINTS[model].config.frame.image_size
    if not (folder / CONFIG_FILE).is_file():  # loading says so
        return pe_av.FrameConfig().image_size
    file = folder / CONFIG_FILE
    with reading_model(folder, _KIND):
        return PeAvConfig.read(_read_json(file), source=str(file)).frame.image_size


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{file}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{file}: no object, but {type(content).__name__}")
    return content
