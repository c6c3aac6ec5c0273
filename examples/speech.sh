#!/bin/sh
# Speech: word error rate, speaker similarity and quality of spoken lines, from weights in a folder of your own.
#
#     WEIGHTS=/data/weights sh speech.sh lines.csv
#
# lines.csv has a row per utterance: wav_path, transcript, and speaker_prompt (the voice to be cloned). Recognisers other
# than Whisper large-v3: WHISPER=base.
set -eu
lines=$1
avmeter score "$lines" --preset tts --set "audio.wer.model_name=${WHISPER:-large-v3}" \
  --weights "${WEIGHTS:-auto}" --out runs/speech
avmeter table runs/speech --format markdown --intervals
