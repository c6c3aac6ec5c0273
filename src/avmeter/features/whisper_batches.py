"""Whisper's sliding window over many clips at once, on a model of faster-whisper.

    log-mel of each clip -> windows of 30 s, one of each clip -> encoder -> language -> decoder -> segments, next window

Each clip goes through the windows, prompts and rules that `WhisperModel.transcribe` of faster-whisper 1.2 applies at
temperature 0 without earlier text; the calls of the networks are shared by all clips. The language is detected on the
first window as the decoder gets it, so that the window is encoded once. `WhisperModel` encodes it a second time for
that, with one frame more, which moves probabilities by up to 0.03; where two languages are that close, so does this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from avmeter.telemetry import import_without_telemetry
from avmeter.text.repetition import compression_ratio

_FRAME_S, _TOKEN_S = 0.01, 0.02
_FRAMES_PER_TOKEN = 2
_WINDOW_FRAMES = 3000
_MAX_LENGTH = 448  # tokens, the prompt's included
_LATEST_START = 50  # timestamps: the first segment starts within a second
_CLEAR_LEAD = 0.1  # probability of the likeliest language over that of the next
_NO_SPEECH_LIMIT, _LOGPROB_LIMIT = 0.6, -1.0


@dataclass(kw_only=True)
class Transcript:
    """What has been transcribed of a clip so far.

    Attributes:
        features: Log-mel frames (bands, T).
        language: Whisper's code.
        language_probability: 1 where it was not detected.
        segments: start_s, end_s, text and evidence of each.
        seek: First frame of the next window.
    """

    features: np.ndarray
    language: str | None
    language_probability: float = 1.0
    segments: list[dict[str, Any]] = field(default_factory=list)
    seek: int = 0

    @property
    def num_frames(self) -> int:
        """Frames of sound."""
        return int(self.features.shape[-1]) - 1

    @property
    def window_frames(self) -> int:
        """Frames of sound in the next window; 0 at the end."""
        return min(_WINDOW_FRAMES, self.num_frames - self.seek)

    def window(self) -> np.ndarray:
        """Return the next window (bands, 3000), zeros behind the sound."""
        return _padded(self.features[:, self.seek : self.seek + self.window_frames])


class WhisperBatches:
    """Transcribes batches of clips.

    Args:
        net: `faster_whisper.WhisperModel`.
    """

    def __init__(self, net: Any) -> None:
        self._net = net
        self._module = import_without_telemetry("faster_whisper.transcribe")
        self._tokenizers: dict[str, Any] = {}

    @property
    def is_multilingual(self) -> bool:
        """Whether the model knows languages beside English."""
        return bool(self._net.model.is_multilingual)

    @property
    def front_end(self) -> dict[str, int]:
        """Settings of the log-mels that the model reads: arguments of faster-whisper's `FeatureExtractor`."""
        extractor = self._net.feature_extractor
        names = ("n_fft", "hop_length", "sampling_rate", "chunk_length")
        return {"feature_size": len(extractor.mel_filters), **{name: int(getattr(extractor, name)) for name in names}}

    def transcribe(self, log_mels: Sequence[np.ndarray], language: str | None, *, beam_size: int) -> list[Transcript]:
        """Return the transcript of each clip.

        Args:
            log_mels: The clips, (bands, T) each, by the model's front end.
            language: Whisper's code; None detects it.
            beam_size: 1 is greedy.
        """
        if not self.is_multilingual:
            language = "en"
        clips = [Transcript(features=log_mel, language=language) for log_mel in log_mels]
        while pending := [clip for clip in clips if clip.window_frames > 0]:
            encoded = self._net.encode(np.stack([clip.window() for clip in pending]))
            if language is None:
                self._detect(pending, encoded)
            for clip, result in zip(pending, self._generate(pending, encoded, beam_size), strict=True):
                self._advance(clip, result)
        return clips

    def _detect(self, clips: Sequence[Transcript], encoded: Any) -> None:
        if all(clip.language for clip in clips):
            return
        for clip, languages in zip(clips, self._net.model.detect_language(encoded), strict=True):
            if clip.language is None:
                if languages[0][1] - languages[1][1] < _CLEAR_LEAD:
                    window = _padded(clip.features[:, :_WINDOW_FRAMES])
                    (languages,) = self._net.model.detect_language(self._net.encode(window))
                token, clip.language_probability = languages[0]
                clip.language = token[2:-2]

    def _generate(self, clips: Sequence[Transcript], encoded: Any, beam_size: int) -> list[Any]:
        tokenizers = [self._tokenizer(clip) for clip in clips]
        results: list[Any] = self._net.model.generate(
            encoded,
            [list(tokenizer.sot_sequence) for tokenizer in tokenizers],
            beam_size=beam_size,
            patience=1,
            length_penalty=1,
            repetition_penalty=1,
            no_repeat_ngram_size=0,
            max_length=_MAX_LENGTH,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=self._module.get_suppressed_tokens(tokenizers[0], [-1]),
            max_initial_timestamp_index=_LATEST_START,
        )
        return results

    def _advance(self, clip: Transcript, result: Any) -> None:
        """Add the segments of a window to its clip, and move on to the next."""
        tokens = result.sequences_ids[0]
        mean_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        start = clip.seek
        if result.no_speech_prob > _NO_SPEECH_LIMIT and mean_logprob <= _LOGPROB_LIMIT:
            clip.seek += clip.window_frames
            return
        tokenizer = self._tokenizer(clip)
        ratio = compression_ratio(tokenizer.decode(tokens).strip()) or 0.0
        pieces, clip.seek = _split(tokens, tokenizer.timestamp_begin, start, clip.window_frames)
        for begin_s, end_s, ids in pieces:
            text = tokenizer.decode(ids)
            if begin_s != end_s and text.strip():
                clip.segments.append(
                    {
                        "start_s": begin_s,
                        "end_s": end_s,
                        "text": text.strip(),
                        "no_speech_prob": result.no_speech_prob,
                        "avg_logprob": mean_logprob,
                        "compression_ratio": ratio,
                    }
                )

    def _tokenizer(self, clip: Transcript) -> Any:
        language = str(clip.language)
        if language not in self._tokenizers:
            net = self._net
            self._tokenizers[language] = self._module.Tokenizer(
                net.hf_tokenizer, net.model.is_multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]


