#!/bin/bash
# An array of 16 tasks shares a folder of images:
#
#   sbatch examples/slurm/transform.sh in out
#   sbatch --array=0-63 examples/slurm/transform.sh in out    # 64 tasks: nothing else changes
#
# Folders must be on a file system that every node sees.

#SBATCH --job-name=neighbor-product
#SBATCH --array=0-15
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=2G
#SBATCH --time=04:00:00
#SBATCH --output=neighbor-product-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
# 120 seconds before the time limit: images under way finish, and the task goes back into the queue.
#SBATCH --signal=TERM@120

set -u

if (($# != 2)); then
  echo "usage: sbatch transform.sh <folder> <output folder>" >&2
  exit 2
fi

# Slurm signals the step. This shell outlives it, to read its exit code.
trap : TERM

# Since Slurm 22.05 srun does not take over --cpus-per-task.
srun --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \
  neighbor-product "$1" -o "${2%/}/" --shard auto --skip-existing --json
code=$?

# 75: worth a retry. 143: SIGTERM, because the time limit is near, or because the job was cancelled or preempted. A task
# that is cancelled is no longer RUNNING and stays cancelled; one that is preempted is requeued by Slurm.
case $code in
75 | 143)
  restarts=${SLURM_RESTART_COUNT:-0}
  state=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T)
  if [[ $state == RUNNING ]] && ((restarts < 10)); then
    echo "Exit code $code: back into the queue after $restarts restarts." >&2
    scontrol requeue "$SLURM_JOB_ID"
  fi
  ;;
esac
exit "$code"
