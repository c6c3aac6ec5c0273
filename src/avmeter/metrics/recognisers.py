"""Speech recognisers that a metric can choose by backend and engine: which extractor runs each, with which options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from avmeter.errors import UnknownNameError
from avmeter.metrics.base import Need
from avmeter.weights import catalog


@dataclass(frozen=True, kw_only=True)
class Recogniser:
    """One backend run by one engine.

    Attributes:
        extractor: Registered name; None where the transcript is given.
        own_options: Options that no other recogniser has.
        takes_language: A language hint can be passed to it.
    """

    extractor: str | None
    own_options: tuple[str, ...] = ()
    takes_language: bool = True


GIVEN = "given"
"""Backend that recognises nothing: transcripts are those of the samples, `given_transcript`."""

RECOGNISERS: Mapping[str, Mapping[str, Recogniser]] = MappingProxyType(
    {
        "whisper": {
            "faster-whisper": Recogniser(extractor="whisper"),
            "transformers": Recogniser(extractor="whisper_transformers", own_options=("timestamps",)),
        },
        "glm_asr": {
            "transformers": Recogniser(extractor="glm_asr", own_options=("instruction",), takes_language=False)
        },
        "sensevoice": {"sherpa-onnx": Recogniser(extractor="sensevoice")},
        "paraformer": {"avmeter": Recogniser(extractor="paraformer")},
        GIVEN: {"none": Recogniser(extractor=None)},
    }
)
"""Backend -> engine -> recogniser; the first engine of a backend is its default."""

_WHISPER = "faster-whisper-"


def default_engine(backend: str) -> str:
    """Return the engine that runs a backend unless another one is asked for."""
    return next(iter(RECOGNISERS[backend]))


def find_recogniser(backend: str, engine: str | None = None) -> Recogniser:
    """Return a backend's recogniser, by its default engine unless one is named.

    Raises:
        UnknownNameError: No such backend, or the backend has no such engine.
    """
    if backend not in RECOGNISERS:
        raise UnknownNameError.among("asr_backend", backend, RECOGNISERS)
    engines = RECOGNISERS[backend]
    if engine is not None and engine not in engines:
        raise UnknownNameError.among(f"engine of asr_backend `{backend}`", engine, engines)
    return engines[engine or default_engine(backend)]


def recogniser_choices() -> dict[str, Sequence[str]]:
    """Return the choices among recognisers and their checkpoints; not every combination exists."""
    engines = dict.fromkeys(engine for of_backend in RECOGNISERS.values() for engine in of_backend)
    sizes = tuple(name.removeprefix(_WHISPER) for name in catalog() if name.startswith(_WHISPER))
    return {"asr_backend": tuple(RECOGNISERS), "engine": tuple(engines), "model_name": sizes}


def transcript_needs(
    name: str, recogniser: Recogniser, options: Mapping[str, Any], *, optional: bool = False
) -> tuple[Need, ...]:
    """Return the need for a transcript of a sample's sound, none where it is given; a language hint is passed on."""
    if recogniser.extractor is None:
        return ()
    need = Need(
        name=name,
        field="audio",
        extractor=recogniser.extractor,
        options=options,
        options_from={"language": "language"} if recogniser.takes_language else {},
        optional=optional,
    )
    return (need,)


def assumed_language(*transcripts: Mapping[str, Any]) -> dict[str, str]:
    """Return, for details, the language that a recogniser of one language took for granted; none where it was known."""
    found = (facts.get("assumed_language") for facts in transcripts)
    return next(({"assumed_language": language} for language in found if language), {})
