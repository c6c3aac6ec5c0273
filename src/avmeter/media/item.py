"""One clip, opened once, read by everybody who measures it.

MediaItem.open("clip.mp4")
  ├── frame_times     demuxing only
  ├── audio_facts     the sound track decoded once, at its own rate
  ├── audio(spec)     ... mixed and resampled per spec, each kept
  └── frames(request) one decoding pass for all requests registered before
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import numpy as np

from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.media.arrays import picture_of_array, sound_of_array
from avmeter.media.audio import AudioSpec, first_point, render
from avmeter.media.clock import picture_duration_s
from avmeter.media.decode import Losses, PictureTimes, SoundBlock, picture_frames, picture_times, sound_blocks
from avmeter.media.keys import array_key, content_key
from avmeter.media.mixdown import channel_weights, channels_of_count
from avmeter.media.probe import AudioStream, MediaInfo, VideoStream, probe
from avmeter.media.spool import ChannelView, Spool
from avmeter.media.track import SILENCE_PEAK, AudioFacts, SoundTrack, collect_track
from avmeter.media.video import FrameCollector, FrameRequest, FrameView

# A track that starts later than this is not late, its time stamps are wrong.
_LATEST_START_S = 3600.0


class MediaItem:
    """A clip with sound, picture or both; made by `open`, `from_audio` or `from_frames`.

    Attributes:
        name: For messages: the path, or "array".
        info: What the headers say.

    Sound and picture are decoded when first asked for and kept until `release`. One item may be shared by threads.
    Streams used are the first sound track and the first picture track.
    """

    def __init__(
        self,
        *,
        name: str,
        info: MediaInfo,
        key: Callable[[], str],
        sound: np.ndarray | None = None,
        picture: np.ndarray | None = None,
        fps: float | None = None,
        decode_threads: int = 1,
    ) -> None:
        self.name = name
        self.info = info
        self._key = key
        self._sound = sound
        self._picture = picture
        self._fps = fps
        self._decode_threads = decode_threads
        self._lock = threading.RLock()
        self._track: SoundTrack | None = None
        self._times: PictureTimes | None = None
        self._waveforms: dict[AudioSpec, np.ndarray | Spool | ChannelView] = {}
        self._registered: dict[FrameRequest, None] = {}
        self._collected: dict[FrameRequest, FrameCollector] = {}
        self._failed: dict[FrameRequest, MediaError] = {}

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, decode_threads: int = 1) -> MediaItem:
        """A file.

        Args:
            path: The file.
            decode_threads: Of the video decoder; more than one helps if few clips are decoded at a time.

        Raises:
            MediaError: As `probe`.
        """
        info = probe(path)
        return cls(name=os.fspath(path), info=info, key=lambda: content_key(path), decode_threads=decode_threads)

    @classmethod
    def from_audio(cls, array: np.ndarray, sample_rate: int, *, name: str = "array") -> MediaItem:
        """Sound in memory.

        Args:
            array: (N,), (C, N) or (N, C): the shorter axis is the channels, equal axes mean (C, N). Floats with full
                scale 1, or PCM as uint8, int16 or int32.
            sample_rate: Hz.
            name: For messages.

        Raises:
            MediaError: `unsupported` type, shape or rate.
        """
        array = np.asarray(array)
        sound = sound_of_array(array, name)
        info = MediaInfo(
            path=name,
            size_bytes=array.nbytes,
            container="array",
            audio=(_sound_stream(sound, _whole_rate(sample_rate, name)),),
            video=(),
        )
        return cls(name=name, info=info, key=lambda: array_key(array, sample_rate), sound=sound)

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
        """A picture in memory, with or without sound; both start at 0.

        Args:
            array: (T, 3, H, W) or (T, H, W, 3), uint8 or float in [0, 1]. Not copied.
            fps: Frames a second.
            audio: As in `from_audio`.
            sample_rate: Hz, of `audio`.
            name: For messages.

        Raises:
            MediaError: `no_frame_rate`; `unsupported` type, shape or range; `non_finite`.
        """
        array = np.asarray(array)
        picture = picture_of_array(array, name)
        if fps is None or not 0 < fps < float("inf"):
            raise MediaError(
                SkipCode.NO_FRAME_RATE, f"{name}: frames with a rate of {fps}", hint="give `fps=` with the frames"
            )
        sound = None if audio is None else sound_of_array(np.asarray(audio), name)
        tracks = () if sound is None else (_sound_stream(sound, _whole_rate(sample_rate, name)),)
        info = MediaInfo(
            path=name,
            size_bytes=array.nbytes + (0 if audio is None else np.asarray(audio).nbytes),
            container="array",
            audio=tracks,
            video=(_picture_stream(picture, float(fps)),),
        )

        def key() -> str:
            own = array_key(array, fps)
            return own if audio is None else f"{array_key(np.asarray(audio), sample_rate)}:{own}"

        return cls(name=name, info=info, key=key, sound=sound, picture=picture, fps=float(fps))

    @property
    def key(self) -> str:
        """Name of the content: equal content has an equal key."""
        return self._key()

    @property
    def has_audio(self) -> bool:
        """There is a sound track; it may be empty or silent."""
        return bool(self.info.audio)

    @property
    def has_video(self) -> bool:
        """There is a picture track."""
        return bool(self.info.video)

    # -- picture ---------------------------------------------------------------------------------------------

    @property
    def frame_times(self) -> np.ndarray:
        """When each frame comes on the screen: (T,) float64 seconds, sorted, relative to the first frame.

        Raises:
            MediaError: `no_video_track`, or `decode_error` if there is no frame.
        """
        return self._picture_times().times_s

    @property
    def picture_duration_s(self) -> float:
        """From the first frame to the end of the last, seconds.

        Raises:
            MediaError: As `frame_times`.
        """
        times = self._picture_times()
        return picture_duration_s(times.times_s, times.last_duration_s)

    def add_requests(self, *requests: FrameRequest) -> None:
        """Announce frames that will be asked for, so that one decoding pass serves all."""
        with self._lock:
            self._registered.update(dict.fromkeys(requests))

    def frames(self, request: FrameRequest) -> np.ndarray | FrameView:
        """Frames (n, 3, h, w) in the order of the request; an array, or what reads like one if it is large.

        Raises:
            MediaError: `no_video_track`; `decode_error` if a frame that is wanted cannot be decoded.
            UsageError: An index is beyond the last frame.
        """
        with self._lock:
            num_frames = len(self._picture_times().stamps)
            if request.indices and max(request.indices) >= num_frames:
                raise UsageError(f"{self.name}: frame {max(request.indices)} of {num_frames} was asked for")
            self._registered[request] = None
            if request not in self._collected and request not in self._failed:
                self._collect(num_frames)
            if request in self._failed:
                raise self._failed[request]
            return self._collected[request].result(request)

    def _collect(self, num_frames: int) -> None:
        """One decoding pass for all requests that have not been served."""
        done = self._collected.keys() | self._failed.keys()
        pending = [r for r in self._registered if r not in done and (not r.indices or max(r.indices) < num_frames)]
        collector = FrameCollector(pending)
        losses = Losses()
        for index, frame in self._decoded_frames(collector.indices, losses):
            collector.add(index, frame)
        for request in pending:
            missing = collector.missing(request)
            if missing:
                self._failed[request] = MediaError(
                    SkipCode.DECODE_ERROR,
                    f"{self.name}: frame {missing[0]} cannot be decoded ({len(set(request.indices)) - len(missing)} of "
                    f"{len(set(request.indices))} wanted frames were; {losses.reason})",
                    hint="the file is damaged or truncated: make it again",
                )
            else:
                self._collected[request] = collector

    def _decoded_frames(self, wanted: set[int], losses: Losses) -> Iterator[tuple[int, np.ndarray]]:
        if self._picture is not None:
            return ((i, self._picture[i]) for i in sorted(wanted))
        stamps = self._picture_times().stamps
        return picture_frames(self.info.path, stamps, set(wanted), losses, num_threads=self._decode_threads)

    def _picture_times(self) -> PictureTimes:
        with self._lock:
            if self._times is None:
                self._times = self._find_times()
            return self._times

    def _find_times(self) -> PictureTimes:
        if not self.has_video:
            raise MediaError(
                SkipCode.NO_VIDEO_TRACK,
                f"{self.name}: no video track ({self.info.describe()})",
                hint="give `video=`, or leave out the metrics that need a picture",
            )
        if self._picture is not None and self._fps is not None:
            stamps = np.arange(len(self._picture))
            return PictureTimes(stamps=stamps, unit_s=1 / self._fps, last_duration_s=1 / self._fps)
        times = picture_times(self.info.path)
        if not len(times.stamps):
            raise MediaError(
                SkipCode.DECODE_ERROR,
                f"{self.name}: the video track holds no frames ({self.info.describe()})",
                hint="the file is damaged or truncated: make it again",
            )
        return times

    # -- sound -----------------------------------------------------------------------------------------------

    @property
    def audio_facts(self) -> AudioFacts:
        """What decoding the sound track has shown.

        Raises:
            MediaError: `no_audio_track`; `decode_error` if nothing of it can be decoded.
        """
        return self._sound_track().facts

    def audio(self, spec: AudioSpec) -> np.ndarray | Spool | ChannelView:
        """The waveform: (N,) float32, or (C, N) with mixdown "none"; an array, or what reads like one if it is large.

        Silence is not an error here: see `require_sound`.

        Raises:
            MediaError: `no_audio_track`; `decode_error`; `empty_audio` if there is no point; `non_finite` if there
                are NaN or infinite points; `phase_cancelled` if the channels have sound and their mean has none.
        """
        with self._lock:
            if spec not in self._waveforms:
                track = self._sound_track()
                self._check(track.facts, spec)
                weights = channel_weights(track.facts.layout or ("NONE",) * track.facts.num_channels)
                self._waveforms[spec] = render(track, spec, weights)
            return self._waveforms[spec]

    def _check(self, facts: AudioFacts, spec: AudioSpec) -> None:
        if not facts.num_samples:
            raise MediaError(
                SkipCode.EMPTY_AUDIO,
                f"{self.name}: the audio track holds no samples ({self.info.describe()})",
                hint="make the file again",
            )
        if spec.clock == "picture" and first_point(facts) + facts.num_samples + sum(n for _, n in facts.gaps) <= 0:
            raise MediaError(
                SkipCode.EMPTY_AUDIO,
                f"{self.name}: the sound ends before the first frame (it starts {facts.start_s:.3f} s from it)",
            )
        if spec.clock == "picture" and facts.start_s > _LATEST_START_S:
            raise MediaError(
                SkipCode.DECODE_ERROR,
                f"{self.name}: the sound starts {facts.start_s:.0f} s after the picture: broken time stamps",
                hint="put both tracks on one clock: mux the file again",
            )
        if facts.num_non_finite:
            total = facts.num_samples * facts.num_channels
            raise MediaError(
                SkipCode.NON_FINITE,
                f"{self.name}: {facts.num_non_finite} of {total} audio samples are NaN or infinite",
                hint="the model or the writer of the file diverged: make it again",
            )
        if facts.phase_cancelled and spec.mixdown == "mean":
            level = ", ".join(f"{r:.3g}" for r in facts.channel_rms)
            raise MediaError(
                SkipCode.PHASE_CANCELLED,
                f"{self.name}: the {facts.num_channels} channels cancel each other in the mono mix "
                f"(RMS {level}; mix {facts.mix_rms:.3g})",
                hint="one channel has its polarity inverted; score one channel, or make the file again",
            )

    def _sound_track(self) -> SoundTrack:
        with self._lock:
            if self._track is None:
                self._track = self._decode_sound()
            return self._track

    def _decode_sound(self) -> SoundTrack:
        if not self.has_audio:
            raise MediaError(
                SkipCode.NO_AUDIO_TRACK,
                f"{self.name}: no audio track ({self.info.describe()})",
                hint="give `audio=`, or leave out the metrics that need sound",
            )
        stream = self.info.audio[0]
        losses = Losses()
        blocks = _blocks_of(self._sound, stream) if self._sound is not None else sound_blocks(self.info.path, losses)
        track = collect_track(
            blocks,
            losses,
            sample_rate=stream.sample_rate,
            num_channels=stream.num_channels,
            picture_start_s=self._picture_start_s(),
            header_duration_s=stream.duration_s,
        )
        if not track.facts.num_samples and (losses.num_packets or losses.cut_off):
            raise MediaError(
                SkipCode.DECODE_ERROR,
                f"{self.name}: nothing of the audio track can be decoded ({stream.codec}; {losses.reason})",
                hint="the file is damaged or truncated: make it again",
            )
        return track

    def _picture_start_s(self) -> float | None:
        """Of the first frame on the container's clock; None without a picture, or with one that is broken."""
        if not self.has_video:
            return None
        try:
            return self._picture_times().start_s
        except MediaError:  # told to whoever asks for frames; the sound may be whole
            return None

    # -- life ------------------------------------------------------------------------------------------------

    def release(self) -> None:
        """Let go of what was decoded. What was handed out stays valid; the item can be used again."""
        with self._lock:
            self._waveforms.clear()
            self._registered.clear()
            self._collected.clear()
            self._failed.clear()
            self._track = None

    def __enter__(self) -> MediaItem:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"MediaItem({self.name!r}: {self.info.describe()})"


