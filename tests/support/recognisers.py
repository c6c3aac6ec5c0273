"""Recognisers without the engine, and the files of tiny ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models

from avmeter.features.base import Features, Window, get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from support.extractors import extract

RATE = 16_000


WORDS = [f"▁w{i}" for i in range(40)]


def noise(duration_s: float, seed: int = 0) -> np.ndarray:
    """Return quiet noise, the same every time."""
    return (0.1 * np.random.default_rng(seed).standard_normal(round(duration_s * RATE))).astype(np.float32)


def window(waveform: np.ndarray) -> Window:
    """Return a window that is speech from its beginning to its end."""
    spoken = np.array([[0, len(waveform)]])
    return Window(inputs={"waveform": waveform, "spoken": spoken}, duration_s=len(waveform) / RATE)


def write_tokenizer(file: Path, special: list[str]) -> dict[str, int]:
    """Forty words, then special tokens."""
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token=WORDS[0]))
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in special])
    tokenizer.save(str(file))
    return tokenizer.get_vocab()


SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|zh|>", "<|translate|>", "<|transcribe|>",
           "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]  # fmt: skip


def whisper(folder: Path, on: Runtime, **options: Any) -> Any:
    """Return Whisper out of a folder, loaded."""
    extractor: Any = get_extractor("whisper_transformers", model_name=str(folder), **options)
    extractor.load(on)
    return extractor


def transcript(extractor: Any, waveform: np.ndarray, on: Runtime) -> Features:
    """Transcribe one clip."""
    with MediaItem.from_audio(waveform, RATE) as item:
        return extract(extractor, item, on)
