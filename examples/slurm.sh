#!/bin/bash
# Explain a set on a SLURM cluster: an array of tasks with one GPU each, then one job that joins the parts and
# makes the site. Run it on a login node:
#
#     bash examples/slurm.sh path/to/gallery.toml path/to/out
#
# N_SHARDS=32 asks for 32 tasks (8 if left out). Every task takes every N-th image, so that tasks are alike.
# All nodes must see both paths; where they share no folder, set GALLERY_STORE=s3://bucket/folder and every
# task writes there. A task that failed or was cut off is submitted again as it was: it computes just what is
# missing. Other batch schedulers need the same two commands: `gallery measure --shard I/N` and, after all of
# them, `gallery merge`.
set -euo pipefail

manifest=$1
out=$2
n=${N_SHARDS:-8}

if [[ -z ${SLURM_JOB_ID:-} ]]; then
    array=$(sbatch --parsable --job-name=gallery --array=1-"$n" --gpus=1 --cpus-per-task=8 --mem=32G \
        --time=04:00:00 "$0" "$@")
    # afterany, not afterok: an image that could not be finished makes its task fail, but not the gallery.
    # A shard that is missing altogether is named by `gallery merge`.
    sbatch --job-name=gallery-merge --dependency=afterany:"$array" --cpus-per-task=4 --mem=16G \
        --time=04:00:00 "$0" "$@"
elif [[ -n ${SLURM_ARRAY_TASK_ID:-} ]]; then
    gallery measure "$manifest" --out "$out" --shard "$SLURM_ARRAY_TASK_ID/$n"
else
    gallery merge --set "$manifest" --out "$out" || [[ $? -eq 1 ]] # 1: joined, but some images failed
    gallery render "$manifest" --out "$out"
    gallery publish "$manifest" --out "$out"
fi
