"""Texts, and the choice of an audio track, that all samples of a run share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from avmeter.manifest.sample_list import SampleList


def with_texts(
    samples: Iterable[Mapping[str, Any]],
    *,
    text_prompt: str | None = None,
    reference_text: str | None = None,
    language: str | None = None,
    audio_stream: int | None = None,
) -> SampleList:
    """Return samples that have these texts and this audio track, except where they have their own.

    Args:
        samples: Dicts.
        text_prompt: Text that the clips were generated from.
        reference_text: Words that should be spoken.
        language: Language of the speech, such as "en".
        audio_stream: Which audio track of the generated files is read, 0 the first; references keep their default one.
    """
    texts = {"text_prompt": text_prompt, "reference_text": reference_text, "language": language}
    shared = {key: text for key, text in texts.items() if text is not None}
    pairing = samples.pairing if isinstance(samples, SampleList) else None
    track = {} if audio_stream is None else {"audio_stream": audio_stream}
    rows = ({**shared, **({} if s.get("role") == "reference" else track), **s} for s in samples)
    return SampleList(rows, pairing=pairing)
