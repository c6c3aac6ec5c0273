"""LSE-C: how sure is SyncNet that lips and speech belong together, at the offset where they fit best?

    median over 31 shifts of the mean distance of embeddings, less the least of them

Faces are found at 25 frames a second, followed within a shot, smoothed and cut out; each 5 frames of one, and the
0.2 s of sound beside them, are a vector. Sound is shifted by up to 15 frames either way. Of several faces the one with
the highest confidence counts: the one that speaks. Beside the score stand LSE-D, the offset (above 0: the sound is
early), what the detector saw, and the mean distance at every shift. Known to move with frame rate, crop and detector,
and with music or noise under the voice: compare systems that were scored alike, and give the offset beside it.

The detector of the published program is S3FD. BlazeFace, `av.lip_sync@blazeface`, is there for machines that lack its
weights: its boxes have other edges, so that crops and scores do not compare with S3FD's; and it takes some animals for
people, with scores under 0.7. The video is decoded twice, since a face is cut out by boxes before and after it.

LatentSync's own evaluation, which T2AV-Compass and VABench took over, has the same network and weights, detector, crop
and shifts: `av.lip_sync@latentsync`. It takes faces from 2 s on, where the other program wants 4, and the mean over all
faces, also of those that do not speak, with the offset cut off to whole frames. The sound of each face goes through AAC
there and does not here. StableSyncNet, the network that LatentSync is trained with, is another one and judges nothing.

A good value: that of real clips of the same kind; published systems report 5 to 8, and speech over the lips of another
1 or less.
Not seen: an offset as such, which the least distance is taken at; whether words and voice are right; faces under 100
pixels, from the side, or seen for less than 4 s (2 s); nobody speaking, which scores as badly as speech that does not
fit.

Source: Chung and Zisserman, "Out of time: automated lip sync in the wild" (2016), with the program and the weights of
joonson/syncnet_python; named LSE-C and LSE-D by Prajwal et al., "A Lip Sync Expert Is All You Need" (2020).
"""

from __future__ import annotations

from avmeter.metrics.lip_sync_metric import LipSyncMetric
from avmeter.registry import register
from avmeter.stats.lip_offset import LipOffset


@register("av.lip_sync")
class LipSync(LipSyncMetric):
    """Confidence of SyncNet, LSE-C; higher is better."""

    direction = "higher"
    range = (0.0, None)

    def value(self, found: LipOffset) -> float:
        return found.confidence
