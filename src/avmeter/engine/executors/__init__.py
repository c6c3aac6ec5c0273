"""From samples to scores: executors differ in where a chunk of samples runs, and in nothing else."""
