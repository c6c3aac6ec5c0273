#!/bin/sh
# Video to audio: MMAudio's table of your systems, in LaTeX.
#
#     sh video_to_audio.sh ref/ captions.csv ours/ baseline/
#
# ref/ has the real clips with their video; each system has a folder with clips of the same names, sound or video.
set -eu
reference=$1 captions=$2
shift 2
preset=${PRESET:-v2a}
for system in "$@"; do
  avmeter score "$system" --reference "$reference" --prompts "$captions" --preset "$preset" \
    --weights "${WEIGHTS:-auto}" --out "runs/$(basename "$system")"
done
avmeter table runs/* --format latex --significance
