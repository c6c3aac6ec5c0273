"""Media files and arrays: what is in them, decoded once, in the form that is asked for."""

from avmeter.media.audio import AudioSpec
from avmeter.media.clock import (
    first_frame_from,
    fixed_rate_indices,
    frames_at,
    last_frame_before,
    picture_duration_s,
    rounded_rate_indices,
)
from avmeter.media.item import MediaItem, require_sound
from avmeter.media.keys import array_key, content_key
from avmeter.media.probe import AudioStream, MediaInfo, VideoStream, probe
from avmeter.media.resize import Resize, resize_batch, resize_frame
from avmeter.media.spool import Spool
from avmeter.media.track import AudioFacts
from avmeter.media.video import FrameRequest

__all__ = [
    "AudioFacts",
    "AudioSpec",
    "AudioStream",
    "FrameRequest",
    "MediaInfo",
    "MediaItem",
    "Resize",
    "Spool",
    "VideoStream",
    "array_key",
    "content_key",
    "first_frame_from",
    "fixed_rate_indices",
    "frames_at",
    "last_frame_before",
    "picture_duration_s",
    "probe",
    "require_sound",
    "resize_batch",
    "resize_frame",
    "rounded_rate_indices",
]
