"""Text to video with sound (LTX-2): the seven metrics of a clip, and whether each reacts to nine known damages.

    python ltx2_audio_eval.py output.mp4 --prompt "Two people argue in a backyard." --reference-text "What is said."

The clip is what a pipeline has written, such as FastVideo's `generator.generate_video(prompt, output_path=...)`. The
Fréchet distance needs several, of one prompt. Without a clip a spoken sentence is rendered.

Weights are stand-ins, which any machine can run and whose scores mean nothing. `--weights auto` takes published ones,
installed or fetched before (`avmeter weights fetch --preset fastvideo`); `--weights FOLDER` those of a folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from avmeter import Evaluator
from avmeter.demo.scenes import render_clips
from avmeter.presets import load_preset
from avmeter.report.stress_page import print_experiment, write_experiment
from avmeter.report.table import print_run
from avmeter.stress.experiment import parse_variants, run_experiment
from avmeter.stress.fallbacks import with_fallbacks
from avmeter.weights import WeightsSource


def samples_of(given: argparse.Namespace) -> list[dict[str, Any]]:
    """The clips with their texts; without clips a spoken sentence that is rendered."""
    if not given.clips:
        return render_clips(given.out.with_name(f"{given.out.name}-clips"))[:1]
    texts = {"text_prompt": given.prompt, "reference_text": given.reference_text}
    known = {key: text for key, text in texts.items() if text is not None}
    return [{"video": str(clip), **known} for clip in given.clips]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--prompt")
    parser.add_argument("--reference-text")
    parser.add_argument("--metrics", default=",".join(c.name for c in load_preset("fastvideo").metrics))
    parser.add_argument("--weights", default="dummy")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("runs/ltx2"))
    given = parser.parse_args()

    samples = samples_of(given)
    options, changed = with_fallbacks(given.metrics, {}, WeightsSource.parse(given.weights))
    evaluator = Evaluator(given.metrics, given.device, weights=given.weights, options=options, store=True)
    print_run(evaluator.evaluate(samples))
    # The clip as it is stands in for the reference of its own damages.
    experiment = run_experiment(samples, evaluator, given.out, variants=parse_variants("seed"), fallbacks=changed)
    print_experiment(experiment)
    print(f"page: {write_experiment(experiment, given.out, title='LTX-2')}")


if __name__ == "__main__":
    main()