def require_sound(item: MediaItem) -> AudioFacts:
    """The facts of a sound track in which something can be heard.

    Raises:
        MediaError: `silent` if no point of the mono mix is above one step of 16 bits; else as `MediaItem.audio`.
    """
    facts = item.audio_facts
    item._check(facts, AudioSpec())
    if facts.is_silent:
        only_low = max(facts.channel_peaks) > SILENCE_PEAK
        why = "only the low-frequency channel has sound" if only_low else f"peak {facts.mix_peak:.2g}"
        raise MediaError(
            SkipCode.SILENT,
            f"{item.name}: the audio track is silent ({why}, {facts.duration_s:.2f} s)",
            hint="check what made it",
        )
    return facts


def _blocks_of(sound: np.ndarray, stream: AudioStream) -> Iterator[SoundBlock]:
    channels = channels_of_count(stream.num_channels)
    for start in range(0, len(sound), 1 << 16):
        points = sound[start : start + (1 << 16)]
        yield SoundBlock(points=points, sample_rate=stream.sample_rate, channels=channels, time_s=None)


def _whole_rate(sample_rate: Any, name: str) -> int:
    if sample_rate is None or not 0 < sample_rate < 1 << 31 or int(sample_rate) != sample_rate:
        raise MediaError(
            SkipCode.UNSUPPORTED, f"{name}: a sample rate of {sample_rate} Hz", hint="give a whole number of Hz"
        )
    return int(sample_rate)


def _sound_stream(sound: np.ndarray, sample_rate: int) -> AudioStream:
    num_channels = sound.shape[1]
    return AudioStream(
        index=0,
        codec="array",
        sample_rate=sample_rate,
        num_channels=num_channels,
        layout=f"{num_channels} channels",
        sample_format="flt",
        start_s=0.0,
        duration_s=len(sound) / sample_rate,
    )


def _picture_stream(picture: np.ndarray, fps: float) -> VideoStream:
    num_frames, height, width = picture.shape[:3]
    return VideoStream(
        index=0,
        codec="array",
        width=width,
        height=height,
        rotation_deg=0,
        average_fps=fps,
        start_s=0.0,
        duration_s=num_frames / fps,
        num_frames=num_frames,
    )
