#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Restores a plan by eight jobs: sbatch slurm.sh /archive/plan
#
# The plan and the clips lie where all nodes reach them under one name. Submitted again, it does
# what is left.
#SBATCH --job-name=ud2m-batch
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --gpus-per-task=1
#SBATCH --ntasks=1
#SBATCH --time=04:00:00
set -euo pipefail
plan=${1:?name the folder of the plan: sbatch slurm.sh /archive/plan}
exec ud2m batch run "$plan" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
