"""Media files and arrays: opened once, decoded once, handed out in the form that is asked for.

    file_reader, array_reader    where a clip comes from
    audio_track, video_track     decoded, with facts and times
    audio_spec, frame_request    the form in which they are asked for
    item                         hands both out
    opening                      opens the source behind a field of a sample
    probe, description           what a file says of itself, and what is in it
    limits                       how much a file may unfold to
    advance                      how far decoding is, and its end from outside

Knows nothing of extractors and metrics.
"""

from avmeter.media.advance import Advance, unwatched
from avmeter.media.array_reader import unknown_rate
from avmeter.media.audio_spec import AudioSpec, Clock
from avmeter.media.clock import (
    first_frame_from,
    fixed_rate_indices,
    frames_at,
    last_frame_before,
    rounded_rate_indices,
    video_duration_s,
)
from avmeter.media.description import describe_file
from avmeter.media.frame_request import FrameRequest
from avmeter.media.hashing import KnownHash, array_key, content_key, known_hashes, remember_hashes
from avmeter.media.item import MediaItem, require_sound
from avmeter.media.limits import DEFAULT_LIMITS, MediaLimits
from avmeter.media.measures import SILENCE_PEAK, AudioFacts
from avmeter.media.opening import media_key, open_media
from avmeter.media.planes import PlaneCode, rgb_of_planes
from avmeter.media.probe import AudioStream, MediaInfo, VideoStream, probe
from avmeter.media.resize import Crop, Resize, bicubic_taps, crop_corner, cropped, resize_batch, resize_frame
from avmeter.media.spool import Spool
from avmeter.media.still import differs, is_still
from avmeter.media.versions import decoder_version

__all__ = [
    "DEFAULT_LIMITS",
    "SILENCE_PEAK",
    "Advance",
    "AudioFacts",
    "AudioSpec",
    "AudioStream",
    "Clock",
    "Crop",
    "FrameRequest",
    "KnownHash",
    "MediaInfo",
    "MediaItem",
    "MediaLimits",
    "PlaneCode",
    "Resize",
    "Spool",
    "VideoStream",
    "array_key",
    "bicubic_taps",
    "content_key",
    "crop_corner",
    "cropped",
    "decoder_version",
    "describe_file",
    "differs",
    "first_frame_from",
    "fixed_rate_indices",
    "frames_at",
    "is_still",
    "known_hashes",
    "last_frame_before",
    "media_key",
    "open_media",
    "probe",
    "remember_hashes",
    "require_sound",
    "resize_batch",
    "resize_frame",
    "rgb_of_planes",
    "rounded_rate_indices",
    "unknown_rate",
    "unwatched",
    "video_duration_s",
]