def _padded(features: np.ndarray) -> np.ndarray:
    return np.pad(features, ((0, 0), (0, _WINDOW_FRAMES - features.shape[1])))


def _split(
    tokens: Sequence[int], first_timestamp: int, seek: int, num_frames: int
) -> tuple[list[tuple[float, float, Sequence[int]]], int]:
    """Cut the tokens of a window where two timestamps meet.

    Args:
        tokens: Of the window; from `first_timestamp` on they are times, 20 ms apart.
        first_timestamp: Token of time 0.
        seek: First frame of the window.
        num_frames: Frames of sound in it.

    Returns:
        Start and end in seconds and the tokens of each segment, and the first frame of the next window.
    """
    offset_s = seek * _FRAME_S
    cuts = [i for i in range(1, len(tokens)) if min(tokens[i - 1], tokens[i]) >= first_timestamp]
    if not cuts:
        times = [token for token in tokens if token >= first_timestamp]
        is_timed = bool(times) and times[-1] != first_timestamp
        duration_s = (times[-1] - first_timestamp) * _TOKEN_S if is_timed else num_frames * _FRAME_S
        return [(offset_s, offset_s + duration_s, tokens)], seek + num_frames
    is_complete = len(tokens) >= 2 and tokens[-2] < first_timestamp <= tokens[-1]
    if is_complete:
        next_seek = seek + num_frames
        cuts.append(len(tokens))
    else:  # the segment that was begun belongs to the next window
        next_seek = seek + (tokens[cuts[-1] - 1] - first_timestamp) * _FRAMES_PER_TOKEN
    return list(_pieces(tokens, cuts, first_timestamp, offset_s)), next_seek


def _pieces(
    tokens: Sequence[int], cuts: Sequence[int], first_timestamp: int, offset_s: float
) -> Iterator[tuple[float, float, Sequence[int]]]:
    for begin, end in zip([0, *cuts], cuts, strict=False):
        ids = tokens[begin:end]
        start_s, end_s = (offset_s + (token - first_timestamp) * _TOKEN_S for token in (ids[0], ids[-1]))
        yield start_s, end_s, ids
