"""YAMNet, a small AudioSet tagger: logits of 521 classes and a 1024-d embedding, means over 0.96 s patches.

Source: Plakal and Ellis, "YAMNet" (TensorFlow model garden), as the 8-bit ONNX export that the package `sead`
carries. A backbone that runs with real weights anywhere; published results use PaSST or PANNs instead. A protocol means
its way of reading a waveform; the network depends on level, and a clip 20 dB down is another sound to it unless
"fastvideo" normalises the peak.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avmeter.dsp.filterbank import htk_bank
from avmeter.dsp.mel import MelSpec, mel_of_frames
from avmeter.errors import WeightsError
from avmeter.features.audioset.base import AudioSetExtractor
from avmeter.features.base import Features, Window
from avmeter.features.onnx import open_session
from avmeter.features.waveforms import mean_over_windows
from avmeter.media import MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

MEL = MelSpec(
    sample_rate=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=64,
    f_min=125.0, f_max=7500.0, bank=htk_bank, exponent=1,
)  # fmt: skip
PATCH_FRAMES, PATCH_HOP = 96, 48  # mel frames of 10 ms: a patch of 0.96 s every 0.48 s
WINDOW = MEL.win_length + (PATCH_FRAMES - 1) * MEL.hop_length  # samples under the frames of a patch
HOP = PATCH_HOP * MEL.hop_length  # samples from one patch to the next
# Of the published network; its logarithm is the lowest value that the quantised input can hold.
LOG_OFFSET = 0.001
# Quantisation of the input: zero point and step, from the file's initialisers `audio_*`.
_INPUT_SCALE, _INPUT_ZERO = 0.047937885, 144
_EMBEDDING, _LOGITS = "/model/Reshape_output_0_qdq", "class_scores_updated"
_MEMBERS = ("job_jpev7z175_optimized_onnx/model.onnx", "job_jpev7z175_optimized_onnx/model.data")


@register_extractor("yamnet")
class Yamnet(AudioSetExtractor):
    """Mean logits (521,) and mean embedding (1024,) over patches of 0.96 s every 0.48 s.

    Args:
        protocol: "fastvideo" or "av-benchmark".
        duration_s: Crop of "av-benchmark", default 8 s.
    """

    version = "2"
    entries = ("yamnet",)
    sample_rate = MEL.sample_rate
    min_samples = MEL.win_length
    dependencies = ("onnxruntime",)
    extra = "dnsmos"
    batch_size = gpu_batch_size = 8  # patches run one by one on the CPU, side by side with those of other clips
    is_concurrent = True

    def build_network(self, runtime: Runtime) -> Any:
        archive = runtime.weights.path(self.entries[0])
        with tempfile.TemporaryDirectory(prefix="avmeter-") as folder:
            return open_session(_unpack(archive, Path(folder)))

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = self.waveform(media)
        for start in range(0, max(len(waveform) - WINDOW, 0) + 1, HOP):
            piece = torch.from_numpy(np.ascontiguousarray(waveform[start : start + WINDOW], np.float32))
            frames = piece.unfold(-1, MEL.win_length, MEL.hop_length)[None]
            log_mel = torch.log(mel_of_frames(frames, MEL) + LOG_OFFSET)[0].T.numpy()
            patch = np.zeros((PATCH_FRAMES, MEL.n_mels), np.float32)
            patch[: len(log_mel)] = log_mel
            yield Window(
                inputs={"patch": patch}, start_s=start / MEL.sample_rate, duration_s=len(piece) / MEL.sample_rate
            )

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        outputs = []
        for window in windows:
            scaled = np.round(window.inputs["patch"] / _INPUT_SCALE + _INPUT_ZERO)
            quantised = np.clip(scaled, 0, 255).astype(np.uint8)[None, None]
            embedding, logits = self._net.run([_EMBEDDING, _LOGITS], {"audio": quantised})
            outputs.append({"embedding": embedding.reshape(-1), "logits": logits.reshape(-1)})
        return outputs

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        arrays = {name: mean_over_windows(outputs, name) for name in outputs[0]}
        used = windows[-1].start_s + windows[-1].duration_s
        return Features(arrays=arrays, facts={**facts, "used_seconds": round(used, 3), "num_windows": len(windows)})


def _unpack(archive: Path, folder: Path) -> Path:
    """Write the model beside its data, with its embedding and unrounded logits declared as outputs too."""
    with zipfile.ZipFile(archive) as content:
        try:
            model, data = (content.read(member) for member in _MEMBERS)
        except KeyError as error:
            raise WeightsError(f"{archive}: not the expected YAMNet archive ({error})") from error
    (folder / "model.data").write_bytes(data)
    path = folder / "model.onnx"
    path.write_bytes(model + b"".join(_extra_output(name) for name in (_EMBEDDING, _LOGITS)))
    return path


def _extra_output(name: str) -> bytes:
    """Encode a fragment of an ONNX file that adds a graph output.

    Protocol buffers merge repeated occurrences of a message, so a second `graph` (field 7 of the model) holding one
    `output` (field 12) with a `name` (field 1) extends the first.
    """

    def field(number: int, payload: bytes) -> bytes:
        return bytes([number << 3 | 2, len(payload)]) + payload

    return field(7, field(12, field(1, name.encode())))
