"""One clip, opened once, read by everybody who measures it.

MediaItem.open("clip.mp4")
  ├── frame_times     demuxing only
  ├── audio_facts     the audio track decoded once, at its own rate
  ├── audio(spec)     ... mixed and resampled per spec, each cached
  ├── frames(request) one decoding pass for all requests registered before
  └── frame_groups(i) the same pass, for frames that are let go of group by group
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Hashable, Sequence
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.advance import Advance, unwatched
from avmeter.media.array_reader import ArrayReader
from avmeter.media.audio_checks import check_audible, check_audio
from avmeter.media.audio_spec import AudioSpec
from avmeter.media.audio_track import AudioTrack, collect_audio_track
from avmeter.media.container import File
from avmeter.media.file_reader import FileReader
from avmeter.media.frame_collector import FrameView
from avmeter.media.frame_request import FrameRequest
from avmeter.media.limits import DEFAULT_LIMITS, MediaLimits
from avmeter.media.measures import AudioFacts
from avmeter.media.mixdown import channel_weights
from avmeter.media.packets import Losses
from avmeter.media.reader import Reader
from avmeter.media.spool import ChannelView, Spool
from avmeter.media.video_track import VideoTrack
from avmeter.media.waveform import render

T = TypeVar("T")


class MediaItem:
    """A clip with audio, video or both; made by `open`, `from_audio` or `from_frames`.

    Attributes:
        name: For messages: the path, or "array".
        info: What the headers say.

    Audio and video are decoded when first asked for and cached until `release`. One item may be shared by threads.
    Streams used are those that the file marks as default, else the first of a kind.
    """

    def __init__(self, reader: Reader, *, limits: MediaLimits = DEFAULT_LIMITS, advance: Advance = unwatched) -> None:
        self.name = reader.name
        self.info = reader.info
        self._reader = reader
        self._limits = limits
        self._advance = advance
        self._lock = threading.RLock()
        self._audio: AudioTrack | None = None
        self._video: VideoTrack | None = None
        self._waveforms: dict[AudioSpec, np.ndarray | Spool | ChannelView] = {}
        self._derived: dict[Hashable, Any] = {}

    @classmethod
    def open(
        cls,
        file: File,
        *,
        decode_threads: int = 1,
        audio_stream: int | None = None,
        limits: MediaLimits = DEFAULT_LIMITS,
    ) -> MediaItem:
        """Open a file.

        Args:
            file: The path of a file, or its bytes.
            decode_threads: Of the video decoder; more than one helps if few clips are decoded at a time.
            audio_stream: Which audio stream is read, 0 the first; None: the one marked as default, else the first.
            limits: What a clip may unfold to; beyond, what is asked for is an error, `over_limit`.

        Raises:
            MediaError: As `probe`.
        """
        reader = FileReader(file, decode_threads=decode_threads, audio_stream=audio_stream, limits=limits)
        return cls(reader, limits=limits)

    @classmethod
    def from_audio(cls, array: np.ndarray, sample_rate: int, *, name: str = "array") -> MediaItem:
        """Open audio in memory.

        Args:
            array: As `samples_from_array` reads it.
            sample_rate: Hz.
            name: For messages.

        Raises:
            MediaError: `unsupported` dtype, shape or rate.
        """
        return cls(ArrayReader(audio=array, sample_rate=sample_rate, name=name))

    @classmethod
    def from_frames(
        cls,
        array: np.ndarray,
        fps: float,
        *,
        audio: np.ndarray | None = None,
        sample_rate: int | None = None,
        name: str = "array",
    ) -> MediaItem:
        """Open video in memory, with or without audio; both start at 0.

        Args:
            array: As `frames_from_array` reads it. Not copied.
            fps: Frames per second.
            audio: As in `from_audio`.
            sample_rate: Hz, of `audio`.
            name: For messages.

        Raises:
            MediaError: `no_frame_rate`; `unsupported` dtype, shape or range; `non_finite`.
        """
        return cls(ArrayReader(audio=audio, sample_rate=sample_rate, frames=array, fps=fps, name=name))

    @property
    def key(self) -> str:
        """Name of the content: equal content has an equal key."""
        return self._reader.key()

    @property
    def has_audio(self) -> bool:
        """There is an audio track; it may be empty or silent."""
        return bool(self.info.audio)

    @property
    def has_video(self) -> bool:
        """There is a video track."""
        return bool(self.info.video)

    @property
    def frame_times(self) -> np.ndarray:
        """When each frame comes on the screen: (T,) float64 seconds, sorted, relative to the first frame.

        Raises:
            MediaError: `no_video_track`, or `decode_error` if there is no frame.
        """
        return self._video_track().frame_times

    @property
    def video_duration_s(self) -> float:
        """From the first frame to the end of the last, seconds.

        Raises:
            MediaError: As `frame_times`.
        """
        return self._video_track().duration_s

    def add_requests(self, *requests: FrameRequest) -> None:
        """Announce frames that will be asked for, so that one decoding pass serves all.

        Raises:
            MediaError: As `frame_times`, if there are requests.
        """
        if not requests:
            return
        with self._lock:
            self._video_track().register(*requests)

    def frames(self, request: FrameRequest) -> np.ndarray | FrameView:
        """Return frames (n, 3, h, w) in the order of the request; an array, or what reads like one if it is large.

        Raises:
            MediaError: `no_video_track`; `decode_error` if a requested frame cannot be decoded.
            UsageError: An index is beyond the last frame.
        """
        with self._lock:
            return self._video_track().frames(request)

    def frame_groups(
        self, indices: Sequence[int], group_size: int, *, planar: bool = True
    ) -> Generator[np.ndarray, None, None]:
        """Decode frames and let go of them group by group.

        The pass serves every request that was announced, so whoever reads groups comes before whoever reads frames.

        Args:
            indices: Frames, in order; may repeat.
            group_size: Frames of a group; what is left of the last one is not yielded.
            planar: As planes where the file has them.

        Yields:
            Planes (group_size, h + h / 2 + 1, w), see `planes`; RGB (group_size, H, W, 3) where there are none.

        Raises:
            MediaError: `no_video_track`; `decode_error` after the last group before what cannot be decoded.
        """
        return self._video_track().frame_groups(indices, group_size, planar=planar)

    @property
    def audio_facts(self) -> AudioFacts:
        """What decoding the audio track has shown.

        Raises:
            MediaError: `no_audio_track`; `decode_error` if nothing of it can be decoded.
        """
        return self._audio_track().facts

    def audio(self, spec: AudioSpec) -> np.ndarray | Spool | ChannelView:
        """Return the waveform: (N,) float32, or (C, N) with mixdown "none"; an array, or what reads like one.

        Silence is not an error here: see `require_sound`.

        Raises:
            MediaError: `no_audio_track`; `decode_error`; and as `check_audio`.
        """
        with self._lock:
            if spec not in self._waveforms:
                track = self._audio_track()
                check_audio(
                    track.facts,
                    spec,
                    name=self.name,
                    streams=self.info.describe(),
                    latest_start_s=self._limits.max_gap_s,
                )
                weights = channel_weights(track.facts.layout or ("NONE",) * track.facts.num_channels)
                self._waveforms[spec] = render(track, spec, weights, advance=self._advance)
            return self._waveforms[spec]

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what several readers of this clip compute from it alike; small, computed once, kept until `release`.

        Args:
            key: What it is, with all that it depends on besides the clip.
            make: Computes it; what it raises is not kept.
        """
        with self._lock:
            if key not in self._derived:
                self._derived[key] = make()
            value: T = self._derived[key]
            return value

    def check_in(self) -> None:
        """Let a run that was ended end here; for long loops over what was decoded.

        Raises:
            MediaError: `interrupted`.
        """
        self._advance(0.0)

    def release(self) -> None:
        """Let go of what was decoded. Arrays that callers hold stay valid; the item can be used again."""
        with self._lock:
            self._waveforms.clear()
            self._derived.clear()
            self._audio = None
            if self._video is not None:
                self._video.release()

    def __enter__(self) -> MediaItem:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"MediaItem({self.name!r}: {self.info.describe()})"

    def _video_track(self) -> VideoTrack:
        with self._lock:
            if self._video is None:
                self._video = self._open_video()
            return self._video

    def _open_video(self) -> VideoTrack:
        if not self.has_video:
            self._check_decoder("video")
            raise MediaError(
                SkipCode.NO_VIDEO_TRACK,
                f"{self.name}: no video track ({self.info.describe()})",
                hint="give `video=`, or leave out the metrics that need one",
            )
        stream = self.info.video[0]
        self._limits.check_size(stream.width, stream.height, name=self.name)
        timestamps = self._reader.timestamps()
        if not len(timestamps):
            raise MediaError(
                SkipCode.DECODE_ERROR,
                f"{self.name}: the video track holds no frames ({self.info.describe()})",
                hint="the file is damaged or truncated: make it again",
            )
        track = VideoTrack(
            timestamps=timestamps,
            decode=self._reader.frames,
            name=self.name,
            limits=self._limits,
            advance=self._advance,
        )
        self._limits.check_frames(track.frame_times, track.duration_s, name=self.name)
        return track

    def _audio_track(self) -> AudioTrack:
        with self._lock:
            if self._audio is None:
                self._audio = self._decode_audio()
            return self._audio

    def _decode_audio(self) -> AudioTrack:
        if not self.has_audio:
            self._check_decoder("audio")
            raise MediaError(
                SkipCode.NO_AUDIO_TRACK,
                f"{self.name}: no audio track ({self.info.describe()})",
                hint="give `audio=`, or leave out the metrics that need sound",
            )
        stream = self.info.audio[0]
        self._limits.check_sound(stream.sample_rate, stream.num_channels, name=self.name)
        losses = Losses()
        track = collect_audio_track(
            self._limits.bounded(self._reader.audio_blocks(losses), name=self.name),
            losses,
            sample_rate=stream.sample_rate,
            num_channels=stream.num_channels,
            video_start_s=self._video_start_s(),
            header_duration_s=stream.duration_s,
            longest_gaps_s=self._limits.max_gap_s,
            advance=self._advance,
        )
        if not track.facts.num_samples and (losses.num_packets or losses.cut_off):
            raise MediaError(
                SkipCode.DECODE_ERROR,
                f"{self.name}: nothing of the audio track can be decoded ({stream.codec}; {losses.reason})",
                hint="the file is damaged or truncated: make it again",
            )
        return track

    def _check_decoder(self, kind: str) -> None:
        """Tell a stream that cannot be decoded from one that is not there."""
        if kind in self.info.undecodable:
            raise MediaError(
                SkipCode.NO_DECODER,
                f"{self.name}: no decoder for the codec of its {kind} stream ({self.info.describe()})",
                hint="encode the stream as a common codec, such as AAC, FLAC or H.264",
            )

    def _video_start_s(self) -> float | None:
        """Time of the first frame on the container's clock; None without video, or with one that is broken."""
        if not self.has_video:
            return None
        try:
            return self._video_track().timestamps.start_s
        except MediaError:  # raised for whoever asks for frames; the audio may be whole
            return None


def require_sound(item: MediaItem) -> AudioFacts:
    """Return the facts of an audio track in which something can be heard.

    Raises:
        MediaError: `silent` if no sample of the mono mix is above one step of 16 bits; else as `MediaItem.audio`.
    """
    facts = item.audio_facts
    check_audio(facts, AudioSpec(), name=item.name, streams=item.info.describe())
    check_audible(facts, name=item.name)
    return facts
