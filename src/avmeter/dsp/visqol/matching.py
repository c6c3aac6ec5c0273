"""For each patch of the reference the part of the other sound that it became: in order, then to the sample.

The best series of places is found by dynamic programming over all frames within reach: places ascend, and their
similarities sum to the most. A patch for which no place makes the sum larger is lost, as packets are. Each pair is then
aligned once more by its waveforms, and the better of both similarities counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avmeter.dsp.visqol.alignment import aligned
from avmeter.dsp.visqol.gammatone import FilterBank, FloatArray, in_decibels
from avmeter.dsp.visqol.nsim import Smoothed, similarity

REACH_IN_PATCHES = 60
_AT_ONCE = 256  # places whose patches are compared together


@dataclass(frozen=True, kw_only=True)
class Match:
    """A patch of the reference and what it was found to be.

    Attributes:
        band_means: Similarity of each band, (bands,).
        start_s, end_s: Of the patch in the reference.
        generated_start_s: Where it was found.
        is_lost: Nothing was found; its similarities are 0.
    """

    band_means: FloatArray
    start_s: float
    end_s: float
    generated_start_s: float
    is_lost: bool = False

    @property
    def similarity(self) -> float:
        """Mean over bands."""
        return float(self.band_means.mean())


def match_patches(
    reference: FloatArray, generated: FloatArray, starts: Sequence[int], *, patch_length: int, bank: FilterBank
) -> list[Match]:
    """Return a match for each patch of the reference that begins before the generated side ends.

    Args:
        reference: Spectrogram (bands, frames), decibels.
        generated: Likewise, of any number of frames.
        starts: First frames of patches of the reference, ascending.
        patch_length: Frames of a patch.
        bank: Of both.
    """
    num_frames = generated.shape[1]
    starts = [start for start in starts if start - patch_length // 2 <= num_frames]
    if not starts:
        return []
    padded = np.pad(generated, ((0, 0), (0, patch_length - 1)))
    places = np.lib.stride_tricks.sliding_window_view(padded, patch_length, axis=1).transpose(1, 0, 2)
    patches = np.stack([reference[:, start : start + patch_length] for start in starts])
    reach = REACH_IN_PATCHES * patch_length
    spans = [range(max(0, start - reach), min(num_frames - 1, start + reach) + 1) for start in starts]
    chosen = _best_path(_similarities(patches, places, spans), spans, num_frames)
    matches = []
    for start, patch, (place, is_lost) in zip(starts, patches, chosen, strict=True):
        found = similarity(Smoothed.of(patch), Smoothed.of(places[place]))
        start_s = start * bank.hop_s
        matches.append(
            _match(
                found,
                start_s=start_s,
                end_s=start_s + bank.hop_s * patch_length,
                generated_start_s=place * bank.hop_s,
                is_lost=is_lost,
            )
        )
    return matches


def realign(match: Match, reference: FloatArray, generated: FloatArray, bank: FilterBank) -> Match:
    """Return the match after the waveforms of its patches were aligned, if that is no worse.

    Args:
        match: Of spectrograms.
        reference: Waveform (N,).
        generated: Waveform (M,), at the level of the reference.
        bank: Of the spectrograms.
    """
    if match.is_lost:
        return match
    duration_s = match.end_s - match.start_s
    generated_end_s = match.generated_start_s + duration_s
    sides = (
        _slice(reference, match.start_s, match.end_s, bank.sample_rate),
        _slice(generated, match.generated_start_s, generated_end_s, bank.sample_rate),
    )
    x, y, lag = aligned(*sides)
    if len(x) <= bank.frame_length:
        return match
    patch, other = in_decibels(bank.spectrogram(x), bank.spectrogram(y))
    lag_s = lag / bank.sample_rate
    start_s = match.start_s + max(lag_s, 0.0)
    better = _match(
        similarity(Smoothed.of(patch), Smoothed.of(other)),
        start_s=start_s,
        end_s=start_s + len(x) / bank.sample_rate,
        generated_start_s=match.generated_start_s + max(-lag_s, 0.0),
    )
    return match if better.similarity < match.similarity else better


def _match(
    found: FloatArray,
    *,
    start_s: float,
    end_s: float,
    generated_start_s: float,
    is_lost: bool = False,
) -> Match:
    means = found.mean(axis=1)
    return Match(
        band_means=np.zeros_like(means) if is_lost else means,
        start_s=start_s,
        end_s=end_s,
        generated_start_s=generated_start_s,
        is_lost=is_lost,
    )


def _similarities(patches: FloatArray, places: FloatArray, spans: Sequence[range]) -> list[FloatArray]:
    """Return the similarity of each patch (bands, frames) to every place within its span."""
    found = [np.empty(len(span)) for span in spans]
    references = [Smoothed.of(patch) for patch in patches]
    for start in range(0, len(places), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(places))
        block = Smoothed.of(places[start:stop])
        for reference, span, values in zip(references, spans, found, strict=True):
            low, high = max(start, span.start), min(stop, span.stop)
            if low < high:
                part = slice(low - start, high - start)
                inside = Smoothed(patches=block.patches[part], means=block.means[part], variances=block.variances[part])
                values[low - span.start : high - span.start] = similarity(reference, inside).mean(axis=(1, 2))
    return found


def _best_path(similarities: Sequence[FloatArray], spans: Sequence[range], num_frames: int) -> list[tuple[int, bool]]:
    """Return the place of each patch, and whether the patch is lost: it adds nothing at the place of the one before."""
    sums = np.zeros(num_frames)
    before: list[npt.NDArray[np.int64]] = []
    for number, (values, span) in enumerate(zip(similarities, spans, strict=True)):
        here, origin = np.array(span), np.full(len(span), -1)
        total = values.copy()
        if number:
            lowest = spans[number - 1].start
            best = np.maximum.accumulate(sums[lowest:])
            latest = np.maximum.accumulate(np.where(sums[lowest:] == best, np.arange(lowest, num_frames), -1))
            follows = here > lowest
            total = np.where(follows, total + best[np.maximum(here - 1 - lowest, 0)], -np.inf)
            origin = np.where(follows, latest[np.maximum(here - 1 - lowest, 0)], -1)
            stays = sums[here] > total
            total, origin = np.where(stays, sums[here], total), np.where(stays, here, origin)
        sums = np.zeros(num_frames)
        sums[here] = total
        before.append(origin)
    place = spans[-1].start + int(np.argmax(sums[spans[-1].start : spans[-1].stop]))
    path = []
    for span, origin in zip(reversed(spans), reversed(before), strict=True):
        previous = int(origin[place - span.start])
        path.append((place, previous == place))
        place = previous
    return path[::-1]


def _slice(waveform: FloatArray, start_s: float, end_s: float, sample_rate: int) -> FloatArray:
    """Return part of a waveform; what is missing of it at the end is silence, in front as published."""
    part = waveform[max(0, int(start_s * sample_rate)) : min(len(waveform) - 1, int(end_s * sample_rate))]
    missing = end_s * sample_rate - len(waveform)
    return np.concatenate([np.zeros(int(missing)), part]) if missing > 0 else part
