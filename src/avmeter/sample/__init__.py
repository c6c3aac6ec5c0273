"""One item to be scored: what the user has, in one validated value.

A sample is given as a dict. Its keys are a public contract:

    audio, video (or video_path)       the generated clip; `audio` may be a video file: its audio track is read
    reference_audio, reference         the real one, audio and video
    reference_take2 (or real_take2, take2)
                                       the scene of `reference` filmed once more
    video_mask, reference_mask, reference_take2_mask
                                       where something moves in these, as videos in black and white
    text_prompt, reference_text        what it was made from; what should be heard in it
    given_transcript                   what a recogniser of the user's heard in it
    language, fps, sample_rate         hints for text and for arrays
    audio_stream                       which audio track of the files of `audio` and `video` is read, 0 the first;
                                       default is the one that the file marks as default, else the first
    reference_audio_stream             the same for `reference_audio` and `reference`
    role                               "reference": only corpus context, never scored itself
    id                                 a name; default is the path or the position

What a medium may be is said in `reading`: paths, URLs, bytes, file objects, arrays, tensors, frames, rows of data sets.
Unknown keys are stored in `extras` for user metrics.

A value that cannot be understood (an array without a rate, a text that is a number) is a problem of its field: every
metric that needs the field skips this sample, and the others are scored. A `ManifestError` is raised only for what is
no sample at all (a list without any dict), an unknown role, or an id that two samples claim.
"""

from avmeter.sample.access import DEFAULT_ACCESS, RemoteAccess
from avmeter.sample.reading import UnreadableError, as_array
from avmeter.sample.sample import (
    DIALOGUE_FIELDS,
    MEDIA_FIELDS,
    RARE_MEDIA_FIELDS,
    RARE_TEXT_FIELDS,
    SAMPLE_KEYS,
    TEXT_FIELDS,
    Sample,
    as_samples,
)
from avmeter.sample.source import MediaSource, Problem
from avmeter.sample.stored import Cell, Span, StoredFile
from avmeter.sample.video import Video, as_video

__all__ = [
    "DEFAULT_ACCESS",
    "DIALOGUE_FIELDS",
    "MEDIA_FIELDS",
    "RARE_MEDIA_FIELDS",
    "RARE_TEXT_FIELDS",
    "SAMPLE_KEYS",
    "TEXT_FIELDS",
    "Cell",
    "MediaSource",
    "Problem",
    "RemoteAccess",
    "Sample",
    "Span",
    "StoredFile",
    "UnreadableError",
    "Video",
    "as_array",
    "as_samples",
    "as_video",
]
