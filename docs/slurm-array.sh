#!/bin/sh
# Score one set with eight tasks of a Slurm array, and merge them when all are done:
#
#     job=$(sbatch --parsable --array=1-8 slurm-array.sh set.csv run/)
#     sbatch --dependency=afterok:$job --wrap "avmeter merge run/ --out run/merged"
#
#SBATCH --job-name=avmeter
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=8
#SBATCH --signal=TERM@30
set -eu
inputs=$1
out=$2
# Features on the node's own disk; with a folder that all nodes see, a task that is run again finds them from anywhere.
store=${AVMETER_STORE:-${TMPDIR:-/tmp}/avmeter-store}
exec avmeter score "$inputs" --metrics "${METRICS:-audio,av}" --shard auto --out "$out/{shard}" --store "$store"
