"""Speech synthesised on this machine by espeak-ng: robotic, deterministic, a hundred languages, no download.

The library comes with the wheel `espeakng-loader` (espeak-ng is GPL-3; nothing of it is part of this package). It
keeps its state in globals and ends the process on some errors, so each text is spoken by a process of its own:

    python -m avmeter.demo.speech  <  request as JSON  >  rate (uint32), then samples (int16), both little endian
"""

from __future__ import annotations

import ctypes
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avmeter.errors import AvmeterError, MissingDependencyError, UsageError

WORDS_PER_MINUTE = 175
"""espeak-ng's own default."""

_TIMEOUT_S = 120
_VOICE_UNKNOWN = 3  # exit status of the speaking process

# espeak-ng/speak_lib.h: audio is handed to the callback before espeak_Synth returns; errors come back as values.
_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_RATE = 1
_BY_CHARACTER = 1
_UTF8 = 1
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def speak(
    text: str, voice: str = "en", *, sample_rate: int | None = None, words_per_minute: int = WORDS_PER_MINUTE
) -> tuple[NDArray[np.float32], int]:
    """Synthesise a spoken text.

    Args:
        text: What to say; not empty.
        voice: Voice or language of espeak-ng: "en", "en-us", "de", "fr", "es", "it", "cmn" (Mandarin), "ja" (kana
            only: kanji are not read), ...; "+f3" behind it takes a female variant.
        sample_rate: Rate of the result in Hz; None keeps espeak-ng's 22050.
        words_per_minute: Pace, 80 to 450.

    Returns:
        Samples (T,) in -1 ... 1, and their rate in Hz. The same request gives the same samples.

    Raises:
        MissingDependencyError: `espeakng-loader` is not installed.
        UsageError: No text, no such voice, or a pace out of range.
        AvmeterError: espeak-ng failed.
    """
    _check(text, words_per_minute)
    if find_spec("espeakng_loader") is None:
        raise MissingDependencyError(
            "speech for demonstrations needs espeak-ng, which is not installed", hint="pip install 'avmeter[demo]'"
        )
    request = json.dumps({"text": text, "voice": voice, "words_per_minute": words_per_minute})
    samples, rate = _synthesise_apart(request, voice)
    if sample_rate is None or sample_rate == rate:
        return samples, rate
    import soxr

    resampled = soxr.resample(samples, rate, sample_rate)
    return np.clip(resampled, -1, 1).astype(np.float32), sample_rate


def _check(text: str, words_per_minute: int) -> None:
    if not text.strip():
        raise UsageError("there is no text to speak")
    if "\0" in text:
        raise UsageError("the text to speak has a NUL character in it")
    if not 80 <= words_per_minute <= 450:
        raise UsageError(f"words_per_minute is {words_per_minute}", hint="espeak-ng speaks 80 to 450 words per minute")


def _synthesise_apart(request: str, voice: str) -> tuple[NDArray[np.float32], int]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=request.encode("utf-8"),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AvmeterError(f"espeak-ng did not finish within {_TIMEOUT_S} s", hint="give a shorter text") from error
    if done.returncode == _VOICE_UNKNOWN:
        raise UsageError(f"espeak-ng has no voice `{voice}`", hint="give a language code: en, de, fr, es, it, cmn, ja")
    if done.returncode or len(done.stdout) <= 4:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise AvmeterError(f"espeak-ng gave no sound (exit status {done.returncode}): {said or 'no message'}")
    (rate,) = struct.unpack_from("<I", done.stdout)
    samples = np.frombuffer(done.stdout, dtype="<i2", offset=4).astype(np.float32) / np.float32(32768)
    return samples, int(rate)


def _synthesise(request: dict[str, Any], emit: Callable[[bytes], object]) -> int:
    """Synthesise a request in this process, and return the exit status."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    path = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, path, _DO_NOT_EXIT)
    if rate <= 0:
        sys.stderr.write(f"espeak_Initialize failed with {rate} on {path.decode()}\n")
        return 1
    if library.espeak_SetVoiceByName(request["voice"].encode("utf-8")):
        return _VOICE_UNKNOWN
    library.espeak_SetParameter(_RATE, request["words_per_minute"], 0)
    emit(struct.pack("<I", rate))

    def take(samples: Any, num_samples: int, _events: Any) -> int:
        if num_samples > 0:
            emit(ctypes.string_at(samples, 2 * num_samples))
        return 0

    callback = _CALLBACK(take)
    library.espeak_SetSynthCallback(callback)
    text = request["text"].encode("utf-8") + b"\0"
    status = library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, _BY_CHARACTER, 0, _UTF8, None, None)
    library.espeak_Terminate()
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(_synthesise(json.load(sys.stdin), sys.stdout.buffer.write))
