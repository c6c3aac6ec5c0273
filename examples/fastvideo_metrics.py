"""FastVideo's 36 metrics over clips and what an encoder makes of them: the whole list, each a score or what it needs.

    python fastvideo_metrics.py clips/*.mp4 --seconds 2

Every clip is encoded once more with x264 at a constant rate factor of 35; the clip itself is the reference. Networks
whose weights are not on this machine, and judges without an endpoint, are skips that say so: nothing is a stand-in.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import av

import avmeter.fastvideo as eval
from avmeter.fastvideo.names import fastvideo_names
from avmeter.media.container import create_container, open_container


def encode(clip: Path, target: Path, *, crf: str, seconds: float) -> Path:
    """Write the first seconds of a clip: its picture by x264, its sound as it is read, by AAC."""
    with open_container(clip) as source, create_container(target) as out:
        picture = source.streams.video[0]
        encoded = out.add_stream("libx264", rate=picture.average_rate, options={"crf": crf})
        encoded.width, encoded.height, encoded.pix_fmt = picture.width, picture.height, "yuv420p"
        sound = source.streams.audio[0] if source.streams.audio else None
        heard = out.add_stream("aac", rate=sound.rate, layout=sound.layout.name) if sound is not None else None
        for frame in source.decode(*(stream for stream in (picture, sound) if stream is not None)):
            if frame.time is not None and frame.time >= seconds:
                continue
            if isinstance(frame, av.VideoFrame):
                out.mux(encoded.encode(frame.reformat(format="yuv420p")))
            elif heard is not None:
                out.mux(heard.encode(frame))
        out.mux([*encoded.encode(None), *(heard.encode(None) if heard is not None else ())])
    return target


def pairs_of(clips: list[Path], folder: Path, *, crf: str, seconds: float) -> list[dict[str, Any]]:
    """Samples: a clip encoded badly, and encoded well as its reference."""
    samples = []
    for clip in clips:
        reference = encode(clip, folder / f"{clip.stem}-reference.mp4", crf="12", seconds=seconds)
        generated = encode(clip, folder / f"{clip.stem}.mp4", crf=crf, seconds=seconds)
        texts = {"text_prompt": "a person is riding a bike", "reference_text": "hello"}
        info = {"object": "person", "color": "red", "scene": "street"}
        samples.append({"video": str(generated), "reference": str(reference), "auxiliary_info": info, **texts})
    return samples


def print_row(name: str, results: list[Any], seconds: float) -> None:
    """One line: scores of the clips or of the set, or the first reason why there are none."""
    scores = [result.score for result in results if result.score is not None]
    skips = [result.skip for result in results if result.skip is not None]
    shown = ", ".join(f"{score:.4f}" for score in scores) or f"{skips[0].code}: {skips[0].reason}"
    print(f"{name:38} {seconds:7.1f} s  {shown}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--crf", default="35")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--metrics", nargs="*", default=list(fastvideo_names()))
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what is not here is in the table
        samples = pairs_of(given.clips, Path(folder), crf=given.crf, seconds=given.seconds)
        for name in given.metrics:
            began = time.perf_counter()
            evaluator = eval.create_evaluator(metrics=[name], device=given.device)
            found = evaluator.evaluate(samples=samples)
            of_clips = [result for row in found for result in row.values()]
            print_row(name, of_clips or list(found.corpus.values()), time.perf_counter() - began)
            evaluator.unload()


if __name__ == "__main__":
    main()
