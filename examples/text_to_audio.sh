#!/bin/sh
# Text to audio: two checkpoints over the same captions, their table, and whether they differ.
#
#     sh text_to_audio.sh captions.csv ref/ before/ after/
#
# captions.csv has a column of file names and one of captions, as AudioCaps' own tables do.
set -eu
captions=$1 reference=$2 before=$3 after=$4
preset=${PRESET:-t2a}
for system in "$before" "$after"; do
  avmeter score "$system" --reference "$reference" --prompts "$captions" --preset "$preset" \
    --weights "${WEIGHTS:-auto}" --out "runs/$(basename "$system")"
done
avmeter table "runs/$(basename "$before")" "runs/$(basename "$after")" --format markdown
avmeter compare "runs/$(basename "$before")" "runs/$(basename "$after")"
