"""Reading clips and folders, under the names that FastVideo has for it."""

from avmeter.fastvideo.io.audio import NoAudioStreamError, extract_audio_track
from avmeter.fastvideo.io.inputs import as_video, samples_from
from avmeter.fastvideo.io.paths import build_eval_kwargs, default_filename, glob_videos, sanitize_prompt
from avmeter.fastvideo.io.video import extract_frames, load_video

__all__ = [
    "NoAudioStreamError",
    "as_video",
    "build_eval_kwargs",
    "default_filename",
    "extract_audio_track",
    "extract_frames",
    "glob_videos",
    "load_video",
    "samples_from",
    "sanitize_prompt",
]
