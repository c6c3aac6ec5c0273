#!/bin/sh
# A large set in parts, each in a process of its own, then one run of all; a job array runs the line in the loop.
#
#     PARTS=8 sh cluster.sh set.csv run/
#
# Under Slurm, docs/slurm-array.sh does the same; on a Ray cluster, docs/ray-cluster.sh.
set -eu
inputs=$1 out=$2 parts=${PARTS:-2}
workers=""
for part in $(seq "$parts"); do
  avmeter score "$inputs" --metrics "${METRICS:-audio,av}" --shard "$part/$parts" --out "$out/{shard}" &
  workers="$workers $!"
done
for worker in $workers; do
  wait "$worker"
done
avmeter merge "$out" --out "$out/merged"
